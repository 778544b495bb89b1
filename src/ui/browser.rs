//! Opens a URL in the user's browser.

use tokio::sync::oneshot;
use webbrowser::{Browser, BrowserOptions};

/// Browsers that run in the terminal, which the dashboard has.
const IN_TERMINAL: [&str; 7] = ["w3m", "lynx", "links", "links2", "elinks", "browsh", "carbonyl"];

/// Learns whether a browser started.
pub type BrowserStart = oneshot::Receiver<Result<(), String>>;

/// Why no browser is to be started here; `None` where one may be. Over ssh it would open on the wrong machine.
#[must_use]
pub fn no_browser(env: impl Fn(&str) -> Option<String>) -> Option<&'static str> {
    let set = |name: &str| env(name).filter(|value| !value.is_empty());
    if set("SSH_CONNECTION").or_else(|| set("SSH_TTY")).is_some() {
        return Some("this is another machine than yours");
    }
    let browser = set("BROWSER")?;
    let first = browser.split(':').next().unwrap_or_default();
    let program = first.split_whitespace().next().unwrap_or_default();
    let name = program.rsplit('/').next().unwrap_or_default();
    IN_TERMINAL.contains(&name).then_some("$BROWSER needs this terminal")
}

/// Starts the browser that `$BROWSER` or the desktop names, on a thread of its own: some wait for theirs to
/// end. The receiver learns whether it started.
pub fn open(url: String) -> BrowserStart {
    let (done, result) = oneshot::channel();
    let start = move || {
        let mut options = BrowserOptions::new();
        options.with_suppress_output(true);
        let opened = webbrowser::open_browser_with_options(Browser::Default, &url, &options);
        let _ = done.send(opened.map_err(|error| error.to_string()));
    };
    // Without a thread the receiver learns that nobody will answer.
    let _ = std::thread::Builder::new().name("browser".to_owned()).spawn(start);
    result
}

#[cfg(test)]
mod tests {
    use super::no_browser;

    #[test]
    fn no_browser_starts_over_ssh_or_in_the_terminal_of_the_dashboard() {
        let with = |name: &'static str, value: &'static str| {
            no_browser(move |asked| (asked == name).then(|| value.to_owned()))
        };
        assert_eq!(with("DISPLAY", ":0"), None);
        assert_eq!(with("BROWSER", "/usr/bin/firefox %s"), None);
        assert_eq!(with("SSH_CONNECTION", ""), None);
        assert_eq!(
            with("SSH_CONNECTION", "::1 5 ::1 22"),
            Some("this is another machine than yours")
        );
        for text in ["w3m", "/usr/bin/lynx -tna", "elinks:firefox"] {
            assert_eq!(with("BROWSER", text), Some("$BROWSER needs this terminal"));
        }
    }
}
