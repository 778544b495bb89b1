//! The promise: a picture of the screen shows what was drawn, and needs no font of ours; URLs open where the
//! user is.

use crate::fixtures;
use crate::tape::terminal::Terminal as Pty;
use crawldeck::settings::appearance::{ColorDepth, ThemeName};
use crawldeck::ui::app::App;
use crawldeck::ui::draw::draw;
use crawldeck::ui::picture::{PictureColors, of_buffer, picture};
use crawldeck::ui::theme::Theme;
use ratatui::Terminal;
use ratatui::backend::TestBackend;

fn svg(theme: Theme) -> String {
    let mut terminal = Terminal::new(TestBackend::new(120, 36)).unwrap();
    let snapshot = fixtures::permits_limited();
    terminal.draw(|frame| draw(frame, &mut App::new(), &snapshot, theme)).unwrap();
    picture(&of_buffer(terminal.backend().buffer()), PictureColors::of(theme.name))
}

#[test]
fn words_frames_and_colours_are_in_it() {
    let dark = svg(Theme::dark(ColorDepth::True));
    for part in ["<svg ", "crawldeck", "RUNNING", "raises permits", "12,404", "</svg>"] {
        assert!(dark.contains(part), "{part}");
    }
    // The ground, the green of answers, the heavy frame of what limits.
    for part in ["#15191f", "color:#35da9b", "class=\"w "] {
        assert!(dark.contains(part), "{part}");
    }
    let light = svg(Theme { name: ThemeName::Light, ..Theme::dark(ColorDepth::True) });
    assert!(light.contains("fill=\"#fbfbfa\"") && !light.contains("#15191f"));
}

#[test]
fn it_is_well_formed_whatever_a_page_is_called() {
    let mut terminal = Terminal::new(TestBackend::new(120, 36)).unwrap();
    let snapshot = fixtures::hostile();
    let theme = Theme::dark(ColorDepth::True);
    terminal.draw(|frame| draw(frame, &mut App::new(), &snapshot, theme)).unwrap();
    let svg = picture(&of_buffer(terminal.backend().buffer()), PictureColors::of(ThemeName::Dark));
    let mut reader = quick_xml::Reader::from_str(&svg);
    loop {
        match reader.read_event() {
            Ok(quick_xml::events::Event::Eof) => break,
            Ok(_) => {}
            Err(error) => panic!("{error} in {svg}"),
        }
    }
}

/// A small lab, and variables of a desktop.
fn start(folder: &std::path::Path, options: &[&str], variables: &[(&str, &str)]) -> Pty {
    let mut command = vec!["crawldeck", "--pages", "60", "--latency", "1ms"];
    command.extend(options);
    Pty::start(&command, (120, 36), folder, variables)
}

#[test]
fn p_writes_the_screen_into_the_folder() {
    let folder = tempfile::tempdir().unwrap();
    let mut terminal = start(folder.path(), &[], &[]);
    terminal.expect("COMPLETE");
    terminal.send(b"p");
    terminal.expect("this screen is in crawldeck-[0-9-]+\\.svg");
    let files: Vec<_> = std::fs::read_dir(folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|ext| ext == "svg"))
        .collect();
    assert_eq!(files.len(), 1);
    let svg = std::fs::read_to_string(&files[0]).unwrap();
    assert!(
        svg.contains("COMPLETE") && !svg.contains("this screen is in"),
        "what was on it before"
    );
    terminal.send(b"q");
    assert_eq!(terminal.end(), 0);
}

#[test]
fn a_url_opens_in_the_browser_and_over_ssh_it_is_copied() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let browser = folder.path().join("browser");
    std::fs::write(
        &browser,
        "#!/bin/sh\necho \"$1\" > \"$HOME/opened.tmp\"; mv \"$HOME/opened.tmp\" \"$HOME/opened\"\n",
    )
    .unwrap();
    std::fs::set_permissions(&browser, std::fs::Permissions::from_mode(0o755)).unwrap();
    let mut terminal = start(folder.path(), &[], &[("BROWSER", browser.to_str().unwrap())]);
    terminal.expect("COMPLETE");
    terminal.send(b"4O");
    terminal.expect("opening http://127\\.0\\.0\\.1:");
    let opened = folder.path().join("opened");
    let begin = std::time::Instant::now();
    while !opened.exists() {
        assert!(begin.elapsed() < crate::tape::terminal::PATIENCE, "the browser never started");
        std::thread::yield_now();
    }
    assert!(std::fs::read_to_string(&opened).unwrap().starts_with("http://127.0.0.1:"));
    terminal.send(b"q");
    assert_eq!(terminal.end(), 0);
    let mut terminal = start(folder.path(), &[], &[("SSH_CONNECTION", "::1 1 ::1 22")]);
    terminal.expect("COMPLETE");
    terminal.send(b"4O");
    terminal.expect("another machine than yours: the URL is copied");
    assert!(terminal.wrote(b"\x1b]52;c;"), "by OSC 52");
    terminal.send(b"q");
    assert_eq!(terminal.end(), 0);
}

#[test]
fn title_and_bell_speak_only_where_they_are_wanted() {
    let folder = tempfile::tempdir().unwrap();
    for wanted in [true, false] {
        let options: &[&str] = if wanted { &["--window-title", "--bell"] } else { &[] };
        let mut terminal = start(folder.path(), options, &[]);
        terminal.expect("COMPLETE");
        terminal.send(b"q");
        assert_eq!(terminal.end(), 0);
        terminal.assert_restored();
        for part in [&b"\x1b[22;2t"[..], b"\x1b]0;complete: ", b"\x1b[23;2t"] {
            assert_eq!(terminal.wrote(part), wanted, "{}", part.escape_ascii());
        }
        assert_eq!(terminal.wrote(b"crawldeck\x07\x07"), wanted, "the bell follows the title");
    }
}

#[test]
#[ignore = "writes pictures of every theme, size and state into $PICTURES, to be looked at"]
fn every_theme_size_and_state() {
    let folder = std::path::PathBuf::from(std::env::var("PICTURES").unwrap());
    let failed = crawldeck::crawl::protocol::snapshot::Snapshot {
        run: crawldeck::crawl::protocol::snapshot::RunState::Failed,
        ..fixtures::empty()
    };
    let states = [
        ("running", fixtures::permits_limited()),
        ("jammed", fixtures::saver_limited()),
        ("paused", fixtures::paused()),
        ("complete", fixtures::complete()),
        ("failed", failed),
    ];
    for name in ThemeName::ALL {
        for size in [(96, 26), (120, 36), (200, 60), (300, 100)] {
            for (state, snapshot) in &states {
                let theme = Theme { name, ..Theme::dark(ColorDepth::True) };
                let mut terminal = Terminal::new(TestBackend::new(size.0, size.1)).unwrap();
                terminal.draw(|frame| draw(frame, &mut App::new(), snapshot, theme)).unwrap();
                let svg = picture(&of_buffer(terminal.backend().buffer()), PictureColors::of(name));
                let file = format!("{name}-{}x{}-{state}.svg", size.0, size.1);
                std::fs::write(folder.join(file), svg).unwrap();
            }
        }
    }
}
