//! Ids of crawls, pages and hosts, as stored in the database.

/// A page's id in the database: the crawl's id times 2³² plus the URL's sequence number in its crawl, in
/// order of discovery. So the ids of one crawl are dense and increasing, and unique among all crawls of
/// a database.
pub type PageId = i64;

/// A crawl's id in its database, from 1.
pub type CrawlId = i64;

/// The id of the page with the sequence number `seq` in `crawl`.
#[must_use]
pub const fn page_id(crawl: CrawlId, seq: u32) -> PageId {
    (crawl << 32) | seq as i64
}

/// The crawl of the page with this id.
#[must_use]
pub const fn crawl_of(id: PageId) -> CrawlId {
    id >> 32
}

/// The sequence number, in its crawl, of the page with this id.
#[must_use]
pub const fn seq_of(id: PageId) -> u32 {
    (id & 0xffff_ffff) as u32
}

/// A host's id in `frontier.host_id`: the first 8 bytes of xxh3-128 of its name with port, as
/// in URLs (`127.0.0.1:8700`), big endian. The same in every crawl and database.
#[must_use]
pub fn host_id(host: &str) -> i64 {
    (xxhash_rust::xxh3::xxh3_128(host.as_bytes()) >> 64) as i64
}

/// First and last id of a crawl.
#[must_use]
pub const fn id_range(crawl: CrawlId) -> (PageId, PageId) {
    (page_id(crawl, 0), page_id(crawl, u32::MAX))
}
