//! Plain values that know nobody: the identities and states that every room speaks of.

pub mod ids;
pub mod page_state;
pub mod redirect_hop;
pub mod url_identity;
