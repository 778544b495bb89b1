//! On a terminal an export is for eyes: what the terminal would obey is escaped, in every form. A file and a
//! pipe get it as it is.

use std::fs;

use super::test_db::TestDb;
use crate::terminal::Terminal;

/// Ends with what a terminal obeys: the title of the window, a colour by a control character above ASCII, and
/// an override of the direction.
const HOSTILE: &str = "http://h:1/\u{1b}]0;x\u{7}\u{9b}31m\u{202e}\u{2066}\u{61c}";

#[test]
fn nothing_is_obeyed() {
    let test_db = TestDb::new();
    // What a database holds that somebody else has made.
    test_db.database.execute(&format!(
        "UPDATE scraped_pages SET title = '{HOSTILE}', url = '{HOSTILE}' WHERE id = (SELECT min(id) FROM \
         scraped_pages WHERE state = 'ok' AND status = 200 AND final_url IS NULL AND canonical IS NULL \
         AND content_type LIKE 'text/html%')"
    ));
    let cases = [
        ("csv", "http://h:1/\u{FFFD}]0;x\u{FFFD}\u{FFFD}31m\\u202e\\u2066\\u061c"),
        ("jsonl", r"http://h:1/\u001b]0;x\u0007\u009b31m\u202e\u2066\u061c"),
        ("sitemap", r"http://h:1/\u001b]0;x\u0007\u009b31m\u202e\u2066\u061c"),
    ];
    // Without the count of rows, which is drawn over itself.
    let script = "exec crawldeck export \"$@\" 2> /dev/null";
    let outputs = [&[][..], &["-o", "/dev/tty"]];
    for ((format, title), output) in cases.iter().flat_map(|case| outputs.map(|to| (*case, to))) {
        let arguments = ["--format", format];
        let url = test_db.database.url();
        let command = [&["sh", "-c", script, "sh", &url][..], &arguments, output].concat();
        let mut terminal = Terminal::start(&command, (200, 50), test_db.folder.path(), &[]);
        assert_eq!(terminal.end(), 0, "{}", terminal.text());
        let raw = terminal.raw();
        let shown = String::from_utf8_lossy(&raw);
        assert!(shown.contains(title), "{format} {output:?}");
        let obeyed = |c: char| {
            !matches!(c, '\r' | '\n' | '\t')
                && (c.is_control() || crawldeck::terminal_text::is_bidi(c))
        };
        assert_eq!(shown.chars().find(|c| obeyed(*c)), None, "{format} {output:?}");
    }
    for (format, _) in cases {
        let piped = test_db.exported(&["--format", format]);
        assert!(piped.contains('\u{202e}'), "{format}");
        test_db.export(&["--format", format, "-o", "out"]).exits(0);
        let written = fs::read_to_string(test_db.folder.path().join("out")).unwrap();
        assert!(written == piped, "{format}");
    }
}
