//! One crawl, one owner: who may write, who is refused, who takes over.

use super::*;

fn one_page(crawl: CrawlId, seq: u32) -> Batch {
    Batch { pages: vec![page(crawl, seq)], ..Batch::default() }
}

/// Host, process and whether it is silent for long, in the table.
async fn owner(store: &Db, crawl: CrawlId) -> Vec<Value> {
    let sql = format!(
        "SELECT holder_host, holder_pid, holder_token, held_since, beat_at FROM crawls \
         WHERE id = {crawl}"
    );
    rows(store, &sql).await.remove(0)
}

/// Somebody else alive is named, and nothing is changed.
pub(super) async fn a_living_owner_keeps_its_crawl(store: &Db) {
    let crawl = store.create_crawl("{}").await.unwrap();
    let before = owner(store, crawl).await;
    assert_eq!(before[1], Value::Int(i64::from(std::process::id())));
    let second = store.another().await;
    for named in [None, Some(crawl)] {
        let error = second.open_crawl(named).await.unwrap_err();
        let StoreError::Held { crawl: named, pid, since, .. } = &error else { panic!("{error}") };
        assert_eq!((*named, *pid), (crawl, std::process::id()));
        assert!(before[3].as_text().unwrap().starts_with(since.as_str()), "{since}");
        let line = error.to_string();
        for said in [
            format!("crawl {crawl} in "),
            format!("is being run by pid {} on ", std::process::id()),
            format!(" since {since} UTC: stop it, or wait until it ends"),
        ] {
            assert!(line.contains(&said), "{line}");
        }
        assert_eq!(line.lines().count(), 1);
        assert!(!error.is_transient());
    }
    // Neither does it write, nor beat, nor end it.
    for error in [
        second.commit(crawl, &one_page(crawl, 1)).await.unwrap_err(),
        second.heartbeat(crawl).await.unwrap_err(),
        second.set_state(crawl, CrawlState::Stopped).await.unwrap_err(),
    ] {
        assert!(matches!(error, StoreError::TakenOver { .. }), "{error}");
    }
    assert_eq!(owner(store, crawl).await, before);
    assert!(seen(store, crawl).await.is_empty());
    // The owner itself may open it again.
    assert_eq!(store.open_crawl(None).await.unwrap().id, crawl);
    store.commit(crawl, &one_page(crawl, 1)).await.unwrap();
    second.close().await;
}

/// A crawl whose owner is silent, gone or closed goes to the next store that claims it.
pub(super) async fn a_dead_owner_is_taken_over(store: &Db) {
    let crawl = store.create_crawl("{}").await.unwrap();
    let kill = async |set: &str| {
        store.place.execute(&format!("UPDATE crawls SET {set} WHERE id = {crawl}")).await;
    };
    // Alive elsewhere, as far as anybody can tell.
    kill("holder_host = 'elsewhere.test', holder_pid = 7").await;
    let second = store.another().await;
    let held = second.open_crawl(None).await.unwrap_err();
    let StoreError::Held { host, pid: 7, .. } = &held else { panic!("{held}") };
    assert_eq!(host, "elsewhere.test");

    // Silent for long.
    kill("beat_at = '2020-01-01 00:00:00.000'").await;
    assert_eq!(second.open_crawl(None).await.unwrap().id, crawl);
    second.commit(crawl, &one_page(crawl, 1)).await.unwrap();

    // A process of this machine that is no more.
    kill("holder_pid = 2147483647, holder_token = 5").await;
    let third = store.another().await;
    assert_eq!(third.open_crawl(None).await.unwrap().next_seq, 2);

    // A store of this process that is no more: closed, or dropped as it was.
    third.close().await;
    let fourth = store.another().await;
    assert_eq!(fourth.open_crawl(None).await.unwrap().id, crawl);
    drop(fourth);
    assert_eq!(store.open_crawl(None).await.unwrap().id, crawl);
    second.close().await;
}

/// A store that lost its lease writes nothing any more, however often it tries.
pub(super) async fn a_crawl_taken_over_cannot_be_written(store: &Db) {
    let crawl = store.create_crawl("{}").await.unwrap();
    store.commit(crawl, &one_page(crawl, 1)).await.unwrap();
    store.place.execute("UPDATE crawls SET beat_at = '2020-01-01 00:00:00.000'").await;
    let second = store.another().await;
    assert_eq!(second.open_crawl(None).await.unwrap().id, crawl);
    let everything = Batch {
        pages: vec![page(crawl, 2)],
        links: vec![link(crawl, 2, 1)],
        discovered: vec![open_url(crawl, 3)],
        restored: vec![open_url(crawl, 1)],
        sitemaps: vec![sitemap("http://h/s.xml")],
        changes: vec![change(1, "lost")],
        totals: Some("{\"lost\":1}".to_owned()),
        settings: Some("{\"lost\":1}".to_owned()),
        ..Batch::default()
    };
    for _ in 0..2 {
        for error in [
            store.commit(crawl, &everything).await.unwrap_err(),
            store.heartbeat(crawl).await.unwrap_err(),
            store.set_state(crawl, CrawlState::Complete).await.unwrap_err(),
        ] {
            let StoreError::TakenOver { pid, crawl: named, .. } = &error else { panic!("{error}") };
            assert_eq!((*pid, *named), (std::process::id(), crawl));
            assert_eq!(error.to_string().lines().count(), 1);
            assert!(!error.is_transient());
        }
    }
    let opened = second.open_crawl(Some(crawl)).await.unwrap();
    assert_eq!((opened.next_seq, opened.open, opened.totals), (2, 0, None));
    assert_eq!((opened.settings.as_str(), opened.changes.len()), ("{}", 0));
    for table in ["links", "sitemaps"] {
        assert_eq!(
            rows(store, &format!("SELECT count(*) FROM {table}")).await[0][0],
            Value::Int(0)
        );
    }
    // Ended by the other, it is nobody's.
    second.set_state(crawl, CrawlState::Stopped).await.unwrap();
    for error in [
        store.commit(crawl, &everything).await.unwrap_err(),
        store.heartbeat(crawl).await.unwrap_err(),
    ] {
        assert!(matches!(error, StoreError::NotHeld { .. }), "{error}");
        assert!(!error.is_transient());
    }
    second.close().await;
}

