//! Finds the encoding that the markup of a page declares: in its first bytes (HTML standard, "prescan a
//! byte stream to determine its encoding" and "get an XML encoding"), and in a `meta` element.

use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};

/// The end of the bytes was reached.
struct EndOfBytes;

/// The encoding declared in `bytes`, the start of a page: by the first `meta` element that declares
/// one, else by an XML declaration.
pub(super) fn declared(bytes: &[u8]) -> Option<&'static Encoding> {
    if let Some(encoding) = utf_16_declaration(bytes) {
        return Some(encoding);
    }
    let mut scanner = Scanner { bytes, at: 0 };
    scanner.first_meta().ok().or_else(|| xml_declaration(bytes))
}

/// The encoding of an XML declaration at the start of `bytes`.
pub(super) fn xml_declared(bytes: &[u8]) -> Option<&'static Encoding> {
    utf_16_declaration(bytes).or_else(|| xml_declaration(bytes))
}

/// The encoding that a `meta` element with these attributes declares.
pub(super) fn declared_in_meta(
    charset: Option<&str>,
    http_equiv: Option<&str>,
    content: Option<&str>,
) -> Option<&'static Encoding> {
    let by_charset = charset.and_then(|label| Encoding::for_label_no_replacement(label.as_bytes()));
    let by_content = || {
        http_equiv.filter(|name| name.eq_ignore_ascii_case("content-type"))?;
        encoding_in_content(content?.as_bytes())
    };
    by_charset.or_else(by_content).map(as_declared)
}

/// A declaration that was read as ASCII cannot be in UTF-16, and `x-user-defined` is for scripts.
fn as_declared(encoding: &'static Encoding) -> &'static Encoding {
    if encoding == UTF_16LE || encoding == UTF_16BE {
        UTF_8
    } else if encoding.name() == "x-user-defined" {
        WINDOWS_1252
    } else {
        encoding
    }
}

/// An XML declaration in UTF-16 without byte order mark.
fn utf_16_declaration(bytes: &[u8]) -> Option<&'static Encoding> {
    if bytes.starts_with(b"<\0?\0x\0") {
        Some(UTF_16LE)
    } else if bytes.starts_with(b"\0<\0?\0x") {
        Some(UTF_16BE)
    } else {
        None
    }
}

fn xml_declaration(bytes: &[u8]) -> Option<&'static Encoding> {
    let is_space = |byte: &u8| *byte <= b' ';
    let skip_spaces = |bytes: &'_ [u8]| bytes.iter().take_while(|byte| is_space(byte)).count();
    let declaration = bytes.strip_prefix(b"<?xml")?;
    let declaration = &declaration[..position(declaration, b">")?];
    let rest = &declaration[position(declaration, b"encoding")? + b"encoding".len()..];
    let rest = rest[skip_spaces(rest)..].strip_prefix(b"=")?;
    let rest = &rest[skip_spaces(rest)..];
    let (quote, rest) = rest.split_first().filter(|(quote, _)| matches!(quote, b'"' | b'\''))?;
    let label = &rest[..rest.iter().position(|byte| byte == quote)?];
    if label.iter().any(is_space) {
        return None;
    }
    Encoding::for_label_no_replacement(label).map(as_declared)
}

/// The encoding in the `content` of a `meta http-equiv=content-type` (HTML standard, "extracting a
/// character encoding from a `meta` element").
fn encoding_in_content(content: &[u8]) -> Option<&'static Encoding> {
    let lower = content.to_ascii_lowercase();
    let mut rest = &lower[..];
    let value = loop {
        rest = &rest[position(rest, b"charset")? + b"charset".len()..];
        if let Some(value) = rest.trim_ascii_start().strip_prefix(b"=") {
            break value.trim_ascii_start();
        }
    };
    let label = if let Some((quote @ (b'"' | b'\''), quoted)) = value.split_first() {
        &quoted[..quoted.iter().position(|byte| byte == quote)?]
    } else {
        let is_end = |byte: &u8| byte.is_ascii_whitespace() || *byte == b';';
        &value[..value.iter().position(is_end).unwrap_or(value.len())]
    };
    Encoding::for_label_no_replacement(label)
}

/// Name and value of an attribute, in lower case.
type NameAndValue = (Vec<u8>, Vec<u8>);

