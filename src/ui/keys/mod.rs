//! The key table, and what is read from it: dispatch, help, footer and the documentation.
//!
//! ```text
//! key_map      the keys of a run: table, preset, the user's choices
//!   preset       keys for other keyboards
//!   clash        what a set of keys must be
//!   key_text     keys as text
//! lookup       from a key press to its action, from an action to its key
//! listing, markdown   the table as people read it
//! table ── binding    the actions with their standard keys
//! ```

mod binding;
mod clash;
mod key_map;
mod key_text;
mod listing;
mod lookup;
#[cfg(feature = "internals")]
mod markdown;
mod preset;
mod table;

#[cfg(feature = "internals")]
pub use self::{markdown::keys_table_markdown, table::KEYS};
pub use binding::{Binding, BoundKey, KeyContext, KeyGroup};
pub use key_map::{KeyMap, check_choice};
pub use listing::names;
pub use lookup::turning;
pub use table::TEN_TIMES;
