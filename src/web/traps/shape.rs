//! Splits a URL as text, and writes its pattern, in which numbers and values are replaced.

/// Path and query of an absolute URL.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shape<'url> {
    /// The path, from its first slash.
    pub(super) path: &'url str,
    /// The text after the question mark, if there is one.
    pub(super) query: Option<&'url str>,
}

impl<'url> Shape<'url> {
    pub(super) fn of(url: &'url str) -> Self {
        let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
        let rest = &rest[rest.find(['/', '?', '#']).unwrap_or(rest.len())..];
        let rest = &rest[..rest.find('#').unwrap_or(rest.len())];
        match rest.split_once('?') {
            Some((path, query)) => Self { path, query: Some(query) },
            None => Self { path: rest, query: None },
        }
    }

    /// Scheme and host of an absolute URL.
    pub(super) fn host(url: &str) -> &str {
        let start = url.find("://").map_or(0, |at| at + 3);
        &url[..url[start..].find(['/', '?', '#']).map_or(url.len(), |at| start + at)]
    }

    /// The segments of the path, without an empty one after a final slash.
    pub(super) fn segments(self) -> impl Iterator<Item = &'url str> {
        let path = self.path.strip_prefix('/').unwrap_or(self.path);
        let path = path.strip_suffix('/').unwrap_or(path);
        path.split('/')
    }

    /// The parameters of the query with their values.
    pub(super) fn pairs(self) -> impl Iterator<Item = (&'url str, &'url str)> {
        let pairs = self.query.unwrap_or_default().split(['&', ';']);
        pairs.filter(|pair| !pair.is_empty()).map(|pair| pair.split_once('=').unwrap_or((pair, "")))
    }

    /// Writes the pattern: numbers as `#`, values as `*`. Returns whether anything was replaced.
    pub(super) fn pattern(self, host: &str, out: &mut String) -> bool {
        out.clear();
        out.push_str(host);
        let mut replaced = write_pattern(self.path, out);
        let mut separator = '?';
        for (key, value) in self.pairs() {
            out.push(separator);
            separator = '&';
            replaced |= write_pattern(key, out);
            if !value.is_empty() {
                out.push_str("=*");
                replaced = true;
            }
        }
        replaced
    }
}

/// Writes `text` with `#` for each number and `*` for each value of a path parameter; returns whether
/// there was any. Escapes are kept: `%20` contains no number.
fn write_pattern(text: &str, out: &mut String) -> bool {
    let bytes = text.as_bytes();
    let (mut copied, mut at, mut any) = (0, 0, false);
    while at < bytes.len() {
        let end = match bytes[at] {
            b'0'..=b'9' => run_end(bytes, at, |byte| byte.is_ascii_digit()),
            // `;jsessionid=…` and `(S(…))`.
            b'=' => run_end(bytes, at + 1, |byte| !matches!(byte, b'/' | b';')),
            b'(' if bytes.get(at + 2) == Some(&b'(') => run_end(bytes, at, |byte| byte != b'/'),
            b'%' => {
                at += 3;
                continue;
            }
            _ => {
                at += 1;
                continue;
            }
        };
        out.push_str(&text[copied..at]);
        out.push_str(match bytes[at] {
            b'=' => "=*",
            b'(' => "(*)",
            _ => "#",
        });
        any = true;
        copied = end;
        at = end;
    }
    out.push_str(&text[copied..]);
    any
}

fn run_end(bytes: &[u8], start: usize, within: impl Fn(u8) -> bool) -> usize {
    let start = start.min(bytes.len());
    start + bytes[start..].iter().take_while(|&&byte| within(byte)).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_leave_out_numbers_and_values() {
        for (url, expected) in [
            ("http://h/", "h/"),
            ("http://h", "h"),
            ("http://h?a=1", "h?a=*"),
            ("http://h/a/b", "h/a/b"),
            ("http://h/cal/2031/05/x7y", "h/cal/#/#/x#y"),
            ("http://h/a%20b%2", "h/a%20b%2"),
            ("http://h/l?page=3&sort=name;x=&flag", "h/l?page=*&sort=*&x&flag"),
            ("http://h/a;jsessionid=12/b", "h/a;jsessionid=*/b"),
            ("http://h/(S(abc12))/b1", "h/(*)/b#"),
            ("http://h/é1/?q[2]=1", "h/é#/?q[#]=*"),
        ] {
            let mut out = String::new();
            let replaced = Shape::of(url).pattern("h", &mut out);
            assert_eq!(
                (out.as_str(), replaced),
                (expected, expected.contains(['#', '*'])),
                "{url}"
            );
        }
    }
}
