//! What was measured while a crawl ran, and what its changes gave.

use super::*;

/// A row with a value of its own in every column.
fn full(seq: u64) -> TimelineRow {
    TimelineRow {
        seq,
        run: 3,
        at_ms: AT,
        span_ms: 9_870,
        conditions: 2,
        permits: 16,
        workers: 40,
        queue: 100,
        rate: Some(12.5),
        pages: 321,
        pages_sd: Some(4.125),
        bytes: 1 << 40,
        requests: 330,
        retries: 5,
        errors: 7,
        refused: 11,
        p50_ms: Some(20.001),
        p95_ms: Some(0.1),
        mean_ms: Some(33.333),
        in_flight: 15.9,
        queued: 88.25,
        saver_backlog: 123_456,
        loop_delay_ms: 0.2,
        cpu_percent: 101.7,
        memory: 98_765_432,
    }
}

/// Times are UTC, durations ms, sizes bytes; null where nothing was answered, and without a limit.
pub(super) async fn a_row_holds_what_it_was_given(store: &Db) {
    let crawl = store.create_crawl("{}").await.unwrap();
    let nothing = TimelineRow {
        rate: None,
        pages_sd: None,
        p50_ms: None,
        p95_ms: None,
        mean_ms: None,
        ..full(2)
    };
    let batch = Batch { timeline: vec![full(1), nothing.clone()], ..Batch::default() };
    store.commit(crawl, &batch).await.unwrap();
    let expected = [
        ("crawl_id", Value::Int(crawl)),
        ("seq", Value::Int(1)),
        ("run", Value::Int(3)),
        ("at", text("2026-11-01 12:00:00.250")),
        ("span_ms", Value::Int(9_870)),
        ("conditions", Value::Int(2)),
        ("permits", Value::Int(16)),
        ("workers", Value::Int(40)),
        ("queue", Value::Int(100)),
        ("rate", Value::Real(12.5)),
        ("pages", Value::Int(321)),
        ("pages_sd", Value::Real(4.125)),
        ("bytes", Value::Int(1 << 40)),
        ("requests", Value::Int(330)),
        ("retries", Value::Int(5)),
        ("errors", Value::Int(7)),
        ("refused", Value::Int(11)),
        ("p50_ms", Value::Real(20.001)),
        ("p95_ms", Value::Real(0.1)),
        ("mean_ms", Value::Real(33.333)),
        ("in_flight", Value::Real(15.9)),
        ("queued", Value::Real(88.25)),
        ("saver_backlog", Value::Int(123_456)),
        ("loop_delay_ms", Value::Real(0.2)),
        ("cpu_percent", Value::Real(101.7)),
        ("memory", Value::Int(98_765_432)),
    ];
    assert_eq!(only_row(store, "SELECT * FROM timeline WHERE seq = 1").await, named(expected));
    assert_eq!(store.timeline(crawl, 10).await.unwrap(), [full(1), nothing]);
}

/// Of one crawl, and no more than were asked for; a row that is written again stays as it was.
pub(super) async fn the_newest_rows_are_read_oldest_first(store: &Db) {
    let crawl = store.create_crawl("{}").await.unwrap();
    let other = store.create_crawl("{}").await.unwrap();
    let rows = |seqs: std::ops::Range<u64>| Batch {
        timeline: seqs.map(timeline).collect(),
        ..Batch::default()
    };
    store.commit(crawl, &rows(1..700)).await.unwrap();
    store.commit(other, &rows(1..4)).await.unwrap();
    let mut again = rows(650..720);
    again.timeline[0].pages = 1;
    store.commit(crawl, &again).await.unwrap();
    let read = store.timeline(crawl, 100).await.unwrap();
    assert_eq!(read, (620..720).map(timeline).collect::<Vec<_>>());
    assert_eq!(store.timeline(crawl, 1000).await.unwrap().len(), 719);
    assert_eq!(store.timeline(other, 1000).await.unwrap().len(), 3);
    assert!(store.timeline(99, 1000).await.unwrap().is_empty());
}