/// A crawl is let go when it ends, in whatever way.
pub(super) async fn a_crawl_that_ended_has_no_owner(store: &Db) {
    let crawl = store.create_crawl("{}").await.unwrap();
    let second = store.another().await;
    for state in [CrawlState::Stopped, CrawlState::Failed] {
        store.set_state(crawl, state).await.unwrap();
        assert_eq!(owner(store, crawl).await, vec![Value::Null; 5]);
        assert_eq!(second.open_crawl(Some(crawl)).await.unwrap().id, crawl);
        second.set_state(crawl, CrawlState::Stopped).await.unwrap();
        // Running, it stays held.
        store.open_crawl(Some(crawl)).await.unwrap();
        store.set_state(crawl, CrawlState::Running).await.unwrap();
        assert!(second.open_crawl(Some(crawl)).await.is_err());
    }
    second.close().await;
}

/// A heartbeat and a batch both move `beat_at`, and nothing else of the owner.
pub(super) async fn heartbeats_are_signs_of_life(store: &Db) {
    let crawl = store.create_crawl("{}").await.unwrap();
    let long_ago = "UPDATE crawls SET beat_at = '2020-01-01 00:00:00.000'";
    let before = owner(store, crawl).await;
    for beat in [true, false] {
        store.place.execute(long_ago).await;
        if beat {
            store.heartbeat(crawl).await.unwrap();
        } else {
            store.commit(crawl, &one_page(crawl, 1)).await.unwrap();
        }
        let after = owner(store, crawl).await;
        assert_eq!(after[..4], before[..4]);
        assert!(after[4].as_text() >= before[4].as_text(), "{after:?}");
        let second = store.another().await;
        let refused = second.open_crawl(None).await.unwrap_err();
        assert!(matches!(refused, StoreError::Held { .. }), "{refused}");
        second.close().await;
    }
    let error = store.heartbeat(99).await.unwrap_err();
    assert!(matches!(error, StoreError::NoSuchCrawl { crawl: 99, .. }), "{error}");
}

/// Of many that ask for the same crawl at the same moment, one gets it.
pub(super) async fn of_two_only_one_gets_it(store: &Db) {
    let crawl = store.create_crawl("{}").await.unwrap();
    store.set_state(crawl, CrawlState::Stopped).await.unwrap();
    let mut stores = Vec::new();
    for _ in 0..4 {
        stores.push(store.another().await);
    }
    let asked = stores.iter().map(|store| store.open_crawl(None));
    let answers = futures_util::future::join_all(asked).await;
    let got = answers.iter().filter(|answer| answer.is_ok()).count();
    assert_eq!(got, 1);
    for error in answers.into_iter().filter_map(Result::err) {
        assert!(matches!(error, StoreError::Held { .. }), "{error}");
    }
    for store in stores {
        store.close().await;
    }
}

/// Two crawls in one database do not get into each other's way.
pub(super) async fn two_stores_run_two_crawls_side_by_side(store: &Db) {
    let second = store.another().await;
    let crawls =
        (store.create_crawl("{}").await.unwrap(), second.create_crawl("{}").await.unwrap());
    assert_ne!(crawls.0, crawls.1);
    let run = async |store: &Arc<dyn Store>, crawl: CrawlId| {
        for n in 0..20 {
            let from = n * 100 + 1;
            let batch = Batch {
                pages: (from..from + 100).map(|seq| page(crawl, seq)).collect(),
                links: (from..from + 100).map(|seq| link(crawl, seq, seq + 1)).collect(),
                discovered: (from..from + 101).map(|seq| open_url(crawl, seq)).collect(),
                ..Batch::default()
            };
            store.commit(crawl, &batch).await.unwrap();
        }
    };
    let first: &Arc<dyn Store> = store;
    tokio::join!(run(first, crawls.0), run(&second, crawls.1));
    for crawl in [crawls.0, crawls.1] {
        assert_eq!(seen(store, crawl).await.len(), 2001);
        assert_eq!(frontier(store, crawl).await, [open_url(crawl, 2001)]);
        assert_eq!(store.count_ok(crawl).await.unwrap(), 2000);
    }
    second.close().await;
}
