-- `resent`: requests for the URL that do not count as attempts: the server never processed them, or its
-- host refused them (429, 503) or was down.
--
-- `not_parsed`: why the body of an `ok` page was not parsed for links, for example `image/png`; null
-- when it was, or when there is nothing to parse.
--
-- The server writes no row for it: a constant default is kept beside the table.
ALTER TABLE scraped_pages
    ADD COLUMN resent     INTEGER NOT NULL DEFAULT 0,
    ADD COLUMN not_parsed TEXT COLLATE "C";

ALTER TABLE frontier
    ADD COLUMN resent INTEGER NOT NULL DEFAULT 0;

-- The retries in `totals` held requests that count as resent from now on. A crawl that is to be resumed
-- continues with what its rows say: the attempts after the first of a page, and every attempt of a URL
-- that is tried again.
UPDATE crawls SET totals = jsonb_set(totals::jsonb, '{retries}', to_jsonb(
    (SELECT coalesce(sum(greatest(attempts - 1, 0)), 0)::bigint FROM scraped_pages
     WHERE scraped_pages.id BETWEEN crawls.id << 32 AND (crawls.id << 32) + 4294967295) +
    (SELECT coalesce(sum(attempts), 0)::bigint FROM frontier
     WHERE frontier.id BETWEEN crawls.id << 32 AND (crawls.id << 32) + 4294967295)))::text
WHERE state <> 'complete' AND (totals::jsonb ->> 'retries')::bigint > 0;