/// Walks over the first bytes of a page.
struct Scanner<'bytes> {
    bytes: &'bytes [u8],
    at: usize,
}

impl Scanner<'_> {
    /// The encoding of the first `meta` element that declares one.
    fn first_meta(&mut self) -> Result<&'static Encoding, EndOfBytes> {
        loop {
            let rest = &self.bytes[self.at..];
            let at = rest.iter().position(|&byte| byte == b'<').ok_or(EndOfBytes)?;
            self.at += at;
            let rest = &rest[at..];
            let is_meta = rest.get(..5).is_some_and(|tag| tag.eq_ignore_ascii_case(b"<meta"));
            if rest.starts_with(b"<!--") {
                self.at += 2;
                self.skip_to(b"-->")?;
                self.at += 2;
            } else if is_meta && rest.get(5).is_some_and(|&b| b.is_ascii_whitespace() || b == b'/')
            {
                self.at += 5;
                if let Some(encoding) = self.meta()? {
                    return Ok(encoding);
                }
            } else if is_tag(rest) {
                let is_end = |&byte: &u8| byte.is_ascii_whitespace() || byte == b'>';
                self.at += rest.iter().position(is_end).ok_or(EndOfBytes)?;
                while self.attribute()?.is_some() {}
            } else if matches!(rest.get(1), Some(b'!' | b'/' | b'?')) {
                self.skip_to(b">")?;
            }
            self.at += 1;
        }
    }

    /// The encoding that the attributes of a `meta` element declare.
    fn meta(&mut self) -> Result<Option<&'static Encoding>, EndOfBytes> {
        let (mut http_equiv, mut content, mut charset) = (None, None, None);
        while let Some((name, value)) = self.attribute()? {
            let place = match &name[..] {
                b"http-equiv" => &mut http_equiv,
                b"content" => &mut content,
                b"charset" => &mut charset,
                _ => continue,
            };
            // Of two attributes of one name the first counts.
            place.get_or_insert(value);
        }
        let encoding = if let Some(label) = charset {
            Encoding::for_label_no_replacement(&label)
        } else {
            let is_pragma = http_equiv.is_some_and(|name| name == b"content-type");
            content.filter(|_| is_pragma).and_then(|content| encoding_in_content(&content))
        };
        Ok(encoding.map(as_declared))
    }

    /// The next attribute of a tag, in lower case; `None` at its end.
    fn attribute(&mut self) -> Result<Option<NameAndValue>, EndOfBytes> {
        while self.byte()?.is_ascii_whitespace() || self.byte()? == b'/' {
            self.at += 1;
        }
        if self.byte()? == b'>' {
            return Ok(None);
        }
        let mut name = Vec::new();
        loop {
            match self.byte()? {
                b'=' if !name.is_empty() => break,
                b'/' | b'>' => return Ok(Some((name, Vec::new()))),
                byte if byte.is_ascii_whitespace() => {
                    self.skip_whitespace()?;
                    if self.byte()? == b'=' {
                        break;
                    }
                    return Ok(Some((name, Vec::new())));
                }
                byte => name.push(byte.to_ascii_lowercase()),
            }
            self.at += 1;
        }
        self.at += 1;
        self.skip_whitespace()?;
        let mut value = Vec::new();
        let quote = Some(self.byte()?).filter(|byte| matches!(byte, b'"' | b'\''));
        self.at += usize::from(quote.is_some());
        loop {
            let byte = self.byte()?;
            let is_end = match quote {
                Some(quote) => byte == quote,
                None => byte.is_ascii_whitespace() || byte == b'>',
            };
            if is_end {
                self.at += usize::from(quote.is_some());
                return Ok(Some((name, value)));
            }
            value.push(byte.to_ascii_lowercase());
            self.at += 1;
        }
    }

    fn byte(&self) -> Result<u8, EndOfBytes> {
        self.bytes.get(self.at).copied().ok_or(EndOfBytes)
    }

    fn skip_whitespace(&mut self) -> Result<(), EndOfBytes> {
        while self.byte()?.is_ascii_whitespace() {
            self.at += 1;
        }
        Ok(())
    }

    fn skip_to(&mut self, text: &[u8]) -> Result<(), EndOfBytes> {
        self.at += position(&self.bytes[self.at..], text).ok_or(EndOfBytes)?;
        Ok(())
    }
}

