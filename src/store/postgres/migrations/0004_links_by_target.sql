-- Who links to a page, and with what text: in blocks of 1,024 pages that hold links (a block belongs to one
-- crawl), by target. What a page links to goes into the last block. By target alone, each link would touch
-- a leaf of its own. Asking costs one search per block.
CREATE INDEX links_by_target ON links ((from_id >> 10), to_id);
