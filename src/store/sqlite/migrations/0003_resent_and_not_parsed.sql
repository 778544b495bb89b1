-- Requests for the URL that do not count as attempts: the server never processed them, or its host
-- refused them (429, 503) or was down.
ALTER TABLE scraped_pages ADD COLUMN resent INTEGER NOT NULL DEFAULT 0;
ALTER TABLE frontier      ADD COLUMN resent INTEGER NOT NULL DEFAULT 0;

-- Why the body of an `ok` page was not parsed for links, for example `image/png`; null when it was,
-- or when there is nothing to parse.
ALTER TABLE scraped_pages ADD COLUMN not_parsed TEXT;
