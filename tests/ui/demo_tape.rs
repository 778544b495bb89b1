//! The promise: the tape shows what the program does. Its keys and waits are played against the
//! real binary on a real terminal, so it cannot rot.
//!
//! `assets/record.sh` runs the ignored test, which draws the pictures from the same play.
#![cfg(all(unix, feature = "tui"))]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stderr,
    missing_docs,
    reason = "tests fail by panicking"
)]

use std::path::Path;

use crate::tape::frames::Camera;
use crate::tape::play::{Pace, play};
use crate::tape::script::Script;
use crate::tape::terminal::Terminal;
use crawldeck::settings::appearance::ThemeName;
use crawldeck::ui::picture::{PictureColors, animation, picture};

const SIZE: (u16, u16) = (120, 36);

/// Most bytes of an animation.
const ANIMATION: usize = 3 << 20;

/// The tapes, and where their animations go.
const TAPES: [(&str, &str); 3] = [
    (include_str!("../../demo.tape"), "assets/demo.svg"),
    (include_str!("../../assets/slow-database.tape"), "assets/slow-database.svg"),
    (include_str!("../../assets/tour.tape"), "assets/tour.svg"),
];

fn script(tape: &str) -> Script {
    let script = Script::parse(tape).unwrap();
    assert_eq!(script.requires, ["crawldeck"]);
    script
}

fn shell(folder: &Path) -> Terminal {
    let shell = Terminal::start(&["sh", "-i"], SIZE, folder, &[]);
    shell.expect(r"\$ $");
    shell
}

#[test]
fn the_tape_plays_to_its_end() {
    plays_to_its_end(TAPES[0].0);
}

#[test]
fn the_tape_of_a_slow_database_plays_to_its_end() {
    plays_to_its_end(TAPES[1].0);
}

#[test]
fn the_tape_of_the_tour_plays_to_its_end() {
    plays_to_its_end(TAPES[2].0);
}

fn plays_to_its_end(tape: &str) {
    let folder = tempfile::tempdir().unwrap();
    let mut shell = shell(folder.path());
    play(&script(tape), &mut shell, Pace::Test, None).unwrap();
    shell.send(b"echo code=$?\r");
    shell.expect(r"code=\d");
    assert!(shell.text().contains("code=3"), "stopped before the end:\n{}", shell.text());
    shell.assert_restored();
    shell.send(b"exit\r");
    assert_eq!(shell.end(), 0);
}

#[test]
fn a_tape_with_anything_unknown_is_refused() {
    for wrong in [
        "Dance",
        "Type hello",
        "Type \"a\" Enter",
        "Wait+Screen /a",
        "Wait+Screen /a/ b/",
        "Wait+Screen /(/",
        "Wait /a/",
        "Sleep soon",
        "Ctrl+Shift+O",
        "Enter often",
        "Enter@1s",
        "Set Speed 3",
        "Hide\nSet TypingSpeed 1s",
        "Screenshot a.jpeg",
        "Output a.txt",
    ] {
        assert!(Script::parse(wrong).is_err(), "{wrong}");
    }
    Script::parse("# nothing\n\nType@1s `\"` \nEnter 2\nCtrl+c\nWait+Screen@2s /a|b/").unwrap();
}

#[test]
#[ignore = "draws the pictures in assets; run assets/record.sh"]
fn record() {
    let wanted = std::env::var("TAPES").unwrap_or_default();
    for (tape, place) in TAPES {
        if wanted.is_empty() || wanted.split_whitespace().any(|name| place.contains(name)) {
            record_one(tape, place);
        }
    }
}

fn record_one(tape: &str, place: &str) {
    let script = script(tape);
    let folder = tempfile::tempdir().unwrap();
    let mut shell = shell(folder.path());
    let camera = Camera::start(shell.shared(), script.framerate);
    play(&script, &mut shell, Pace::Viewer, Some(&camera)).unwrap();
    let (frames, stills) = camera.finish();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let save = |name: &str, text: String| {
        eprintln!("{name}: {} KiB", text.len() >> 10);
        assert!(text.len() < ANIMATION, "{name} is too large for a README");
        std::fs::write(root.join(name), text).unwrap();
    };
    for (name, frame) in stills {
        save(&name.replace(".png", ".svg"), picture(&frame, PictureColors::of(ThemeName::Dark)));
    }
    eprintln!("{} frames", frames.len());
    save(place, animation(&frames, PictureColors::of(ThemeName::Dark)));
}
