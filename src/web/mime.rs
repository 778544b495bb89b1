//! Reads the media type of a response from all its `Content-Type` lines (Fetch standard, "extract a
//! MIME type"; MIME Sniffing standard, "parse a MIME type"). It knows no other header.

use std::fmt;

/// A media type: its essence and its `charset`. Other parameters are not kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct MimeType {
    /// `type/subtype`, in lower case.
    pub(super) essence: String,
    /// The value of the parameter `charset`.
    pub(super) charset: Option<String>,
}

impl MimeType {
    /// The media type of `values`, one for each line of the header or several of them joined by
    /// commas: the last valid one that is not `*/*`. A `charset` is kept for later values of the
    /// same essence.
    pub(super) fn extract<'v>(values: impl IntoIterator<Item = &'v str>) -> Option<Self> {
        let mut extracted: Option<Self> = None;
        for value in values.into_iter().flat_map(split_list) {
            let Some(mut found) = parse(value).filter(|found| found.essence != "*/*") else {
                continue;
            };
            if let Some(before) = extracted.take().filter(|before| before.essence == found.essence)
                && found.charset.is_none()
            {
                found.charset = before.charset;
            }
            extracted = Some(found);
        }
        extracted
    }

    /// Whether the type is XML: `text/xml`, `application/xml`, or one that ends in `+xml`.
    pub(super) fn is_xml(&self) -> bool {
        matches!(&*self.essence, "text/xml" | "application/xml") || self.essence.ends_with("+xml")
    }
}

/// As a `Content-Type` that has the same media type.
impl fmt::Display for MimeType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.essence)?;
        let Some(charset) = &self.charset else { return Ok(()) };
        f.write_str(";charset=\"")?;
        for c in charset.chars() {
            if matches!(c, '"' | '\\') {
                f.write_str("\\")?;
            }
            write!(f, "{c}")?;
        }
        f.write_str("\"")
    }
}

/// Splits a header value at its commas, except those in quoted strings.
fn split_list(value: &str) -> impl Iterator<Item = &str> {
    let mut rest = Some(value);
    std::iter::from_fn(move || {
        let value = rest?;
        let mut at = 0;
        loop {
            match value[at..].find(['"', ',']).map(|found| at + found) {
                Some(quote) if value.as_bytes()[quote] == b'"' => {
                    at = quote + quoted_string(&value[quote..]).1;
                }
                Some(comma) => {
                    rest = Some(&value[comma + 1..]);
                    return Some(&value[..comma]);
                }
                None => {
                    rest = None;
                    return Some(value);
                }
            }
        }
    })
}

/// The content of the quoted string at the start of `text`, and its length with the quotes. Without
/// a closing quote it ends with the text.
fn quoted_string(text: &str) -> (String, usize) {
    let mut content = String::new();
    let mut chars = text.char_indices().skip(1);
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return (content, at + 1),
            '\\' => content.push(chars.next().map_or('\\', |(_, escaped)| escaped)),
            _ => content.push(c),
        }
    }
    (content, text.len())
}

fn parse(value: &str) -> Option<MimeType> {
    let value = value.trim_matches(is_http_space);
    let (kind, rest) = value.split_once('/')?;
    let (subtype, mut rest) = match rest.split_once(';') {
        Some((subtype, rest)) => (subtype, Some(rest)),
        None => (rest, None),
    };
    let subtype = subtype.trim_end_matches(is_http_space);
    if !is_token(kind) || !is_token(subtype) {
        return None;
    }
    let mut charset = None;
    while let Some(parameters) = rest {
        let parameters = parameters.trim_start_matches(is_http_space);
        let Some(end) = parameters.find([';', '=']) else { break };
        let (name, after) = parameters.split_at(end);
        let Some(after) = after.strip_prefix('=') else {
            rest = Some(&after[1..]);
            continue;
        };
        let (content, behind) = if after.starts_with('"') {
            let (content, length) = quoted_string(after);
            // What stands between the closing quote and the next parameter is ignored.
            (content, after[length..].split_once(';').map(|(_, behind)| behind))
        } else {
            let (content, behind) = match after.split_once(';') {
                Some((content, behind)) => (content, Some(behind)),
                None => (after, None),
            };
            (content.trim_end_matches(is_http_space).to_owned(), behind)
        };
        rest = behind;
        if charset.is_none()
            && name.eq_ignore_ascii_case("charset")
            && (!content.is_empty() || after.starts_with('"'))
            && content.chars().all(is_quoted_string_char)
        {
            charset = Some(content);
        }
    }
    Some(MimeType { essence: format!("{kind}/{subtype}").to_ascii_lowercase(), charset })
}

