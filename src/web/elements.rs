//! What each element of HTML and SVG says of a page, whichever parser has found it.

use std::borrow::Cow;

use crate::web::extract::{BaseChoice, MAX_VALUE, PageExtractor, StopParsing};
use crate::web::prescan;
use crate::web::relation;
use crate::web::source::value_of;

/// The attributes of an element.
pub(super) trait TagAttributes {
    /// The value of the attribute `name` as in the source.
    fn raw(&self, name: &str) -> Option<Cow<'_, str>>;

    /// The value of the attribute `name`, entities decoded.
    fn value(&self, name: &str) -> Option<Cow<'_, str>> {
        self.raw(name).map(value_of)
    }

    /// The URL in the attribute `name`. One that is too long anyway is not decoded.
    fn url(&self, name: &str) -> Option<Cow<'_, str>> {
        let raw = self.raw(name)?;
        Some(if raw.len() > MAX_VALUE { raw } else { value_of(raw) })
    }
}

/// An `a` element with the attribute `href`, or `xlink:href` in SVG. Returns whether its text is wanted,
/// and its end to be reported.
pub(super) fn anchor(
    page: &mut PageExtractor,
    tag: &impl TagAttributes,
    href: &str,
) -> Result<bool, StopParsing> {
    let Some(value) = tag.url(href) else { return Ok(false) };
    let value = (!is_left_out(page, tag)).then_some(&*value);
    page.anchor(value)
}

/// An `area` element.
pub(super) fn area(page: &mut PageExtractor, tag: &impl TagAttributes) -> Result<(), StopParsing> {
    match tag.url("href") {
        Some(value) if !is_left_out(page, tag) => page.link(&value, BaseChoice::First),
        _ => Ok(()),
    }
}

/// A `frame` element, or an `iframe` without `srcdoc`.
pub(super) fn frame(page: &mut PageExtractor, tag: &impl TagAttributes) -> Result<(), StopParsing> {
    match tag.url("src") {
        Some(value) => page.link(&value, BaseChoice::Current),
        None => Ok(()),
    }
}

/// A `link` element.
pub(super) fn link(page: &mut PageExtractor, tag: &impl TagAttributes) -> Result<(), StopParsing> {
    let (Some(rel), Some(value)) = (tag.value("rel"), tag.url("href")) else { return Ok(()) };
    if relation::contains(&rel, "canonical") {
        page.canonical(&value);
    }
    if relation::leads_to_page(&rel, tag.value("type").as_deref()) {
        page.link(&value, BaseChoice::Current)
    } else {
        Ok(())
    }
}

/// A `meta` element. Its declaration of an encoding counts in HTML only.
pub(super) fn meta(
    page: &mut PageExtractor,
    tag: &impl TagAttributes,
    is_html: bool,
) -> Result<(), StopParsing> {
    let (http_equiv, content) = (tag.value("http-equiv"), tag.value("content"));
    if is_html {
        let charset = tag.value("charset");
        let (equiv, content) = (http_equiv.as_deref(), content.as_deref());
        if let Some(encoding) = prescan::declared_in_meta(charset.as_deref(), equiv, content) {
            page.declared_encoding(encoding)?;
        }
    }
    let Some(content) = content else { return Ok(()) };
    if http_equiv.is_some_and(|name| name.eq_ignore_ascii_case("refresh")) {
        page.refresh(&content)?;
    }
    if tag.value("name").is_some_and(|name| page.names_this_crawler(name.trim_ascii())) {
        page.robots(&content);
    }
    Ok(())
}

/// Whether `rel=nofollow` leaves the link out; it is counted then.
fn is_left_out(page: &mut PageExtractor, tag: &impl TagAttributes) -> bool {
    let left_out = page.respects_rel_nofollow()
        && tag.value("rel").is_some_and(|rel| relation::contains(&rel, "nofollow"));
    if left_out {
        page.count_left_out();
    }
    left_out
}
