//! Which relations of a link lead to another page. It is the same for `link` elements and `Link`
//! headers.

use crate::web::sniff::is_html;

/// Whether the list of relations `rel` contains the relation `name`.
pub(super) fn contains(rel: &str, name: &str) -> bool {
    rel.split_ascii_whitespace().any(|word| word.eq_ignore_ascii_case(name))
}

/// Whether a link with the relations `rel` and the media type `kind` leads to a page rather than to a
/// style sheet, icon or feed.
pub(super) fn leads_to_page(rel: &str, kind: Option<&str>) -> bool {
    // `previous` is an old name of `prev`.
    if ["next", "prev", "previous", "canonical"].iter().any(|name| contains(rel, name)) {
        return true;
    }
    contains(rel, "alternate")
        && !contains(rel, "stylesheet")
        && kind.is_none_or(|text| is_html(Some(text), b"<html>"))
}