const fn is_http_space(c: char) -> bool {
    matches!(c, '\n' | '\r' | '\t' | ' ')
}

fn is_token(text: &str) -> bool {
    let is_token_byte =
        |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    !text.is_empty() && text.bytes().all(is_token_byte)
}

/// A character that a quoted parameter may contain. Header bytes that are not ASCII have been decoded.
const fn is_quoted_string_char(c: char) -> bool {
    matches!(c, '\t' | ' '..='~') || !c.is_ascii()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The lines of a header, the essence and the `charset`.
    type Row<'t> = (&'t [&'t str], Option<(&'t str, Option<&'t str>)>);

    #[test]
    fn the_last_valid_type_counts() {
        let table: [Row<'_>; 40] = [
            (&[], None),
            (&[""], None),
            (&["text/html"], Some(("text/html", None))),
            (&[" \tTEXT/Html ; charset=UTF-8\t"], Some(("text/html", Some("UTF-8")))),
            (&["text/html;;charset=UTF-8"], Some(("text/html", Some("UTF-8")))),
            (&["text/html; x; charset=gbk; charset=utf-8"], Some(("text/html", Some("gbk")))),
            (&["text/html; CHARSET = gbk"], Some(("text/html", None))),
            (&["text/html; charset= gbk"], Some(("text/html", Some(" gbk")))),
            (&["text/html;charset=; charset=gbk"], Some(("text/html", Some("gbk")))),
            (&["text/html;charset=\"\"; charset=gbk"], Some(("text/html", Some("")))),
            (&["text/html;charset=\"g\\bk\" x;y=1"], Some(("text/html", Some("gbk")))),
            (&["text/html; charset=\"utf-8"], Some(("text/html", Some("utf-8")))),
            (&["text/html; charset=\"utf-8\\"], Some(("text/html", Some("utf-8\\")))),
            // No media type.
            (&["html"], None),
            (&["charset=utf-8"], None),
            (&["; charset=utf-8"], None),
            (&["text/"], None),
            (&["/html"], None),
            (&["text/html x"], None),
            (&["te xt/html"], None),
            (&["text/html/x"], None),
            (&["text / html"], None),
            (&["\u{e9}/html"], None),
            (&["*/*"], None),
            (&["*/*; charset=gbk"], None),
            // Lists, in one line or several.
            (&["text/html, text/html"], Some(("text/html", None))),
            (&["text/plain", "text/html"], Some(("text/html", None))),
            (&["text/html", "text/plain"], Some(("text/plain", None))),
            (&["text/html, */*"], Some(("text/html", None))),
            (&["text/html;charset=gbk", "nonsense", "*/*"], Some(("text/html", Some("gbk")))),
            (&["text/html;charset=gbk, text/html"], Some(("text/html", Some("gbk")))),
            (&["text/html;charset=gbk", "TEXT/HTML;x=y"], Some(("text/html", Some("gbk")))),
            (&["text/html;charset=gbk, text/html;charset=big5"], Some(("text/html", Some("big5")))),
            (&["text/html;charset=gbk, text/plain, text/html"], Some(("text/html", None))),
            (&["text/html;charset=gbk, text/plain"], Some(("text/plain", None))),
            (&[",text/html,"], Some(("text/html", None))),
            (&["text/html;a=\"x,text/plain\""], Some(("text/html", None))),
            (&["text/html;a=\"x\\\",text/plain\", image/png"], Some(("image/png", None))),
            (&["text/plain;a=\",text/html"], Some(("text/plain", None))),
            (&["text/html;charset=gbk;a=\",\", text/html"], Some(("text/html", Some("gbk")))),
        ];
        for (values, expected) in table {
            let found = MimeType::extract(values.iter().copied());
            let parts = found.as_ref().map(|mime| (&*mime.essence, mime.charset.as_deref()));
            assert_eq!(parts, expected, "{values:?}");
            // What is written is read as the same type.
            let written = found.as_ref().map(ToString::to_string);
            assert_eq!(MimeType::extract(written.as_deref()), found, "{values:?}");
        }
    }

    #[test]
    fn xml_is_told_by_its_name() {
        for (essence, expected) in [
            ("text/xml", true),
            ("application/xml", true),
            ("application/xhtml+xml", true),
            ("image/svg+xml", true),
            ("text/html", false),
            ("application/xml-dtd", false),
        ] {
            assert_eq!(parse(essence).map(|mime| mime.is_xml()), Some(expected), "{essence}");
        }
    }
}
