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
