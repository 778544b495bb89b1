//! Which addresses may be connected to: public ones, and the private addresses of the seeds.
//!
//! A page must not be able to send the crawler into its own network, neither by a literal address
//! nor by a name that resolves to one, not even when a second DNS response differs from the first. So names are
//! resolved here, and only allowed addresses are passed to the HTTP client. A literal address never
//! passes a resolver, so it is checked before the request.
//!
//! Except for `socks5`, a proxy resolves names itself, so their addresses are not known here; only
//! literal addresses, and names that mean the same on every resolver, are checked then.

mod policy;
mod resolver;
mod seeds;
#[cfg(test)]
mod tests;

pub(super) use policy::{AddressPolicy, NoThread, Unresolved, refused};
pub(super) use resolver::Resolver;
