-- Who links to a page, and with what text: in blocks of 1,024 pages that hold links (a block belongs to one
-- crawl), by target, by page, with which SQLite ends each entry. What a page links to goes into the last
-- block, a few hundred leaves, which stay in memory. By target alone, each link would touch a leaf of its own.
-- Measured, ten million links of 333,000 pages: 1.8 µs of CPU a link without an index, 2.8 µs with this one,
-- 4.8 µs with blocks of 16,384 pages, some 30 µs by target alone. Asking costs one search per block: 0.008 ms.
CREATE INDEX links_by_target ON links (from_id >> 10, to_id);
