//! Modules that import each other.

use super::Planted;
use crate::circles::between_children;

#[test]
fn two_modules_import_each_other() {
    let house = Planted::new(&[
        ("src/mid/mod.rs", "mod a; mod b;"),
        ("src/mid/a.rs", "use super::b::B; pub struct A;"),
        ("src/mid/b.rs", "\npub struct B(crate::mid::a::A);"),
    ]);
    assert_eq!(
        house.circles(),
        [
            "2 modules import each other: mid::a, mid::b",
            "circle of 2: mid::a -> mid::b -> mid::a\
             \n    src/mid/a.rs:1: use super::b::B   (mid::a -> mid::b)\
             \n    src/mid/b.rs:2: crate::mid::a::A   (mid::b -> mid::a)",
        ]
    );
}

#[test]
fn three_modules_import_each_other() {
    let house = Planted::new(&[
        ("src/mid/mod.rs", "mod a; mod b; mod c; mod d; pub use c::C;"),
        ("src/mid/a.rs", "use super::b; pub struct A; fn f() { b::go() }"),
        ("src/mid/b.rs", "pub fn go() { let _ = super::C; }"),
        ("src/mid/c.rs", "pub struct C; fn f() { m!(super::a::A) }"),
        ("src/mid/d.rs", "use super::a::A; use super::C;"),
    ]);
    let circles = house.circles();
    assert_eq!(circles.len(), 2, "{circles:?}");
    assert_eq!(circles[0], "3 modules import each other: mid::a, mid::b, mid::c");
    assert!(circles[1].starts_with("circle of 3: mid::a -> mid::b -> mid::c -> mid::a\n"));
}

#[test]
fn parent_and_child_import_each_other() {
    let house = Planted::new(&[
        ("src/mid/mod.rs", "mod a; use a::go; pub struct Parent;"),
        ("src/mid/a.rs", "use super::Parent; pub fn go() {}"),
    ]);
    let circles = house.circles();
    assert_eq!(circles[0], "2 modules import each other: mid, mid::a");
}

#[test]
fn a_glob_of_the_parent_counts() {
    let house = Planted::new(&[
        ("src/mid/mod.rs", "mod a; pub struct Parent; pub fn f() { a::go() }"),
        ("src/mid/a.rs", "use super::*; pub fn go() {}"),
    ]);
    assert_eq!(house.circles().len(), 2);
}

/// A child that uses what its parent defines is one arrow only, and so is the other way round.
#[test]
fn one_way_between_parent_and_child_is_no_circle() {
    let down = Planted::new(&[
        ("src/mid/mod.rs", "mod a; use a::go; pub struct Parent;"),
        ("src/mid/a.rs", "pub fn go() {}"),
    ]);
    assert_eq!((down.circles().len(), down.arrows()), (0, vec!["mid -> mid::a".to_owned()]));
    let up = Planted::new(&[
        ("src/mid/mod.rs", "mod a; pub struct Parent;"),
        ("src/mid/a.rs", "use super::Parent;"),
    ]);
    assert_eq!((up.circles().len(), up.arrows()), (0, vec!["mid::a -> mid".to_owned()]));
}

/// A face passes names on: that its children use each other by it, or what it defines, is fine.
#[test]
fn a_reexport_alone_makes_no_circle() {
    let house = Planted::new(&[
        ("src/mid/mod.rs", "mod a; mod b; pub use a::A; pub use b::*; pub struct Error;"),
        ("src/mid/a.rs", "use super::{B, Error}; pub struct A;"),
        ("src/mid/b.rs", "use super::Error; pub struct B;"),
    ]);
    assert_eq!(house.circles(), [""; 0]);
    assert_eq!(house.arrows(), ["mid::a -> mid", "mid::a -> mid::b", "mid::b -> mid"]);
}

#[test]
fn a_reexport_that_the_face_uses_makes_a_circle() {
    let house = Planted::new(&[
        ("src/mid/mod.rs", "mod a; pub use a::A; pub struct Parent(A);"),
        ("src/mid/a.rs", "use super::Parent; pub struct A;"),
    ]);
    assert_eq!(house.circles().len(), 2);
}

/// The files make no circle, their folders do.
#[test]
fn two_rooms_import_each_other() {
    let house = Planted::new(&[
        ("src/mid/mod.rs", "mod x; mod y;"),
        ("src/mid/x/mod.rs", "pub mod one; pub mod two;"),
        ("src/mid/x/one.rs", "use crate::mid::y::three::T;"),
        ("src/mid/x/two.rs", "pub struct Two;"),
        ("src/mid/y/mod.rs", "pub mod three; pub mod four;"),
        ("src/mid/y/three.rs", "pub struct T;"),
        ("src/mid/y/four.rs", "use crate::mid::x::two::Two;"),
    ]);
    assert_eq!(house.circles(), [""; 0]);
    let circles = between_children(&house.tree, &house.edges, "mid");
    assert_eq!(circles[0], "2 modules import each other: mid::x, mid::y");
}
