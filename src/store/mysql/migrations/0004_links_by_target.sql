-- Who links to a page, and with what text: in blocks of 1,024 pages that hold links (a block belongs to one
-- crawl), by target, by page. What a page links to goes into the last block. By target alone, each link
-- would touch a leaf of its own. Asking costs one search per block.
--
-- The block is a plain column with a computed default, because indexes on computed columns have a history
-- of bugs.
--
-- A migration that was cut short is run again from its beginning, and MySQL does not know `ADD COLUMN
-- IF NOT EXISTS`: so the table is changed only when it has no `from_block` yet. One ALTER TABLE is done as a
-- whole or not at all.
SET @crawldeck_change = IF(
    (SELECT COUNT(*) FROM information_schema.columns WHERE table_schema = DATABASE()
     AND table_name = 'links' AND column_name = 'from_block') = 0,
    'ALTER TABLE links ADD COLUMN from_block BIGINT NOT NULL DEFAULT (from_id DIV 1024) INVISIBLE, ADD KEY links_by_target (from_block, to_id)',
    'DO 0');
PREPARE crawldeck_change FROM @crawldeck_change;
EXECUTE crawldeck_change;
DEALLOCATE PREPARE crawldeck_change;
