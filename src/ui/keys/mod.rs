//! The key table, and what is read from it: dispatch, help, footer and the documentation.

mod binding;
mod listing;
mod lookup;
mod table;

pub use binding::{Binding, BoundKey, KeyContext, KeyGroup};
pub use listing::{help_lines, keys_table_markdown, names, panel_hints};
pub use lookup::{action_for, advice, name_of, turning};
pub use table::{KEYS, TEN_TIMES, TYPED};
