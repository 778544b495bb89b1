//! Plain values without dependencies on other rooms: identities and states that all rooms use.

pub mod ids;
pub mod page_state;
pub mod redirect_hop;
pub mod url_identity;
