//! The key table, and what is read from it: dispatch, help, footer and the documentation.

mod binding;
mod listing;
mod lookup;
#[cfg(feature = "internals")]
mod markdown;
mod table;

#[cfg(feature = "internals")]
pub use self::{binding::BoundKey, markdown::keys_table_markdown};
pub use binding::{Binding, KeyContext, KeyGroup};
pub use listing::{help_lines, names, panel_hints};
pub use lookup::{action_for, advice, name_of, turning};
pub use table::{KEYS, TEN_TIMES};
