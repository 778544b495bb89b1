//! Puts the addresses of a name in the order in which they answer, so that a silent one delays one
//! connection and not each (RFC 8305).
//!
//! The HTTP client tries the addresses of one family one after the other, each for its share of the time
//! limit, and begins anew with each connection; its connector cannot be told otherwise. So the addresses
//! of a name that has several are raced here: a TCP connection to each, 250 ms apart or as soon as the
//! one before is refused, all closed when one of them is open. That address is then the first for ten
//! minutes, or until a connection fails or is slow. The price is one connection without a request for
//! such a name in that time, and a round trip for the first request.
//!
//! Which addresses are allowed was decided before: this module connects to nothing else.

mod race;
mod watch;

pub(super) use race::{AddressRace, ConnectTarget, to_host_of};
pub(super) use watch::WatchLayer;
