//! What viewers ask of stored pages.

use super::*;

/// What a viewer asks. Filters look at every row of the range.
pub(super) fn viewing(crawl: CrawlId) -> Vec<Case<'static>> {
    let (first, last) = (n(page_id(crawl, 0)), n(page_id(crawl, u32::MAX)));
    let (from, to) = (page_id(crawl, MILLION / 2), page_id(crawl, MILLION / 2 + 2000));
    let range = |more: &[&str]| {
        let more = more.iter().map(|value| (*value).to_owned());
        [n(from), n(to)].into_iter().chain(more).collect::<Vec<_>>()
    };
    let by_key: &[_] = &[("scraped_pages", "range", "PRIMARY")];
    let text = "'%page-7%'";
    let blocks = [n(from), n(to), n(page_id(crawl, 9)), n(from), n(to), n(200)];
    vec![
        (statements::NEWEST_PAGE, vec![first, last], &[], 2),
        (statements::STORED_PAGES, range(&["200"]), by_key, 200),
        (statements::STORED_PAGES_BY_STATUS, range(&["404", "200"]), by_key, 2000),
        (
            statements::STORED_PAGES_BY_TEXT,
            range(&["1", "0", "'page-7'", text, text, text, text, "200"]),
            by_key,
            2000,
        ),
        (
            statements::LINKS_TO,
            blocks.to_vec(),
            &[
                ("derived", "ALL", ""),
                ("derived", "ALL", ""),
                ("derived", "ALL", ""),
                ("links", "ref", "links_by_target"),
                ("page", "eq_ref", "PRIMARY"),
            ],
            20,
        ),
    ]
}
