-- Tables and columns have the same names and meanings in every database crawldeck writes.
--
-- No statement here is undone when a later one fails: MySQL commits each of them. So each can be run
-- again, and a migration that was cut short is run again from its beginning.
--
-- `{collation}` is the one that compares texts byte for byte, trailing blanks as well: both servers
-- have it, under different names (see `open.rs`).
--
-- Ids of pages are crawl << 32 | number of the URL in its crawl, in order of discovery, so a crawl is a
-- range of ids, and rows are appended. `*_at` and `at` are UTC. Hashes are the 16 bytes of xxh3-128, of
-- the canonical URL where nothing else is said: what is unique is the hash, never the text, which no
-- index would take as a whole.

CREATE TABLE IF NOT EXISTS crawls (
    id           BIGINT      NOT NULL AUTO_INCREMENT PRIMARY KEY,
    state        VARCHAR(16) NOT NULL,  -- running | stopped | complete | failed | removing
    settings     LONGTEXT    NOT NULL,  -- JSON, as in force at the last save
    totals       LONGTEXT,              -- JSON, counters at the last save
    created_at   DATETIME(3) NOT NULL,
    updated_at   DATETIME(3) NOT NULL,
    -- Who runs it. All null: nobody.
    holder_host  LONGTEXT,
    holder_pid   BIGINT,
    holder_token BIGINT,                -- of the open store, not 0
    held_since   DATETIME(3),
    beat_at      DATETIME(3)            -- last sign of life
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE {collation};

-- One row per URL and crawl that is in a final state.
CREATE TABLE IF NOT EXISTS scraped_pages (
    id             BIGINT      NOT NULL PRIMARY KEY,
    crawl_id       BIGINT      NOT NULL,
    url_hash       BINARY(16)  NOT NULL,
    state          VARCHAR(16) NOT NULL,  -- ok | failed | skipped
    status         INT,                   -- HTTP status, null when nothing was answered
    depth          BIGINT      NOT NULL,
    attempts       BIGINT      NOT NULL,
    elapsed_ms     BIGINT      NOT NULL,
    content_length BIGINT      NOT NULL,  -- bytes of the body after decoding
    links_found    BIGINT      NOT NULL,
    found_on       BIGINT,                -- page on which the URL was first found, null for a seed
    created_at     DATETIME(3) NOT NULL,
    lastmod        BIGINT,                -- ms since 1970 UTC, from a sitemap
    `change`       VARCHAR(16),           -- new | changed | same | gone, null in a first crawl
    body_hash      BINARY(16),            -- of the decoded body
    host           LONGTEXT    NOT NULL,
    content_type   LONGTEXT,
    url            LONGTEXT    NOT NULL,
    final_url      LONGTEXT,
    title          LONGTEXT,
    error          LONGTEXT,
    redirects      LONGTEXT,              -- JSON array of {"url", "status"}
    etag           LONGTEXT,              -- as sent
    last_modified  LONGTEXT,              -- as sent
    canonical      LONGTEXT,              -- the URL that the page says it is a copy of
    -- Hash of `error` when it was skipped: here is no index on some rows alone, nor on a text of any
    -- length. A plain column, because indexes on computed ones have a history of bugs.
    skipped_hash   BINARY(16) INVISIBLE,
    -- Identity. This index alone answers "which URLs are known".
    UNIQUE KEY scraped_pages_by_hash (crawl_id, url_hash),
    -- What was skipped, by reason, in order of id; what failed. New rows are appended in three places.
    KEY scraped_pages_by_state (state, crawl_id, skipped_hash, id)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE {collation};

-- No index on `to_id`: targets are all over the crawl, so each row would touch another leaf.
CREATE TABLE IF NOT EXISTS links (
    crawl_id BIGINT NOT NULL,
    from_id  BIGINT NOT NULL,
    to_id    BIGINT NOT NULL,
    anchor   LONGTEXT,                    -- text of the link, at most 200 characters
    PRIMARY KEY (crawl_id, from_id, to_id)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE {collation};

-- URLs known and not done, nothing else. Its hashes are unique because the crawl asks its set of seen
-- URLs before it adds one; an index to prove it again would cost a random write per URL.
CREATE TABLE IF NOT EXISTS frontier (
    id         BIGINT     NOT NULL PRIMARY KEY,
    crawl_id   BIGINT     NOT NULL,
    url_hash   BINARY(16) NOT NULL,
    depth      BIGINT     NOT NULL,
    attempts   BIGINT     NOT NULL,
    not_before BIGINT     NOT NULL,       -- ms since 1970 UTC, 0 = at once
    found_on   BIGINT,
    host_id    BIGINT     NOT NULL,       -- first 8 bytes of xxh3-128 of the host with port
    lastmod    BIGINT,                    -- ms since 1970 UTC, from a sitemap
    url        LONGTEXT   NOT NULL,
    -- What a crawl goes on with, host by host, in order of id.
    KEY frontier_by_host (crawl_id, host_id, id)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE {collation};

-- The journal: what was turned while the crawl ran.
CREATE TABLE IF NOT EXISTS changes (
    crawl_id BIGINT      NOT NULL,
    seq      BIGINT      NOT NULL,
    at       DATETIME(3) NOT NULL,
    by_whom  LONGTEXT    NOT NULL,
    what     LONGTEXT    NOT NULL,
    entry    LONGTEXT    NOT NULL,        -- the whole entry, JSON
    PRIMARY KEY (crawl_id, seq)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE {collation};

-- Sums over `scraped_pages`, kept up to date by every batch, and what else is known of a host.
CREATE TABLE IF NOT EXISTS hosts (
    crawl_id  BIGINT      NOT NULL,
    host_hash BINARY(16)  NOT NULL DEFAULT '' INVISIBLE,  -- of `host`, which may have any length
    host      LONGTEXT    NOT NULL,
    pages     BIGINT      NOT NULL,
    ok        BIGINT      NOT NULL,
    failed    BIGINT      NOT NULL,
    skipped   BIGINT      NOT NULL,
    bytes     BIGINT      NOT NULL,
    incidents BIGINT      NOT NULL DEFAULT 0,  -- how often it was found to be down
    first_at  DATETIME(3),                     -- of its pages, null before the first
    last_at   DATETIME(3),
    robots    LONGTEXT,                        -- what its robots.txt says, in words
    PRIMARY KEY (crawl_id, host_hash)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE {collation};

-- Sitemaps that were read, or were to be.
CREATE TABLE IF NOT EXISTS sitemaps (
    crawl_id   BIGINT      NOT NULL,
    url_hash   BINARY(16)  NOT NULL,
    url        LONGTEXT    NOT NULL,
    state      VARCHAR(16) NOT NULL,      -- ok | failed | skipped
    status     INT,
    urls       BIGINT      NOT NULL,
    sitemaps   BIGINT      NOT NULL,      -- how many of these are sitemaps
    depth      BIGINT      NOT NULL,      -- index files above it
    error      LONGTEXT,
    created_at DATETIME(3) NOT NULL,
    PRIMARY KEY (crawl_id, url_hash)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE {collation};

-- Links to pages that ended `failed`, with the pages that hold them. The links are read once; which of
-- them are broken is asked of the failed pages alone.
CREATE OR REPLACE VIEW broken_links AS
SELECT links.crawl_id, page.url AS page, target.url AS link, target.status, target.error,
       links.anchor
FROM links
JOIN scraped_pages AS target ON target.id = links.to_id
JOIN scraped_pages AS page ON page.id = links.from_id
WHERE target.state = 'failed';

-- URLs that led elsewhere; `redirects` is a JSON array of {"url", "status"}, `hops` its length.
CREATE OR REPLACE VIEW redirects AS
SELECT crawl_id, url, final_url, status, JSON_LENGTH(redirects) AS hops, redirects
FROM scraped_pages WHERE redirects IS NOT NULL;

-- The hundred slowest of each crawl.
CREATE OR REPLACE VIEW slow_pages AS
SELECT crawl_id, url, elapsed_ms, content_length, status
FROM (SELECT crawl_id, url, elapsed_ms, content_length, status,
             ROW_NUMBER() OVER (PARTITION BY crawl_id ORDER BY elapsed_ms DESC, id) AS place
      FROM scraped_pages WHERE state <> 'skipped') AS timed
WHERE place <= 100;

-- Pages with the same bytes as another one of their crawl. Redirects to one page are no copies.
CREATE OR REPLACE VIEW duplicates AS
SELECT crawl_id, LOWER(HEX(body_hash)) AS body_hash, copies, url
FROM (SELECT crawl_id, body_hash, url,
             COUNT(*) OVER (PARTITION BY crawl_id, body_hash) AS copies
      FROM scraped_pages
      WHERE state = 'ok' AND body_hash IS NOT NULL AND content_length > 0 AND final_url IS NULL)
     AS hashed
WHERE copies > 1;

-- Null is the status of what was not answered, or not asked for.
CREATE OR REPLACE VIEW by_status AS
SELECT crawl_id, status, COUNT(*) AS pages, SUM(content_length) AS bytes,
       CAST(ROUND(AVG(elapsed_ms)) AS SIGNED) AS mean_ms
FROM scraped_pages GROUP BY crawl_id, status;

-- The mean is that of the pages that were asked for, null when there are none.
CREATE OR REPLACE VIEW by_host AS
SELECT crawl_id, host, COUNT(*) AS pages, SUM(state = 'ok') AS ok, SUM(state = 'failed') AS failed,
       SUM(state = 'skipped') AS skipped, SUM(content_length) AS bytes,
       CAST(ROUND(AVG(CASE WHEN state <> 'skipped' THEN elapsed_ms END)) AS SIGNED) AS mean_ms
FROM scraped_pages GROUP BY crawl_id, host;
