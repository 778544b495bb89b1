//! Imports that go up, in every way to write one; what only looks like an import.

use super::Planted;
use crate::layers::{self, Layers};

const TOP: &str = "pub struct High; impl High { pub const N: u8 = 1; } pub fn call() {} \
                   pub mod deep { pub struct Deep; pub fn go() {} } pub enum Kind { One, Two }";

/// A house in which `low` says `text`, below the `top` of [`TOP`].
fn low(text: &str) -> Planted {
    Planted::new(&[("src/top.rs", TOP), ("src/low.rs", text)])
}

#[track_caller]
fn goes_up(text: &str) {
    let wrong = low(text).up();
    assert_eq!(wrong.len(), 1, "{text}: {wrong:?}");
    assert!(wrong[0].starts_with("src/low.rs:1: "), "{wrong:?}");
    assert!(wrong[0].ends_with("goes up: top stands above low"), "{wrong:?}");
}

#[track_caller]
fn is_fine(text: &str) {
    let wrong = low(text).up();
    assert!(wrong.is_empty(), "{text}: {wrong:?}");
}

#[test]
fn an_import_goes_up() {
    goes_up("use crate::top::High;");
    goes_up("use super::top::High;");
    goes_up("use crate::{low as own, top::High};");
    goes_up("use std::fmt; use crate::{top::{deep::{Deep as D}}};");
    goes_up("use crate::top::*;");
    goes_up("use crate::top;");
    goes_up("pub use crate::top::High;");
    goes_up("pub(crate) use crate::top::Kind::One;");
    goes_up("fn f() { use crate::top::call; call(); }");
    goes_up("pub mod inner { use super::super::top::High; }");
    goes_up("use crawldeck::top::High;");
    goes_up("use ::crawldeck::top::High;");
}

#[test]
fn an_import_by_super_super_goes_up() {
    let house = Planted::new(&[
        ("src/top.rs", TOP),
        ("src/low/mod.rs", "mod a;"),
        ("src/low/a.rs", "\nuse super::super::top::High;"),
    ]);
    let why = "use super::super::top::High (defined in top) goes up: top stands above low";
    assert_eq!(house.up(), [format!("src/low/a.rs:2: {why}")]);
}

#[test]
fn a_qualified_path_goes_up() {
    goes_up("fn f() { crate::top::call(); }");
    goes_up("fn f() { let _ = super::top::High::N; }");
    goes_up("fn f(_: &[Option<super::top::High>]) {}");
    goes_up("struct S { field: crate::top::High }");
    goes_up("impl From<crate::top::High> for u8 {}");
    goes_up("fn f(x: u8) { match x { crate::top::High::N => {}, _ => {} } }");
    goes_up("fn f() { let _ = <u8 as crate::top::High>::new(); }");
    goes_up("type T = dyn Fn() -> self::super::top::High;");
}

