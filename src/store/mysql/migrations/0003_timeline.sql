-- What was measured while the crawl ran: a row for about ten seconds, none of which mixes two settings or
-- two runs. Times in ms, sizes in bytes. Null: nothing was answered, or there is no limit.
CREATE TABLE IF NOT EXISTS timeline (
    crawl_id      BIGINT NOT NULL,
    seq           BIGINT NOT NULL,            -- counts up through all runs of the crawl, from 1
    run           BIGINT NOT NULL,            -- 1 for the first, one more for each time it was resumed
    at            DATETIME(3) NOT NULL,       -- end of the span
    span_ms       BIGINT NOT NULL,            -- time covered, pauses left out
    conditions    BIGINT NOT NULL,            -- counts up in a run when a fault, a scene or a host's limit changes
    permits       BIGINT NOT NULL,
    workers       BIGINT NOT NULL,
    queue         BIGINT NOT NULL,
    rate          DOUBLE,                     -- requests/s
    pages         BIGINT NOT NULL,            -- finished after at least one request
    pages_sd      DOUBLE,                     -- standard deviation of the pages from second to second
    bytes         BIGINT NOT NULL,
    requests      BIGINT NOT NULL,            -- that ended
    retries       BIGINT NOT NULL,
    errors        BIGINT NOT NULL,            -- of the requests: 5xx, timed out, broken
    refused       BIGINT NOT NULL,            -- of the requests: 429
    p50_ms        DOUBLE,
    p95_ms        DOUBLE,
    mean_ms       DOUBLE,
    in_flight     DOUBLE NOT NULL,            -- mean
    queued        DOUBLE NOT NULL,            -- URLs in the queue, mean
    saver_backlog BIGINT NOT NULL,            -- bytes that wait for the saver, most
    loop_delay_ms DOUBLE NOT NULL,            -- of the event loop, mean
    cpu_percent   DOUBLE NOT NULL,            -- of one core, mean
    memory        BIGINT NOT NULL,            -- resident, most
    PRIMARY KEY (crawl_id, seq)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE {collation};

-- What a change gave: null where no throughput follows from it, and while it is measured. `effect`: better,
-- worse, no difference, …
--
-- A migration that was cut short is run again from its beginning, and MySQL does not know `ADD COLUMN
-- IF NOT EXISTS`: so the table is changed only when it has no `effect` yet. One ALTER TABLE is done as a
-- whole or not at all.
SET @crawldeck_change = IF(
    (SELECT COUNT(*) FROM information_schema.columns WHERE table_schema = DATABASE()
     AND table_name = 'changes' AND column_name = 'effect') = 0,
    'ALTER TABLE changes ADD COLUMN pages_per_s_before DOUBLE, ADD COLUMN pages_per_s_after DOUBLE, ADD COLUMN p95_ms_before DOUBLE, ADD COLUMN p95_ms_after DOUBLE, ADD COLUMN effect LONGTEXT',
    'DO 0');
PREPARE crawldeck_change FROM @crawldeck_change;
EXECUTE crawldeck_change;
DEALLOCATE PREPARE crawldeck_change;
