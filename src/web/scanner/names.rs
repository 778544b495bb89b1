//! Names of tags as numbers: comparing them is comparing numbers.

/// The name of a tag in lower case: up to 8 bytes as they are, a longer one as a hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(in crate::web) struct TagName(u64);

/// Marks a hash; the first byte of a name is a letter, so that no other name has this bit.
const IS_HASH: u64 = 1 << 63;

impl TagName {
    /// The name in `bytes`, in any case.
    pub(in crate::web) const fn new(bytes: &[u8]) -> Self {
        let mut name: u64 = 0;
        let mut at = 0;
        if bytes.len() <= 8 {
            while at < bytes.len() {
                name = name << 8 | bytes[at].to_ascii_lowercase() as u64;
                at += 1;
            }
            return Self(name);
        }
        // FNV-1a.
        name = 0xcbf2_9ce4_8422_2325;
        while at < bytes.len() {
            name ^= bytes[at].to_ascii_lowercase() as u64;
            name = name.wrapping_mul(0x0100_0000_01b3);
            at += 1;
        }
        Self(name | IS_HASH)
    }
}

/// The names that mean something to the scanner or to who reads a page.
pub(in crate::web) mod tag_name {
    use super::TagName;

    macro_rules! names {
        ($($constant:ident = $name:literal),+ $(,)?) => {
            $(
                #[doc = concat!("`", $name, "`")]
                pub(in crate::web) const $constant: TagName = TagName::new($name.as_bytes());
            )+
        };
    }

    names! {
        A = "a",
        ANNOTATION_XML = "annotation-xml",
        AREA = "area",
        B = "b",
        BASE = "base",
        BASEFONT = "basefont",
        BGSOUND = "bgsound",
        BIG = "big",
        BLOCKQUOTE = "blockquote",
        BODY = "body",
        BR = "br",
        CENTER = "center",
        CODE = "code",
        COL = "col",
        DD = "dd",
        DESC = "desc",
        DIV = "div",
        DL = "dl",
        DT = "dt",
        EM = "em",
        EMBED = "embed",
        FONT = "font",
        FOREIGN_OBJECT = "foreignobject",
        FRAME = "frame",
        H1 = "h1",
        H2 = "h2",
        H3 = "h3",
        H4 = "h4",
        H5 = "h5",
        H6 = "h6",
        HEAD = "head",
        HR = "hr",
        I = "i",
        IFRAME = "iframe",
        IMG = "img",
        INPUT = "input",
        KEYGEN = "keygen",
        LI = "li",
        LINK = "link",
        LISTING = "listing",
        MATH = "math",
        MENU = "menu",
        META = "meta",
        MI = "mi",
        MN = "mn",
        MO = "mo",
        MS = "ms",
        MTEXT = "mtext",
        NOBR = "nobr",
        NOEMBED = "noembed",
        NOFRAMES = "noframes",
        OL = "ol",
        P = "p",
        PARAM = "param",
        PLAINTEXT = "plaintext",
        PRE = "pre",
        RUBY = "ruby",
        S = "s",
        SCRIPT = "script",
        SMALL = "small",
        SOURCE = "source",
        SPAN = "span",
        STRIKE = "strike",
        STRONG = "strong",
        STYLE = "style",
        SUB = "sub",
        SUP = "sup",
        SVG = "svg",
        TABLE = "table",
        TEMPLATE = "template",
        TEXTAREA = "textarea",
        TITLE = "title",
        TRACK = "track",
        TT = "tt",
        U = "u",
        UL = "ul",
        VAR = "var",
        WBR = "wbr",
        XMP = "xmp",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_equal_in_any_case_only() {
        let names = [
            "a",
            "A\0",
            "\0",
            "b",
            "h1",
            "template",
            "templates",
            "noframes",
            "plaintext",
            "blockquote",
            "foreignobject",
            "annotation-xml",
            "my-element-of-this-page",
            "my-element-of-that-page",
        ];
        for (at, one) in names.iter().enumerate() {
            for (other_at, other) in names.iter().enumerate() {
                let upper = other.to_ascii_uppercase();
                let equal = TagName::new(one.as_bytes()) == TagName::new(upper.as_bytes());
                assert_eq!(equal, at == other_at, "{one:?} {other:?}");
            }
        }
        assert_eq!(TagName::new(b"ForeignObject"), tag_name::FOREIGN_OBJECT);
        assert_eq!(TagName::new(b"NoFrames"), tag_name::NOFRAMES);
    }
}
