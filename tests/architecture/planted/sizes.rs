//! Files and functions that are too long, rooms that are too full, stores that are too alike.

use super::Planted;
use crate::rules::LONG_FILE_REASON;
use crate::{sizes, stores};

/// A function of so many lines.
fn function(start: &str, lines: usize) -> String {
    format!("{start} {{{}}}", "\n".repeat(lines - 1))
}

fn long_functions(text: &str) -> Vec<String> {
    sizes::long_functions(&Planted::new(&[("src/top.rs", text)]).sources.files)
}

#[test]
fn a_function_is_too_long() {
    assert_eq!(long_functions(&function("fn f()", 100)), [""; 0]);
    let wrong = ["src/top.rs:1: fn f: 101 lines"];
    assert_eq!(long_functions(&function("fn f()", 101)), wrong);
    assert_eq!(long_functions(&function("pub async fn f()", 101)), wrong);
    assert_eq!(long_functions(&format!("impl S {{ {} }}", function("fn f()", 101))), wrong);
    assert_eq!(long_functions(&format!("trait T {{ {} }}", function("fn f()", 101))), wrong);
    assert_eq!(
        long_functions(&format!("#[cfg(test)] mod t {{ {} }}", function("fn f()", 101))),
        wrong
    );
    assert_eq!(long_functions(&format!("proptest! {{ {} }}", function("fn f()", 101))), wrong);
    // The comment above is not counted, a signature of several lines is.
    assert_eq!(long_functions(&format!("/// Why.\n{}", function("fn f()", 100))), [""; 0]);
    assert_eq!(long_functions(&function("fn f(\n)", 100)), wrong);
}

#[test]
fn a_file_is_too_long() {
    let of = |path, text: &str| sizes::long_files(&Planted::new(&[(path, text)]).sources.files);
    assert_eq!(of("src/top.rs", &"\n".repeat(400)), [""; 0]);
    let wrong = of("src/top.rs", &"\n".repeat(401));
    assert_eq!(wrong.len(), 1);
    assert!(wrong[0].starts_with("src/top.rs: 401 lines; "), "{wrong:?}");
    assert_eq!(of("tests/long.rs", &"\n".repeat(401)).len(), 1);
    let (first, second) = LONG_FILE_REASON.rsplit_once(' ').expect("several words");
    let reason = format!("//! A table. {first}\n//! {second} it is one table.\n");
    assert_eq!(of("src/top.rs", &(reason + &"\n".repeat(401))), [""; 0]);
}

#[test]
fn the_mean_file_is_too_long() {
    let of = |lines: usize| {
        let files = [("src/lib.rs", "mod top;"), ("src/top.rs", &"\n".repeat(lines))];
        sizes::mean_file(&Planted::new(&files).sources.files)
    };
    assert_eq!(of(398), [""; 0]);
    assert_eq!(of(399), ["src: 400 lines in 2 files"]);
}

#[test]
fn a_room_is_too_full() {
    let files = [
        ("src/mid/mod.rs", "mod a; mod b; mod c; mod d;"),
        ("src/mid/a.rs", ""),
        ("src/mid/b.rs", ""),
        ("src/mid/c/mod.rs", ""),
        ("src/mid/d/mod.rs", ""),
    ];
    let sources = Planted::new(&files).sources;
    assert_eq!(sizes::crowded(&sources.files, &[("src/mid", 3)]), [""; 0]);
    let wrong = ["src/mid: 3 files, at most 2: mod.rs, a.rs, b.rs"];
    assert_eq!(sizes::crowded(&sources.files, &[("src/mid", 2)]), wrong);
}

#[test]
fn two_stores_are_too_alike() {
    let files = |other: &str| {
        let sqlite = "// same\nsame\n  same\nmine\nand mine\n\n}\n});\n";
        let file = |path: &str, text: &str| (path.to_owned(), text.to_owned());
        [
            file("src/store/sqlite/read.rs", sqlite),
            file("src/store/postgres/read.rs", other),
            file("src/store/postgres/write.rs", "same\nsame"),
            file("src/store/sqlite_more.rs", "same"),
        ]
    };
    // One line, there twice in the first and once in the second, of the four that count.
    let alike = stores::too_alike(&files("same\na\nb\nc\n"));
    let pair = "src/store/sqlite/read.rs and src/store/postgres/read.rs";
    assert_eq!(alike[0], format!("{pair}: 1 of 4 lines identical (25 %)"));
    assert_eq!(alike.len(), 3, "{alike:?}");
    assert_eq!(stores::too_alike(&files("// same\na\nb\n}\n")), [""; 0]);
}
