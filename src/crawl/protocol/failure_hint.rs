//! What to do about a host that does not answer, by the reason that stands in its rows.

/// A question that leads to the cause, and what to do, for a reason that stands in the rows: `does a server
/// listen there?`, `start the server`. `None` where there is nothing to advise.
#[must_use]
pub fn failure_hint(reason: &str) -> Option<(&'static str, &'static str)> {
    // By how a reason begins: names of hosts, which follow, may hold any word.
    const HINTS: [(&[&str], &str, &str); 8] = [
        (
            &["connection refused by the proxy"],
            "does the proxy run, and allow it?",
            "correct --proxy, or ask for access",
        ),
        (&["connection refused"], "does a server listen there?", "start the server"),
        (&["private address refused"], "is it a host of your own?", "permit it by --allow-private"),
        (&["name not found"], "is the name right?", "correct the name, or try again later"),
        (
            &["TLS with"],
            "does it speak TLS, with a known certificate?",
            "name its authority by --ca",
        ),
        (
            &["no connection to", "no route to", "cannot connect to"],
            "does the host run, or does a firewall drop the packets?",
            "check host and network",
        ),
        (&["no response from"], "is it overloaded?", "try again later, or with a longer --timeout"),
        (
            &["connection reset", "connection closed", "the response head"],
            "does it speak HTTP on this port?",
            "check scheme and port",
        ),
    ];
    let begins = |words: &&[&str]| words.iter().any(|word| reason.starts_with(word));
    let (_, question, action) = HINTS.iter().find(|(words, ..)| begins(words))?;
    Some((question, action))
}

#[cfg(test)]
mod tests {
    use super::failure_hint;

    #[test]
    fn every_usual_reason_has_something_to_do() {
        for (reason, action) in [
            ("connection refused by 127.0.0.1:1 (asked for robots.txt)", "start the server"),
            ("connection refused by the proxy", "correct --proxy, or ask for access"),
            ("name not found: nosuch.invalid", "correct the name, or try again later"),
            ("TLS with a.example failed: unknown issuer", "name its authority by --ca"),
            ("no connection to a.example within 10 s", "check host and network"),
            (
                "no response from a.example within 10 s",
                "try again later, or with a longer --timeout",
            ),
            ("connection reset by tls.example", "check scheme and port"),
            ("connection closed by a.example before a response", "check scheme and port"),
            ("private address refused: 10.0.0.1", "permit it by --allow-private"),
        ] {
            assert_eq!(failure_hint(reason).map(|hint| hint.1), Some(action), "{reason}");
        }
        assert_eq!(failure_hint("out of scope"), None);
    }
}
