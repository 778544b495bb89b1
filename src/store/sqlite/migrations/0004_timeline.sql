-- What was measured while the crawl ran: a row for about ten seconds, none of which mixes two settings or
-- two runs. Times in ms, sizes in bytes. Null: nothing was answered, or there is no limit.
CREATE TABLE timeline (
    crawl_id      INTEGER NOT NULL,
    seq           INTEGER NOT NULL,  -- counts up through all runs of the crawl, from 1
    run           INTEGER NOT NULL,  -- 1 for the first, one more for each time it was resumed
    at            TEXT    NOT NULL,  -- end of the span
    span_ms       INTEGER NOT NULL,  -- time covered, pauses left out
    conditions    INTEGER NOT NULL,  -- counts up in a run when a fault, a scene or a host's limit changes
    permits       INTEGER NOT NULL,
    workers       INTEGER NOT NULL,
    queue         INTEGER NOT NULL,
    rate          REAL,              -- requests/s
    pages         INTEGER NOT NULL,  -- finished after at least one request
    pages_sd      REAL,              -- standard deviation of the pages from second to second
    bytes         INTEGER NOT NULL,
    requests      INTEGER NOT NULL,  -- that ended
    retries       INTEGER NOT NULL,
    errors        INTEGER NOT NULL,  -- of the requests: 5xx, timed out, broken
    refused       INTEGER NOT NULL,  -- of the requests: 429
    p50_ms        REAL,
    p95_ms        REAL,
    mean_ms       REAL,
    in_flight     REAL    NOT NULL,  -- mean
    queued        REAL    NOT NULL,  -- URLs in the queue, mean
    saver_backlog INTEGER NOT NULL,  -- bytes that wait for the saver, most
    loop_delay_ms REAL    NOT NULL,  -- of the event loop, mean
    cpu_percent   REAL    NOT NULL,  -- of one core, mean
    memory        INTEGER NOT NULL,  -- resident, most
    PRIMARY KEY (crawl_id, seq)
) WITHOUT ROWID;

-- What a change gave: null where no throughput follows from it, and while it is measured.
ALTER TABLE changes ADD COLUMN pages_per_s_before REAL;
ALTER TABLE changes ADD COLUMN pages_per_s_after  REAL;
ALTER TABLE changes ADD COLUMN p95_ms_before      REAL;
ALTER TABLE changes ADD COLUMN p95_ms_after       REAL;
ALTER TABLE changes ADD COLUMN effect             TEXT;  -- better | worse | no difference | …
