//! What to do about a host that does not answer, by the reason that stands in its rows.

/// A question that leads to the cause, and what to do, for a reason that stands in the rows: `does a server
/// listen there?`, `start the server`. `None` where there is nothing to advise.
#[must_use]
pub fn failure_hint(reason: &str) -> Option<(&'static str, &'static str)> {
    const HINTS: [(&[&str], &str, &str); 7] = [
        (
            &["refused by the proxy"],
            "does the proxy allow it?",
            "ask for access, or change --proxy",
        ),
        (&["private address refused"], "is it a host of your own?", "permit it by --allow-private"),
        (&["connection refused"], "does a server listen there?", "start the server"),
        (
            &["name not found", "name lookup"],
            "is the name right?",
            "correct the name, or try again later",
        ),
        (
            &["certificate", "TLS", "tls", "handshake"],
            "does it speak TLS, with a certificate that this machine trusts?",
            "name its authority by --ca, or use http",
        ),
        (
            &["timeout", "timed out", "no response within"],
            "is it overloaded, or does a firewall drop the packets?",
            "try again later, or with a longer --timeout",
        ),
        (
            &["reset", "closed", "malformed"],
            "does it speak HTTP on this port?",
            "check scheme and port",
        ),
    ];
    let (_, question, action) =
        HINTS.iter().find(|(words, ..)| words.iter().any(|word| reason.contains(word)))?;
    Some((question, action))
}

#[cfg(test)]
mod tests {
    use super::failure_hint;

    #[test]
    fn every_usual_reason_has_something_to_do() {
        for (reason, action) in [
            ("connection refused by 127.0.0.1:1 (asked for robots.txt)", "start the server"),
            ("name not found: nosuch.invalid", "correct the name, or try again later"),
            ("TLS: certificate expired", "name its authority by --ca, or use http"),
            ("timeout after 10 s", "try again later, or with a longer --timeout"),
            ("the connection was reset", "check scheme and port"),
            ("private address refused: 10.0.0.1", "permit it by --allow-private"),
        ] {
            assert_eq!(failure_hint(reason).map(|hint| hint.1), Some(action), "{reason}");
        }
        assert_eq!(failure_hint("out of scope"), None);
    }
}