#[test]
fn a_path_inside_of_a_macro_goes_up() {
    goes_up(r#"fn f() { format!("{}", super::top::call()); }"#);
    goes_up("fn f() { tokio::select! { () = async {} => { crate::top::deep::go() } } }");
    goes_up("macro_rules! m { () => { $crate::top::call() } }");
    goes_up("fn f() { m!(x..crate::top::High::N); }");
    goes_up("fn f() { m! { use crate::{low, top::High}; } }");
}

#[test]
fn a_path_in_an_attribute_goes_up() {
    goes_up(r#"struct S { #[serde(with = "crate::top::deep")] x: u8 }"#.replace("deep", "call").as_str());
    goes_up(r#"struct S { #[serde(default = "super::top::High::new")] x: u8 }"#);
    goes_up("struct S { #[arg(value_parser = crate::top::call)] x: u8 }");
    goes_up(r#"m! { struct S { #[serde(default = "crate::top::call")] x: u8 } }"#);
}

#[test]
fn a_renamed_import_goes_up_where_it_stands_and_where_it_is_used() {
    let wrong =
        low("use crate::top as t;\nfn f() {\n t::call(); }\nfn g() { m!(t::deep::go()) }").up();
    let places: Vec<&str> = wrong.iter().filter_map(|line| line.split(": ").next()).collect();
    assert_eq!(places, ["src/low.rs:1", "src/low.rs:3", "src/low.rs:4"], "{wrong:?}");
}

#[test]
fn a_chain_of_reexports_leads_to_the_definition() {
    let house = Planted::new(&[
        ("src/lib.rs", "mod top; mod mid; mod low; pub use top::Name;"),
        ("src/top/mod.rs", "mod a; pub use self::a::*;"),
        ("src/top/a/mod.rs", "mod b; pub use b::Inner as Name;"),
        ("src/top/a/b.rs", "pub struct Inner;"),
        ("src/mid.rs", "use crate::Name;"),
        ("src/low.rs", "use crate::top::Name;"),
    ]);
    let why = "(defined in top::a::b) goes up: top stands above";
    let wrong = house.up();
    assert!(wrong.contains(&format!("src/mid.rs:1: use crate::Name {why} mid")), "{wrong:?}");
    assert!(wrong.contains(&format!("src/low.rs:1: use crate::top::Name {why} low")), "{wrong:?}");
    assert_eq!(house.arrows(), ["low -> top::a::b", "mid -> top::a::b"]);
}

/// What is defined below but fetched from a room above makes that room a dependency.
#[test]
fn a_path_through_a_room_above_goes_up() {
    let house = Planted::new(&[
        ("src/top.rs", "pub use crate::low::Value;"),
        ("src/mid.rs", "use crate::top::Value;"),
        ("src/low.rs", "pub struct Value;"),
    ]);
    let why = "use crate::top::Value (passed on by top) goes up: top stands above mid";
    assert_eq!(house.up(), [format!("src/mid.rs:1: {why}")]);
    assert_eq!(house.arrows(), ["mid -> low"]);
}

#[test]
fn the_programs_stand_above_the_library() {
    let house = Planted::new(&[
        ("src/bin/crawldeck/main.rs", "mod run; use crawldeck::top::High; fn main() { run::go() }"),
        ("src/bin/crawldeck/run.rs", "pub fn go() { crawldeck::low::go(); crate::main() }"),
        ("src/top.rs", "pub struct High;"),
        ("src/low.rs", "pub fn go() {}"),
    ]);
    assert_eq!(house.up(), [""; 0]);
    assert_eq!(
        house.arrows(),
        ["bin -> bin::run", "bin -> top", "bin::run -> bin", "bin::run -> low"]
    );
    assert_eq!(house.circles().len(), 2);
}

#[test]
fn rooms_of_one_level_do_not_import_each_other() {
    let house = Planted::new(&[
        ("src/lib.rs", "mod a; mod b;"),
        ("src/a.rs", "use crate::b::B;"),
        ("src/b.rs", "pub struct B;"),
    ]);
    let layers = Layers { within: "", levels: &[&["a", "b"]], table: "ROOMS" };
    let why = "use crate::b::B (defined in b) goes sideways: a and b stand on one level";
    assert_eq!(layers.check(&house.tree, &house.edges), [format!("src/a.rs:1: {why}")]);
}

#[test]
fn a_room_is_in_the_table_and_the_table_names_rooms() {
    let house = Planted::new(&[("src/lib.rs", "mod a;"), ("src/a.rs", "")]);
    let layers = Layers { within: "", levels: &[&["b"]], table: "ROOMS" };
    let wrong = layers.check(&house.tree, &house.edges);
    assert_eq!(wrong[0], "a: add it to ROOMS in tests/architecture/rules.rs");
    assert_eq!(wrong[1], "b: ROOMS names it, the tree has no such module");
}

#[test]
fn the_rooms_of_a_room_have_an_order_too() {
    let house = Planted::new(&[
        ("src/mid/mod.rs", "mod upper; mod lower; pub use lower::L; pub struct Face;"),
        ("src/mid/upper.rs", "pub struct U; use super::L;"),
        ("src/mid/lower.rs", "pub struct L; use super::upper::U; use super::Face;"),
    ]);
    let layers =
        Layers { within: "mid", levels: &[&["mod"], &["upper"], &["lower"]], table: "MID" };
    let wrong = layers.check(&house.tree, &house.edges);
    assert_eq!(wrong.len(), 2, "{wrong:?}");
    assert!(wrong[0].ends_with("(defined in mid::upper) goes up: upper stands above lower"));
    assert!(wrong[1].ends_with("(defined in mid) goes up: mod stands above lower"));
}

#[test]
fn a_room_imports_only_what_its_entry_names() {
    let house = Planted::new(&[
        ("src/top.rs", "use crate::mid::M; use crate::low::L;"),
        ("src/mid.rs", "pub struct M;"),
        ("src/low.rs", "pub struct L;"),
    ]);
    let wrong = layers::only(&house.tree, &house.edges, &[("top", &["low"])]);
    let why = "use crate::mid::M (defined in mid) is not allowed: top imports low only";
    assert_eq!(wrong, [format!("src/top.rs:1: {why}")]);
}

#[test]
fn comments_and_tests_are_no_imports() {
    is_fine("// use crate::top::High;\n/* crate::top::call() */");
    is_fine("//! [`crate::top::High`]\n/// [`High`](super::top::High)\nstruct S;");
    is_fine("m! { /// crate::top::High\n struct S; }");
    is_fine("#[cfg(test)] mod tests { use crate::top::High; }");
    is_fine("#[cfg(test)] use crate::top::High;");
    is_fine("#[cfg(all(test, unix))] fn f() { crate::top::call() }");
    is_fine("struct S; impl S { #[cfg(test)] fn f() { crate::top::call() } }");
    is_fine("fn f() { #[cfg(test)] crate::top::call(); #[cfg(test)] m!(crate::top::High); }");
    is_fine("struct S { #[cfg(test)] field: crate::top::High }");
    is_fine("#[test] fn f() { crate::top::call() }");
    is_fine(r#"fn f() { print("crate::top::call"); m!("super::top::High") }"#);
    is_fine("pub(in crate::top) struct S;");
}

#[test]
fn a_condition_that_is_not_for_tests_only_counts() {
    goes_up("#[cfg(not(test))] use crate::top::High;");
    goes_up(r#"#[cfg(any(test, feature = "x"))] use crate::top::High;"#);
    goes_up("#[cfg(unix)] use crate::top::High;");
}

#[test]
fn a_file_of_tests_is_no_import() {
    let house = Planted::new(&[
        ("src/top.rs", TOP),
        ("src/low.rs", "#[cfg(test)] mod tests;"),
        ("src/low/tests.rs", "use crate::top::High; mod more;"),
        ("src/low/tests/more.rs", "use crate::top::High;"),
    ]);
    assert_eq!(house.up(), [""; 0]);
}

#[test]
fn names_of_other_crates_and_local_names_are_no_imports() {
    is_fine("use std::top::High; use ::top::High as Other;");
    is_fine("mod top { pub struct High; } use self::top::High; fn f() { top::call() }");
    is_fine("fn f(top: u8) { top.call(); m!(x.top) }");
    is_fine("fn f() { enum High {} High::new(); }");
    is_fine("struct High; fn f() { High::new(); }");
    is_fine("fn f() { use other::top; top::call(); }");
}
