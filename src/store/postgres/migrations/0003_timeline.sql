-- What was measured while the crawl ran: a row for about ten seconds, none of which mixes two settings or
-- two runs. Times in ms, sizes in bytes. Null: nothing was answered, or there is no limit.
CREATE TABLE timeline (
    crawl_id      BIGINT NOT NULL,
    seq           BIGINT NOT NULL,            -- counts up through all runs of the crawl, from 1
    run           BIGINT NOT NULL,            -- 1 for the first, one more for each time it was resumed
    at            TIMESTAMPTZ(3) NOT NULL,    -- end of the span
    span_ms       BIGINT NOT NULL,            -- time covered, pauses left out
    conditions    BIGINT NOT NULL,            -- counts up in a run when a fault, a scene or a host's limit changes
    permits       BIGINT NOT NULL,
    workers       BIGINT NOT NULL,
    queue         BIGINT NOT NULL,
    rate          DOUBLE PRECISION,           -- requests/s
    pages         BIGINT NOT NULL,            -- finished after at least one request
    pages_sd      DOUBLE PRECISION,           -- standard deviation of the pages from second to second
    bytes         BIGINT NOT NULL,
    requests      BIGINT NOT NULL,            -- that ended
    retries       BIGINT NOT NULL,
    errors        BIGINT NOT NULL,            -- of the requests: 5xx, timed out, broken
    refused       BIGINT NOT NULL,            -- of the requests: 429
    p50_ms        DOUBLE PRECISION,
    p95_ms        DOUBLE PRECISION,
    mean_ms       DOUBLE PRECISION,
    in_flight     DOUBLE PRECISION NOT NULL,  -- mean
    queued        DOUBLE PRECISION NOT NULL,  -- URLs in the queue, mean
    saver_backlog BIGINT NOT NULL,            -- bytes that wait for the saver, most
    loop_delay_ms DOUBLE PRECISION NOT NULL,  -- of the event loop, mean
    cpu_percent   DOUBLE PRECISION NOT NULL,  -- of one core, mean
    memory        BIGINT NOT NULL,            -- resident, most
    PRIMARY KEY (crawl_id, seq)
);

-- What a change gave: null where no throughput follows from it, and while it is measured.
ALTER TABLE changes
    ADD COLUMN pages_per_s_before DOUBLE PRECISION,
    ADD COLUMN pages_per_s_after  DOUBLE PRECISION,
    ADD COLUMN p95_ms_before      DOUBLE PRECISION,
    ADD COLUMN p95_ms_after       DOUBLE PRECISION,
    ADD COLUMN effect             TEXT COLLATE "C";  -- better | worse | no difference | …
