//! Pages as a sitemap (sitemaps.org 0.9), or as several with an index.

use std::io::Write;

use jiff::Timestamp;
use quick_xml::events::{BytesDecl, BytesEnd, BytesStart, BytesText, Event};
use quick_xml::writer::Writer;
use url::Url;

use super::error::ExportError;
use crate::model::ids::CrawlId;
use crate::store::Value;

/// URLs that one sitemap may hold.
pub const MAX_URLS: u64 = 50_000;
/// A URL in it is shorter than this, in bytes.
const MAX_URL_BYTES: usize = 2048;
/// Bytes that one sitemap may have.
const MAX_BYTES: usize = 50 << 20;
/// Bytes of what ends it.
const END: usize = 32;
const NAMESPACE: &str = "http://www.sitemaps.org/schemas/sitemap/0.9";

/// What belongs into a sitemap: HTML pages that respond under their own URL.
const BELONGS: &str = "pages.state = 'ok' AND pages.status = 200 AND pages.final_url IS NULL \
    AND pages.canonical IS NULL AND (pages.content_type LIKE 'text/html%' \
    OR pages.content_type LIKE 'application/xhtml+xml%')";

/// The condition on `pages` for what belongs into a sitemap and meets another one.
pub(super) fn condition(other: Option<&str>) -> String {
    other.map_or_else(|| BELONGS.to_owned(), |other| format!("{BELONGS} AND (\n{other}\n)"))
}

/// The query for URL, time of the last change by a sitemap, and as sent.
pub(super) fn query(pages: super::tables::ExportTable, crawl: CrawlId, condition: &str) -> String {
    let all = pages.query(crawl, Some(condition));
    format!(
        "SELECT chosen.url, chosen.lastmod, chosen.last_modified FROM ({all}) AS chosen ORDER BY chosen.id"
    )
}

/// One URL of a sitemap.
pub(super) struct SitemapUrl {
    pub url: String,
    pub lastmod: Option<Timestamp>,
}

impl SitemapUrl {
    /// From the columns of [`query`]; `None` for what is no URL of the web, or too long a one.
    pub(super) fn of(row: &[Value]) -> Option<Self> {
        let url = row.first()?.as_text()?;
        let url = (url.starts_with("http") && url.len() < MAX_URL_BYTES).then(|| url.to_owned())?;
        let lastmod = match row.get(1) {
            Some(Value::Int(ms)) => Timestamp::from_millisecond(*ms).ok(),
            _ => row.get(2).and_then(Value::as_text).and_then(sent),
        };
        Some(Self { url, lastmod })
    }
}

/// The time of a `Last-Modified`.
fn sent(text: &str) -> Option<Timestamp> {
    let at = httpdate::parse_http_date(text).ok()?;
    Timestamp::try_from(at).ok()
}

/// Scheme, host and port of a URL.
pub(super) fn origin(url: &str) -> String {
    Url::parse(url).map(|url| url.origin().ascii_serialization()).unwrap_or_default()
}

/// One file, in memory until it is whole.
pub(super) struct Sitemap {
    xml: Writer<Vec<u8>>,
    urls: u64,
}

impl Sitemap {
    pub(super) fn new() -> Result<Self, ExportError> {
        Ok(Self { xml: begun("urlset")?, urls: 0 })
    }

    /// Adds a URL; false when it has no room for it.
    pub(super) fn add(&mut self, listed: &SitemapUrl) -> Result<bool, ExportError> {
        if self.urls >= MAX_URLS {
            return Ok(false);
        }
        let before = self.xml.get_ref().len();
        entry(&mut self.xml, "url", &listed.url, listed.lastmod)?;
        if self.xml.get_ref().len() + END > MAX_BYTES && self.urls > 0 {
            self.xml.get_mut().truncate(before);
            return Ok(false);
        }
        self.urls += 1;
        Ok(true)
    }

    pub(super) fn ended(self) -> Result<Vec<u8>, ExportError> {
        ended(self.xml, "urlset")
    }
}

/// The index of sitemaps at these addresses.
pub(super) fn index(addresses: &[String]) -> Result<Vec<u8>, ExportError> {
    let mut xml = begun("sitemapindex")?;
    for address in addresses {
        entry(&mut xml, "sitemap", address, None)?;
    }
    ended(xml, "sitemapindex")
}

fn begun(root: &str) -> Result<Writer<Vec<u8>>, ExportError> {
    let mut xml = Writer::new_with_indent(Vec::new(), b' ', 1);
    xml.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
    let root = BytesStart::new(root).with_attributes([("xmlns", NAMESPACE)]);
    xml.write_event(Event::Start(root))?;
    Ok(xml)
}

fn entry(
    xml: &mut Writer<Vec<u8>>,
    name: &str,
    address: &str,
    lastmod: Option<Timestamp>,
) -> Result<(), ExportError> {
    xml.create_element(name).write_inner_content(|xml| {
        xml.create_element("loc").write_text_content(BytesText::new(address))?;
        if let Some(at) = lastmod {
            let at = at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
            xml.create_element("lastmod").write_text_content(BytesText::new(&at))?;
        }
        Ok(())
    })?;
    Ok(())
}

fn ended(mut xml: Writer<Vec<u8>>, root: &str) -> Result<Vec<u8>, ExportError> {
    xml.write_event(Event::End(BytesEnd::new(root)))?;
    let mut bytes = xml.into_inner();
    bytes.flush()?;
    bytes.push(b'\n');
    Ok(bytes)
}
