//! Who may be connected to: the public internet, and the private addresses that seeds stand on.
//!
//! A page must not be able to send the crawler into the network it runs in, neither by a literal
//! address nor by a name that leads to one, whatever the name server says the second time. So
//! names are resolved here and only what may be connected to is handed to the HTTP client;
//! a literal address never passes a resolver and is judged before the request.
//!
//! Through a proxy (but `socks5`) names are resolved by the proxy: what they lead to cannot be
//! seen from here, only literal addresses can, and names that mean the same everywhere.

mod policy;
mod resolver;
mod seeds;
#[cfg(test)]
mod tests;

pub(super) use policy::{AddressPolicy, Unresolved, refused};
pub(super) use resolver::Resolver;
