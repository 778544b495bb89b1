//! Passwords hidden in text that is to be shown: URLs of pages, proxies and databases.
//!
//! It hides too much rather than too little, for the text may be no URL at all.

/// `text` with all that may be user and password of a URL, and a query that names a password,
/// replaced by `***`: `http://u:p@h/` becomes `http://***@h/`.
#[must_use]
pub fn mask(text: &str) -> String {
    let mut shown = text.to_owned();
    if let Some(at) = text.rfind('@') {
        // A password may hold what should have been escaped, so all before the last `@` goes.
        let start = text[..at].find("://").map_or(0, |scheme| scheme + "://".len());
        shown = format!("{}***{}", &text[..start], &text[at..]);
    }
    if let Some((before, query)) = shown.split_once('?')
        && query.to_ascii_lowercase().contains("pass")
    {
        shown = format!("{before}?***");
    }
    shown
}

#[cfg(test)]
mod tests {
    use crate::settings::mask::mask;

    #[test]
    fn passwords_are_hidden_and_the_rest_is_not() {
        for (text, shown) in [
            ("http://h:1/a?b", "http://h:1/a?b"),
            ("http://u:hush@h:1/", "http://***@h:1/"),
            ("http://u:hu/s@h@h:1/", "http://***@h:1/"),
            ("u:hush@h", "***@h"),
            ("http:/u:hush@h", "***@h"),
            ("postgres://h/db?user=u&password=hush", "postgres://h/db?***"),
            ("sqlite://a.db?mode=rwc", "sqlite://a.db?mode=rwc"),
        ] {
            assert_eq!(mask(text), shown);
        }
    }
}
