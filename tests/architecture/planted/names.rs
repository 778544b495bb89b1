//! The module tree and the names in it.

use super::Planted;
use crate::type_names::defined_twice;

#[test]
fn a_module_file_is_found_where_rust_looks_for_it() {
    let house = Planted::new(&[
        ("src/top.rs", "pub mod below; #[path = \"elsewhere/odd.rs\"] pub mod named;"),
        ("src/top/below.rs", "pub mod inner { pub mod far; }"),
        ("src/top/below/inner/far.rs", "pub fn go() {}"),
        ("src/elsewhere/odd.rs", "mod beside;"),
        ("src/elsewhere/beside.rs", "use crate::top::below::inner::far::go;"),
    ]);
    assert_eq!(house.tree.problems, [""; 0]);
    assert_eq!(house.arrows(), ["top::named::beside -> top::below::inner::far"]);
}

#[test]
fn a_file_without_module_and_a_module_without_file_are_named() {
    let house = Planted::new(&[("src/top.rs", "\nmod gone;"), ("src/stray.rs", "")]);
    assert_eq!(
        house.tree.problems,
        [
            "src/top.rs:2: no file for module gone",
            "src/stray.rs: no `mod` declaration leads to this file",
        ]
    );
}

#[test]
fn a_file_that_is_no_rust_is_named() {
    let house = Planted::new(&[("src/top.rs", "fn f( {}")]);
    assert!(house.tree.problems[0].starts_with("src/top.rs:1: "), "{:?}", house.tree.problems);
}

/// A function and a module of one name are distinguished by what follows.
#[test]
fn a_module_and_a_function_share_a_name() {
    let house = Planted::new(&[
        ("src/mid/mod.rs", "mod go; use go::go; fn f() { go(); go::other(); }"),
        ("src/mid/go.rs", "pub fn go() {} pub use crate::low::other;"),
        ("src/low.rs", "pub fn other() {}"),
    ]);
    assert_eq!(house.arrows(), ["mid -> low", "mid -> mid::go"]);
}

#[test]
fn imports_that_lead_to_themselves_end() {
    let house = Planted::new(&[
        ("src/top.rs", "pub use crate::mid::*; fn f() { Missing::new() }"),
        ("src/mid.rs", "pub use crate::top::*; pub use crate::low::Name as Name;"),
        ("src/low.rs", "pub use crate::mid::Name;"),
    ]);
    assert_eq!(house.circles(), [""; 0]);
}

#[test]
fn a_glob_passes_on_no_private_import() {
    let house = Planted::new(&[
        ("src/top.rs", "use crate::mid::*; fn f() { Value::new() }"),
        ("src/mid.rs", "use crate::low::Value;"),
        ("src/low.rs", "pub struct Value;"),
    ]);
    assert_eq!(house.arrows(), ["mid -> low"]);
}

#[test]
fn a_variant_belongs_to_its_enum() {
    let house = Planted::new(&[
        ("src/top.rs", "use crate::mid::One; fn f() { use crate::mid::Kind as K; m!(K::One) }"),
        ("src/mid.rs", "pub use crate::low::Kind; pub use Kind::*;"),
        ("src/low.rs", "pub enum Kind { One }"),
    ]);
    assert_eq!(house.arrows(), ["top -> low"]);
}

#[test]
fn a_type_is_defined_twice() {
    let house = Planted::new(&[
        ("src/top.rs", "struct Twice; struct Once; #[cfg(test)] mod t { struct Once; }"),
        ("src/mid.rs", "\nmod inner { type Twice = u8; } fn f() { struct Once; }"),
        ("src/low.rs", "#[cfg(unix)] struct Here; #[cfg(not(unix))] struct Here;"),
    ]);
    let twice = "Twice is defined 2 times: src/top.rs:1, src/mid.rs:2";
    assert_eq!(defined_twice(&house.tree, &[]), [twice]);
    assert_eq!(defined_twice(&house.tree, &[("Twice", "a reason")]), [""; 0]);
    let stale = "Once: remove it from SAME_NAME";
    assert_eq!(defined_twice(&house.tree, &[("Twice", "a reason"), ("Once", "")]), [stale]);
}

#[test]
fn like_named_files_of_the_stores_share_names() {
    let files = |second: &'static str| {
        Planted::new(&[
            ("src/lib.rs", "mod store;"),
            ("src/store/mod.rs", "mod sqlite; mod mysql;"),
            ("src/store/sqlite/mod.rs", "mod read;"),
            ("src/store/sqlite/read.rs", "struct Rows;"),
            ("src/store/mysql/mod.rs", if second == "read" { "mod read;" } else { "mod other;" }),
            (
                if second == "read" {
                    "src/store/mysql/read.rs"
                } else {
                    "src/store/mysql/other.rs"
                },
                "struct Rows;",
            ),
        ])
    };
    assert_eq!(defined_twice(&files("read").tree, &[]), [""; 0]);
    assert_eq!(defined_twice(&files("other").tree, &[]).len(), 1);
}
