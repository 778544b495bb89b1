//! Promise: dependencies point downwards only, no two modules import each other, and the source
//! keeps to its sizes.
//!
//! The source is read as text and parsed; nothing of the crate is run. What the layout allows is
//! data, in `rules.rs`. The tests of `the_tree` judge this package, one rule a test; those of
//! `planted` judge sources made up for them, so that every rule is seen to fail. How a path counts is
//! given in `imports.rs`, how names are followed through re-exports in `resolve.rs`. Calls of methods
//! are not seen: the import of the type is.
//!
//! To read everything that the rules object to, how many public items each module has, and every
//! import with the module it leads to (`(>)`: it counts for the order of rooms only):
//!
//! ```text
//! cargo test --test architecture -- --ignored print_violations --nocapture
//! cargo test --test architecture -- --ignored print_public_items --nocapture
//! cargo test --test architecture -- --ignored print_imports --nocapture
//! ```
//!
//! `CRAWLDECK_SOURCE_ROOT` lets these read another checkout.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests fail by panicking"
)]

mod attributes;
mod circles;
mod extract;
mod facts;
mod functions;
mod imports;
mod layers;
mod planted;
mod resolve;
mod rules;
mod sizes;
mod sources;
mod stores;
mod the_tree;
mod tokens;
mod tree;
mod type_names;
