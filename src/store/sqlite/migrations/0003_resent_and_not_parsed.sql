-- Requests for the URL that do not count as attempts: the server never processed them, or its host
-- refused them (429, 503) or was down.
ALTER TABLE scraped_pages ADD COLUMN resent INTEGER NOT NULL DEFAULT 0;
ALTER TABLE frontier      ADD COLUMN resent INTEGER NOT NULL DEFAULT 0;

-- Why the body of an `ok` page was not parsed for links, for example `image/png`; null when it was,
-- or when there is nothing to parse.
ALTER TABLE scraped_pages ADD COLUMN not_parsed TEXT;

-- The retries in `totals` held requests that count as resent from now on. A crawl that is to be resumed
-- continues with what its rows say: the attempts after the first of a page, and every attempt of a URL
-- that is tried again.
UPDATE crawls SET totals = json_set(totals, '$.retries',
    (SELECT coalesce(sum(max(attempts - 1, 0)), 0) FROM scraped_pages
     WHERE id BETWEEN crawls.id << 32 AND (crawls.id << 32) + 4294967295) +
    (SELECT coalesce(sum(attempts), 0) FROM frontier
     WHERE id BETWEEN crawls.id << 32 AND (crawls.id << 32) + 4294967295))
WHERE state <> 'complete' AND totals ->> '$.retries' > 0;