/// No database takes every number that a computation may give.
pub(super) async fn numbers_that_are_none_do_no_harm(store: &Db) {
    let crawl = store.create_crawl("{}").await.unwrap();
    let none = TimelineRow {
        rate: Some(f64::INFINITY),
        pages_sd: Some(f64::NAN),
        p95_ms: Some(f64::NEG_INFINITY),
        in_flight: f64::NAN,
        cpu_percent: f64::INFINITY,
        ..full(1)
    };
    let effect = EffectColumns {
        pages_per_s_before: f64::NAN,
        p95_ms_before: Some(f64::INFINITY),
        word: "cannot be told",
        ..EffectColumns::default()
    };
    let batch = Batch {
        timeline: vec![none],
        changes: vec![ChangeRow { effect: Some(effect), ..change(1, "one") }],
        ..Batch::default()
    };
    store.commit(crawl, &batch).await.unwrap();
    let expected = TimelineRow {
        rate: None,
        pages_sd: None,
        p95_ms: None,
        in_flight: 0.0,
        cpu_percent: 0.0,
        ..full(1)
    };
    assert_eq!(store.timeline(crawl, 10).await.unwrap(), [expected]);
    let gave = "SELECT pages_per_s_before, pages_per_s_after, p95_ms_before, effect FROM changes";
    let gave = rows(store, gave).await;
    assert_eq!(gave, [[Value::Null, Value::Real(0.0), Value::Null, text("cannot be told")]]);
}

/// An entry is written when it is made, and once more when it is known what it gave.
pub(super) async fn changes_have_what_they_gave(store: &Db) {
    let crawl = store.create_crawl("{}").await.unwrap();
    let effect = EffectColumns {
        pages_per_s_before: 100.125,
        pages_per_s_after: 131.0,
        p95_ms_before: Some(80.5),
        p95_ms_after: Some(90.0),
        word: "better",
    };
    let known = ChangeRow { effect: Some(effect), ..change(1, "permits 16 → 24") };
    for changes in [vec![change(1, "permits 16 → 24"), change(2, "pause")], vec![known]] {
        store.commit(crawl, &Batch { changes, ..Batch::default() }).await.unwrap();
    }
    let sql = "SELECT what, pages_per_s_before, pages_per_s_after, p95_ms_before, p95_ms_after, \
               effect FROM changes ORDER BY seq";
    let real = [100.125, 131.0, 80.5, 90.0].map(Value::Real);
    let first = [&[text("permits 16 → 24")], real.as_slice(), &[text("better")]].concat();
    let second = [&[text("pause")], vec![Value::Null; 5].as_slice()].concat();
    assert_eq!(rows(store, sql).await, [first, second]);
}

/// Bytes that the table takes on disk, its key with it.
async fn bytes(store: &Db) -> i64 {
    let sql = match &store.place {
        Place::Sqlite(_) => "SELECT sum(pgsize) FROM dbstat WHERE name = 'timeline'",
        Place::Postgres(..) => "SELECT pg_total_relation_size('timeline')",
        Place::MySql(..) => {
            store.place.execute("ANALYZE TABLE timeline").await;
            "SELECT cast(data_length + index_length AS SIGNED) FROM information_schema.tables \
             WHERE table_schema = DATABASE() AND table_name = 'timeline'"
        }
    };
    rows(store, sql).await[0][0].as_int().unwrap()
}

/// Whatever the numbers in it are.
pub(super) async fn a_row_takes_300_bytes_at_most(store: &Db) {
    let crawl = store.create_crawl("{}").await.unwrap();
    let most = i64::MAX as u64;
    let largest = |seq: u64| TimelineRow {
        seq: most / 2 + seq,
        run: u32::MAX,
        at_ms: AT,
        span_ms: most,
        conditions: u32::MAX,
        permits: u32::MAX,
        workers: u32::MAX,
        queue: u32::MAX,
        rate: Some(0.1),
        pages: most,
        pages_sd: Some(0.1),
        bytes: most,
        requests: most,
        retries: most,
        errors: most,
        refused: most,
        p50_ms: Some(0.1),
        p95_ms: Some(0.1),
        mean_ms: Some(0.1),
        in_flight: 0.1,
        queued: 0.1,
        saver_backlog: most,
        loop_delay_ms: 0.1,
        cpu_percent: 0.1,
        memory: most,
    };
    // In batches of a few, as a crawl writes them, and so many that what a table takes at least, and what
    // it takes in advance, matter little.
    let rows = 40_000;
    for batch in 0..40 {
        let timeline = (0..rows / 40).map(|n| largest(batch * rows / 40 + n)).collect();
        store.commit(crawl, &Batch { timeline, ..Batch::default() }).await.unwrap();
    }
    let each = bytes(store).await as f64 / rows as f64;
    assert!(each <= 300.0, "{each} bytes");
}
