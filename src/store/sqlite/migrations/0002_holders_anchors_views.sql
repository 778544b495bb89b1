-- Who runs a crawl. All null: nobody.
ALTER TABLE crawls ADD COLUMN holder_host  TEXT;
ALTER TABLE crawls ADD COLUMN holder_pid   INTEGER;
ALTER TABLE crawls ADD COLUMN holder_token INTEGER;  -- of the open store, not 0
ALTER TABLE crawls ADD COLUMN held_since   TEXT;
ALTER TABLE crawls ADD COLUMN beat_at      TEXT;     -- last sign of life

-- Text of the link, at most 200 characters, null when it has none.
ALTER TABLE links ADD COLUMN anchor TEXT;

-- Where the broken links lead. Pages that are well are not in it.
CREATE INDEX scraped_pages_failed ON scraped_pages (crawl_id) WHERE state = 'failed';

-- Links to pages that ended `failed`, with the pages that hold them. The links are read once; which
-- of them are broken is asked of the failed pages alone.
CREATE VIEW broken_links AS
SELECT links.crawl_id, page.url AS page, target.url AS link, target.status, target.error,
       links.anchor
FROM links
CROSS JOIN scraped_pages AS target ON target.id = links.to_id
CROSS JOIN scraped_pages AS page ON page.id = links.from_id
WHERE links.to_id IN (SELECT id FROM scraped_pages WHERE state = 'failed');

-- URLs that led elsewhere; `redirects` is a JSON array of {"url", "status"}, `hops` its length.
CREATE VIEW redirects AS
SELECT crawl_id, url, final_url, status, json_array_length(redirects) AS hops, redirects
FROM scraped_pages WHERE redirects IS NOT NULL;

-- The hundred slowest of each crawl.
CREATE VIEW slow_pages AS
SELECT crawl_id, url, elapsed_ms, content_length, status
FROM (SELECT crawl_id, url, elapsed_ms, content_length, status,
             row_number() OVER (PARTITION BY crawl_id ORDER BY elapsed_ms DESC, id) AS place
      FROM scraped_pages WHERE state <> 'skipped') AS timed
WHERE place <= 100;

-- Pages with the same bytes as another one of their crawl. Redirects to one page are no copies.
CREATE VIEW duplicates AS
SELECT crawl_id, lower(hex(body_hash)) AS body_hash, copies, url
FROM (SELECT crawl_id, body_hash, url,
             count(*) OVER (PARTITION BY crawl_id, body_hash) AS copies
      FROM scraped_pages
      WHERE state = 'ok' AND body_hash IS NOT NULL AND content_length > 0 AND final_url IS NULL)
     AS hashed
WHERE copies > 1;

-- Null is the status of what was not answered, or not asked for.
CREATE VIEW by_status AS
SELECT crawl_id, status, count(*) AS pages, sum(content_length) AS bytes,
       CAST(round(avg(elapsed_ms)) AS INTEGER) AS mean_ms
FROM scraped_pages GROUP BY crawl_id, status;

-- The mean is that of the pages that were asked for, null when there are none.
CREATE VIEW by_host AS
SELECT crawl_id, host, count(*) AS pages, sum(state = 'ok') AS ok, sum(state = 'failed') AS failed,
       sum(state = 'skipped') AS skipped, sum(content_length) AS bytes,
       CAST(round(avg(CASE WHEN state <> 'skipped' THEN elapsed_ms END)) AS INTEGER) AS mean_ms
FROM scraped_pages GROUP BY crawl_id, host;
