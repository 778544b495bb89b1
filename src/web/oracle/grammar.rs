//! Generates pages that try to lead a parser astray.

use proptest::prelude::*;

/// Names of elements that matter, and some that do not.
const NAMES: [&str; 48] = [
    "a",
    "A",
    "a",
    "a",
    "area",
    "link",
    "frame",
    "iframe",
    "img",
    "base",
    "BASE",
    "meta",
    "title",
    "TITLE",
    "template",
    "svg",
    "sVg",
    "math",
    "foreignObject",
    "desc",
    "annotation-xml",
    "mi",
    "mtext",
    "script",
    "SCRIPT",
    "style",
    "xmp",
    "noembed",
    "noframes",
    "noscript",
    "textarea",
    "plaintext",
    "p",
    "br",
    "div",
    "b",
    "span",
    "td",
    "font",
    "li",
    "input",
    "source",
    "my-element",
    "a-",
    "ab",
    "scripts",
    "select",
    "h1",
];

const ATTRIBUTES: [&str; 24] = [
    "href",
    "HREF",
    "hRef",
    "xlink:href",
    "src",
    "srcdoc",
    "alt",
    "rel",
    "name",
    "content",
    "http-equiv",
    "charset",
    "type",
    "title",
    "encoding",
    "color",
    "x",
    "=x",
    "\"",
    "'",
    "href\0",
    "<",
    "é",
    "href",
];

const VALUES: [&str; 30] = [
    "/1",
    "/2",
    "3?a=1&amp;b=2",
    "#x",
    "",
    " /4 ",
    "/a>b",
    "/it's",
    "/\"5\"",
    "next",
    "canonical",
    "nofollow",
    "robots",
    "refresh",
    "0;url=/6",
    "noindex,nofollow",
    "text/html",
    "/<a href=/7>",
    "<a href=/8>x</a><base href=/9/>",
    "/\0",
    "&#35;top",
    "/é",
    "x/",
    "/",
    "-->",
    "</a>",
    "</script>",
    "]]>",
    "javascript:x",
    "<title>y</title>",
];

/// Pieces of text and markup that stand anywhere.
const PIECES: [&str; 64] = [
    "x",
    "text",
    " ",
    "a < b",
    "<",
    "</",
    "</>",
    "<>",
    "< a href=/no>",
    "<3",
    "&amp;",
    "&lt;a&gt;",
    "\0",
    "é",
    "\u{1f980}",
    "<!",
    "<!>",
    "<!-",
    "<!-->",
    "<!--->",
    "<!---->",
    "<!--x-->",
    "<!-- <a href=/c> -->",
    "<!--x--!>",
    "<!--x--!x-->",
    "<!--x->y-->",
    "<!--<!-->",
    "<!--<!--x--->",
    "<!---!>",
    "-->",
    "--!>",
    "<!x>",
    "<?x>",
    "<?",
    "</ x>",
    "</3>",
    "<!DOCTYPE html>",
    "<!doctype html PUBLIC \"a>b\">",
    "<![CDATA[",
    "<![CDATA[<a href=/cd>x]]>",
    "]]>",
    "]]]>",
    "]",
    "<![cdata[x]]>",
    "<!--",
    "<script>",
    "</script>",
    "<script><!--",
    "<script><!--<script>",
    "</script >",
    "</scripts>",
    "<script>'<a href=/s>'</script>",
    "<!--<script></script>-->",
    "<title>",
    "</title>",
    "</title x='>'>",
    "</textarea",
    "</a",
    "</a>",
    "</A\n>",
    "</p>",
    "</svg>",
    "</math>",
    "</template>",
];

fn one_of(values: &'static [&'static str]) -> impl Strategy<Value = String> {
    proptest::sample::select(values).prop_map(str::to_owned)
}

fn attribute() -> impl Strategy<Value = String> {
    let space = one_of(&[" ", " ", " ", "\n", "/", " / ", "\t\u{c}", ""]);
    let equals = one_of(&["=", "=", "=", " = ", "=\n", "==", ""]);
    let quotes = one_of(&["\"", "\"", "'", ""]);
    (space, one_of(&ATTRIBUTES), equals, quotes, one_of(&VALUES)).prop_map(
        |(space, name, equals, quote, value)| {
            if equals.is_empty() {
                return format!("{space}{name}");
            }
            // A tag that ends with `=` is read better, see `deliberate_differences`.
            let value = if value.is_empty() && quote.is_empty() { "v".to_owned() } else { value };
            format!("{space}{name}{equals}{quote}{value}{quote}")
        },
    )
}

fn start_tag() -> impl Strategy<Value = String> {
    let end = one_of(&[">", ">", ">", ">", " >", "\n>", "/>", " / >", "", "<"]);
    (one_of(&NAMES), proptest::collection::vec(attribute(), 0..4), end).prop_map(
        |(name, attributes, end)| {
            // Those that close themselves are read better, see `deliberate_differences`.
            if name.eq_ignore_ascii_case("svg") || name == "math" {
                return format!("<{name}{}>", if attributes.is_empty() { "" } else { " x='y'" });
            }
            format!("<{name}{}{end}", attributes.concat())
        },
    )
}

fn end_tag() -> impl Strategy<Value = String> {
    let end = one_of(&[">", ">", ">", " >", "/>", " x='>'>", "\n", ""]);
    (one_of(&NAMES), end).prop_map(|(name, end)| format!("</{name}{end}"))
}

fn link() -> impl Strategy<Value = String> {
    (0..9_u8, one_of(&PIECES), any::<bool>()).prop_map(|(n, text, ends)| {
        format!("<a href=/l{n}>{text}{}", if ends { "</a>" } else { "" })
    })
}

/// A page.
pub(super) fn page() -> impl Strategy<Value = String> {
    let part = prop_oneof![
        3 => start_tag(),
        2 => end_tag(),
        2 => link(),
        3 => one_of(&PIECES),
    ];
    proptest::collection::vec(part, 0..24).prop_map(|parts| parts.concat())
}
