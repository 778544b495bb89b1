//! crawldeck.
fn main() {}
