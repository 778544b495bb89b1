-- Tables and columns have the same names and meanings in every database crawldeck writes.
--
-- Ids of pages are crawl << 32 | number of the URL in its crawl, in order of discovery, so a
-- crawl is a range of ids. `*_at` is UTC text, `YYYY-MM-DD HH:MM:SS.mmm`: it sorts, and date
-- functions read it. Hashes are the 16 bytes of xxh3-128 of the canonical URL.

CREATE TABLE crawls (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    state      TEXT    NOT NULL,  -- running | stopped | complete | failed
    settings   TEXT    NOT NULL,  -- JSON, as in force at the last save
    totals     TEXT,              -- JSON, counters at the last save
    created_at TEXT    NOT NULL,
    updated_at TEXT    NOT NULL
);

-- One row per URL and crawl that is in a final state. Short columns first: reading them does
-- not touch the overflow pages of a long URL.
CREATE TABLE scraped_pages (
    id             INTEGER PRIMARY KEY,
    crawl_id       INTEGER NOT NULL,
    url_hash       BLOB    NOT NULL,
    state          TEXT    NOT NULL,  -- ok | failed | skipped
    status         INTEGER,           -- HTTP status, null when nothing was answered
    depth          INTEGER NOT NULL,
    attempts       INTEGER NOT NULL,
    elapsed_ms     INTEGER NOT NULL,
    content_length INTEGER NOT NULL,  -- bytes of the body after decoding
    links_found    INTEGER NOT NULL,
    found_on       INTEGER,           -- page on which the URL was first found, null for a seed
    created_at     TEXT    NOT NULL,
    lastmod        INTEGER,           -- ms since 1970 UTC, from a sitemap
    change         TEXT,              -- new | changed | same | gone, null in a first crawl
    body_hash      BLOB,              -- xxh3-128 of the decoded body, 16 bytes
    host           TEXT    NOT NULL,
    content_type   TEXT,
    url            TEXT    NOT NULL,
    final_url      TEXT,
    title          TEXT,
    error          TEXT,
    redirects      TEXT,              -- JSON array of {"url", "status"}
    etag           TEXT,              -- as sent
    last_modified  TEXT,              -- as sent
    canonical      TEXT               -- the URL that the page says it is a copy of
);

-- Identity is the hash, never the text. The index alone answers "which URLs are known".
CREATE UNIQUE INDEX scraped_pages_by_hash ON scraped_pages (crawl_id, url_hash);

-- What was skipped, by reason. Pages that were fetched are not in it.
CREATE INDEX scraped_pages_skipped ON scraped_pages (crawl_id, error) WHERE state = 'skipped';

-- `from_id` holds the crawl's number in its upper half, so the key needs no `crawl_id`.
--
-- No index on `to_id`: targets are all over the crawl, so each row would touch another leaf.
-- Measured, with it: 133,000 instead of 1,250,000 links/s in the first million, 32,000 instead
-- of 641,000 in the first ten. "Who links to this 404" is one query all the same, one pass over
-- the links (0.4 s for ten million):
--     SELECT page.url FROM links JOIN scraped_pages page ON page.id = links.from_id
--     WHERE links.to_id = (SELECT id FROM scraped_pages WHERE ...)
CREATE TABLE links (
    crawl_id INTEGER NOT NULL,
    from_id  INTEGER NOT NULL,
    to_id    INTEGER NOT NULL,
    PRIMARY KEY (crawl_id, from_id, to_id)
) WITHOUT ROWID;

-- URLs known and not done, nothing else. Its hashes are unique because the crawl asks its set
-- of seen URLs before it adds one; an index to prove it again would cost a random write per URL.
CREATE TABLE frontier (
    id         INTEGER PRIMARY KEY,
    crawl_id   INTEGER NOT NULL,
    url_hash   BLOB    NOT NULL,
    depth      INTEGER NOT NULL,
    attempts   INTEGER NOT NULL,
    not_before INTEGER NOT NULL,  -- ms since 1970 UTC, 0 = at once
    found_on   INTEGER,
    host_id    INTEGER NOT NULL,  -- first 8 bytes of xxh3-128 of the host with port
    lastmod    INTEGER,           -- ms since 1970 UTC, from a sitemap
    url        TEXT    NOT NULL
);

-- Which hosts wait, and the URLs of one: in blocks of 65,536 ids (a block belongs to one crawl), by
-- host, by id, with which SQLite ends each entry. What is found goes into the last block, a few
-- hundred leaves. By host alone, each URL of many hosts would touch a leaf of its own. Measured, a
-- million rows of 10,000 hosts in no order, 6,250 a transaction: 2.1 s of CPU and 200 MB written
-- without an index, 3.8 s and 400 MB with this one, 8.6 s and 2,600 MB by host alone; rows of a
-- single host are appended: 2.6 s and 260 MB. A host's rows cost one more search per block.
CREATE INDEX frontier_by_host ON frontier (id >> 16, host_id);

-- The journal: what was turned while the crawl ran.
CREATE TABLE changes (
    crawl_id INTEGER NOT NULL,
    seq      INTEGER NOT NULL,
    at       TEXT    NOT NULL,
    by_whom  TEXT    NOT NULL,
    what     TEXT    NOT NULL,
    entry    TEXT    NOT NULL,  -- the whole entry, JSON
    PRIMARY KEY (crawl_id, seq)
) WITHOUT ROWID;

-- Sums over `scraped_pages`, kept up to date by every batch, and what else is known of a host.
CREATE TABLE hosts (
    crawl_id  INTEGER NOT NULL,
    host      TEXT    NOT NULL,
    pages     INTEGER NOT NULL,
    ok        INTEGER NOT NULL,
    failed    INTEGER NOT NULL,
    skipped   INTEGER NOT NULL,
    bytes     INTEGER NOT NULL,
    incidents INTEGER NOT NULL DEFAULT 0,  -- how often it was found to be down
    first_at  TEXT,                        -- of its pages, null before the first
    last_at   TEXT,
    robots    TEXT,                        -- what its robots.txt says, in words
    PRIMARY KEY (crawl_id, host)
) WITHOUT ROWID;

-- Sitemaps that were read, or were to be.
CREATE TABLE sitemaps (
    crawl_id   INTEGER NOT NULL,
    url_hash   BLOB    NOT NULL,
    url        TEXT    NOT NULL,
    state      TEXT    NOT NULL,  -- ok | failed | skipped
    status     INTEGER,
    urls       INTEGER NOT NULL,
    sitemaps   INTEGER NOT NULL,  -- how many of these are sitemaps
    depth      INTEGER NOT NULL,  -- index files above it
    error      TEXT,
    created_at TEXT    NOT NULL,
    PRIMARY KEY (crawl_id, url_hash)
) WITHOUT ROWID;
