-- `resent`: requests for the URL that do not count as attempts: the server never processed them, or its
-- host refused them (429, 503) or was down.
--
-- `not_parsed`: why the body of an `ok` page was not parsed for links, for example `image/png`; null
-- when it was, or when there is nothing to parse.
--
-- A migration that was cut short is run again from its beginning, and MySQL does not know `ADD COLUMN
-- IF NOT EXISTS`: so each table is changed only when it has no `resent` yet. One ALTER TABLE is done as a
-- whole or not at all.
SET @crawldeck_change = IF(
    (SELECT COUNT(*) FROM information_schema.columns WHERE table_schema = DATABASE()
     AND table_name = 'scraped_pages' AND column_name = 'resent') = 0,
    'ALTER TABLE scraped_pages ADD COLUMN resent BIGINT NOT NULL DEFAULT 0, ADD COLUMN not_parsed LONGTEXT',
    'DO 0');
PREPARE crawldeck_change FROM @crawldeck_change;
EXECUTE crawldeck_change;

SET @crawldeck_change = IF(
    (SELECT COUNT(*) FROM information_schema.columns WHERE table_schema = DATABASE()
     AND table_name = 'frontier' AND column_name = 'resent') = 0,
    'ALTER TABLE frontier ADD COLUMN resent BIGINT NOT NULL DEFAULT 0',
    'DO 0');
PREPARE crawldeck_change FROM @crawldeck_change;
EXECUTE crawldeck_change;
DEALLOCATE PREPARE crawldeck_change;

-- The retries in `totals` held requests that count as resent from now on. A crawl that is to be resumed
-- continues with what its rows say: the attempts after the first of a page, and every attempt of a URL
-- that is tried again.
UPDATE crawls SET totals = JSON_SET(totals, '$.retries', CAST(
    (SELECT COALESCE(SUM(GREATEST(attempts - 1, 0)), 0) FROM scraped_pages
     WHERE scraped_pages.id BETWEEN crawls.id << 32 AND (crawls.id << 32) + 4294967295) +
    (SELECT COALESCE(SUM(attempts), 0) FROM frontier
     WHERE frontier.id BETWEEN crawls.id << 32 AND (crawls.id << 32) + 4294967295) AS SIGNED))
WHERE state <> 'complete' AND JSON_EXTRACT(totals, '$.retries') > 0;