/// Whether `rest` begins with a start tag or an end tag.
fn is_tag(rest: &[u8]) -> bool {
    let name = rest.strip_prefix(b"</").or_else(|| rest.strip_prefix(b"<"));
    name.and_then(<[u8]>::first).is_some_and(u8::is_ascii_alphabetic)
}

fn position(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack.windows(needle.len()).position(|window| window == needle)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn declarations_are_found_as_the_standard_says() {
        let table = [
            ("<meta charset=windows-1251>", Some("windows-1251")),
            ("<META/CHARSET = 'KOI8-R' >", Some("KOI8-R")),
            ("<meta charset=\"gb2312\"/>", Some("GBK")),
            ("<meta charset=utf-16>", Some("UTF-8")),
            ("<meta charset=utf-16be>", Some("UTF-8")),
            ("<meta charset=x-user-defined>", Some("windows-1252")),
            ("<meta http-equiv=content-type content='text/html; charset=big5'>", Some("Big5")),
            ("<meta content='text/html;charset=big5' http-equiv='Content-Type'>", Some("Big5")),
            ("<meta http-equiv=Content-Type content='charset = \"big5\"'>", Some("Big5")),
            ("<meta http-equiv=Content-Type content='charset charset=big5 x'>", Some("Big5")),
            // No declarations.
            ("<meta name=description content='charset=koi8-r'>", None),
            ("<meta property='og:x' content=\"charset='big5'\">", None),
            ("<meta http-equiv=refresh content='0;charset=big5'>", None),
            ("<meta http-equiv=content-type content='charset=\"big5'>", None),
            ("<meta http-equiv=content-type content='text/html'>", None),
            ("<metal charset=big5>", None),
            ("<meta charset=unknown>", None),
            ("<meta charset=big5", None),
            ("<meta data-charset=big5>", None),
            ("<p title='<meta charset=big5>'>", None),
            ("<!-- <meta charset=big5> -->", None),
            ("<?x <meta charset=big5>", None),
            // What comes before does not hide one.
            ("<meta charset=x><meta charset=big5>", Some("Big5")),
            ("<meta name=x content='charset=koi8-r'><meta charset=big5>", Some("Big5")),
            ("<meta name=x content='a>b' charset=big5>", Some("Big5")),
            ("<p title='>' x=\">\"><meta charset=big5>", Some("Big5")),
            ("<p title='><meta charset=koi8-r>'><meta charset=big5>", Some("Big5")),
            ("<!--><meta charset=big5>", Some("Big5")),
            ("<!-- x --><meta charset=big5>", Some("Big5")),
            ("<!doctype html><meta charset=big5>", Some("Big5")),
            ("< meta charset=koi8-r><meta charset=big5>", Some("Big5")),
            ("</p title='>'><meta charset=big5>", Some("Big5")),
            ("<meta charset=koi8-r charset=big5>", Some("KOI8-R")),
            // An XML declaration counts after `meta`.
            ("<?xml version='1.0' encoding='big5'?>", Some("Big5")),
            ("<?xml version='1.0' encoding = \"utf-16\"?>", Some("UTF-8")),
            ("<?xml version='1.0' encoding='big5'?><meta charset=koi8-r>", Some("KOI8-R")),
            ("<?xml version='1.0'?><p encoding='big5'>", None),
            ("<?xml version='1.0' encoding='big 5'?>", None),
            ("<?xml version='1.0' encoding=big5?>", None),
            (" <?xml version='1.0' encoding='big5'?>", None),
            ("<\0?\0x\0m\0l\0", Some("UTF-16LE")),
            ("\0<\0?\0x\0m\0l", Some("UTF-16BE")),
        ];
        for (html, expected) in table {
            assert_eq!(declared(html.as_bytes()).map(Encoding::name), expected, "{html}");
        }
    }

    #[test]
    fn any_cut_of_the_bytes_is_read() {
        let html = b"<?xml encoding='x'?><!-- a --><p a='b' c = d e/><meta http-equiv='content-type' content='charset=big5'>";
        for end in 0..html.len() {
            assert_eq!(declared(&html[..end]).map(Encoding::name), None, "{end}");
        }
        assert_eq!(declared(html).map(Encoding::name), Some("Big5"));
    }
}
