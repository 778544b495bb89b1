//! The frontier by host, and URLs that were skipped and are open again.

use super::*;

/// A row of another host than [`HOST`], with requests resent.
fn of_host(host: &str, row: FrontierRow) -> FrontierRow {
    FrontierRow { host_id: host_id(host), resent: 3, ..row }
}

fn skipped(crawl: CrawlId, seq: u32, reason: &str) -> PageRow {
    PageRow {
        state: PageState::Skipped,
        status: None,
        content_length: 0,
        content_type: None,
        title: None,
        error: Some(reason.to_owned()),
        ..page(crawl, seq)
    }
}

async fn skipped_because(store: &Arc<dyn Store>, crawl: CrawlId, reason: &str) -> Vec<FrontierRow> {
    store.skipped_because(crawl, reason, 0, u32::MAX).await.unwrap()
}

/// Hosts with their open URLs, in order of host.
async fn open_hosts(store: &Arc<dyn Store>, crawl: CrawlId) -> Vec<OpenHost> {
    let mut hosts = store.open_hosts(crawl).await.unwrap();
    hosts.sort_by_key(|host| host.host_id);
    hosts
}

/// The URLs of one host are read in order, in portions, whatever else waits and however far apart
/// their numbers are.
pub(super) async fn frontier_of_one_host(store: &Db) {
    let crawls = [
        store.create_crawl("{}").await.unwrap(),
        store.create_crawl("{}").await.unwrap(),
        store.create_crawl("{}").await.unwrap(),
    ];
    let numbers = [0, 1, 2, 65_535, 65_536, 65_537, 400_000, 90_000_000, u32::MAX];
    for crawl in crawls {
        let discovered = numbers.map(|seq| {
            let host = if seq % 2 == 0 { "even:1" } else { "odd:1" };
            of_host(host, open_url(crawl, seq))
        });
        store
            .commit(crawl, &Batch { discovered: discovered.into(), ..Batch::default() })
            .await
            .unwrap();
    }
    let seqs = async |host, after, limit| {
        let rows = store.frontier_of_host(crawls[1], host_id(host), after, limit).await.unwrap();
        rows.iter()
            .map(|row| {
                let seq = (row.id & 0xffff_ffff) as u32;
                assert_eq!(*row, of_host(host, open_url(crawls[1], seq)));
                seq
            })
            .collect::<Vec<_>>()
    };
    assert_eq!(seqs("odd:1", 0, 100).await, [1, 65_535, 65_537, u32::MAX]);
    assert_eq!(seqs("even:1", 0, 100).await, [0, 2, 65_536, 400_000, 90_000_000]);
    assert_eq!(seqs("even:1", 0, 3).await, [0, 2, 65_536]);
    assert_eq!(seqs("even:1", page_id(crawls[1], 2), 2).await, [65_536, 400_000]);
    assert_eq!(seqs("even:1", page_id(crawls[1], 65_536), 9).await, [400_000, 90_000_000]);
    assert_eq!(seqs("odd:1", page_id(crawls[1], 65_537), 9).await, [u32::MAX]);
    assert!(seqs("odd:1", page_id(crawls[1], u32::MAX), 9).await.is_empty());
    assert!(seqs("odd:1", page_id(crawls[2], 1), 9).await.is_empty());
    assert!(seqs("odd:1", 0, 0).await.is_empty());
    assert!(seqs("nobody:1", 0, 100).await.is_empty());
}

/// Every host with waiting URLs is listed with their number, and only those.
pub(super) async fn hosts_that_wait(store: &Db) {
    let crawl = store.create_crawl("{}").await.unwrap();
    let other = store.create_crawl("{}").await.unwrap();
    assert!(open_hosts(store, crawl).await.is_empty());
    for crawl in [crawl, other] {
        let discovered = (1..=3000)
            .chain(70_000..=70_005)
            .map(|seq| of_host(&format!("h{}:80", seq % 3), open_url(crawl, seq)))
            .collect();
        store.commit(crawl, &Batch { discovered, ..Batch::default() }).await.unwrap();
    }
    let expected = |counts: [(u32, u64, u32); 3]| {
        let mut hosts = counts.map(|(host, open, first)| OpenHost {
            host_id: host_id(&format!("h{host}:80")),
            open,
            url: url(first),
        });
        hosts.sort_by_key(|host| host.host_id);
        hosts
    };
    assert_eq!(
        open_hosts(store, crawl).await,
        expected([(0, 1002, 3), (1, 1002, 1), (2, 1002, 2)])
    );

    // Done, tried again, found: one host has none left, one has one more.
    let pages = (1..=1000).map(|n| page(crawl, n * 3)).chain([page(crawl, 1)]);
    let batch = Batch {
        pages: pages.chain([page(crawl, 70_002), page(crawl, 70_005)]).collect(),
        discovered: vec![of_host("h2:80", open_url(crawl, 80_000))],
        postponed: vec![postponed(crawl, 2, 1, AT)],
        ..Batch::default()
    };
    store.commit(crawl, &batch).await.unwrap();
    let mut left = expected([(0, 0, 0), (1, 1001, 4), (2, 1003, 2)]).to_vec();
    left.retain(|host| host.open > 0);
    assert_eq!(open_hosts(store, crawl).await, left);
    let untouched = open_hosts(store, other).await;
    assert_eq!(untouched.iter().map(|host| host.open).sum::<u64>(), 3006);
    assert_eq!(store.open_crawl(Some(crawl)).await.unwrap().open, 2004);
}

/// What was skipped for one reason comes back as it stood in the frontier, in order, in portions.
pub(super) async fn skipped_for_a_reason(store: &Db) {
    let crawl = store.create_crawl("{}").await.unwrap();
    let other = store.create_crawl("{}").await.unwrap();
    let reason = "excluded: /it's \0 100 %_/*";
    for crawl in [crawl, other] {
        let mut pages: Vec<_> = (1..=100).map(|seq| skipped(crawl, seq, reason)).collect();
        pages.push(skipped(crawl, 101, "robots.txt"));
        pages.push(PageRow { error: None, ..skipped(crawl, 102, "") });
        // The same words, but it was fetched.
        pages.push(PageRow { state: PageState::Failed, ..skipped(crawl, 103, reason) });
        pages.push(unlike_others(skipped(crawl, 70_000, reason)));
        // In no order.
        pages.reverse();
        store.commit(crawl, &Batch { pages, ..Batch::default() }).await.unwrap();
    }
    let all = skipped_because(store, crawl, reason).await;
    assert_eq!(all.len(), 101);
    assert_eq!(all[0], as_frontier_row(&skipped(crawl, 1, reason)));
    assert_eq!(all[100], as_frontier_row(&unlike_others(skipped(crawl, 70_000, reason))));

    let read = async |after| store.skipped_because(crawl, reason, after, 40).await;
    assert_eq!(in_portions(read).await, (all.clone(), vec![40, 40, 21]));

    assert_eq!(skipped_because(store, crawl, "robots.txt").await.len(), 1);
    for nothing in ["", "excluded", "ROBOTS.TXT", "robots.txt "] {
        assert!(skipped_because(store, crawl, nothing).await.is_empty(), "{nothing:?}");
    }

    // Saved again for another reason, it is no longer among them.
    let pages = vec![skipped(crawl, 1, "robots.txt"), page(crawl, 2)];
    store.commit(crawl, &Batch { pages, ..Batch::default() }).await.unwrap();
    assert_eq!(skipped_because(store, crawl, reason).await, all[2..]);
    assert_eq!(skipped_because(store, crawl, "robots.txt").await.len(), 2);
}

/// What is restored is open and not done, and can be done again.
pub(super) async fn restores(store: &Db) {
    let crawl = store.create_crawl("{}").await.unwrap();
    let other = store.create_crawl("{}").await.unwrap();
    for crawl in [crawl, other] {
        let pages = (2..=700).map(|seq| skipped(crawl, seq, "excluded"));
        let batch = Batch { pages: pages.chain([page(crawl, 1)]).collect(), ..Batch::default() };
        store.commit(crawl, &batch).await.unwrap();
    }
    let restored = skipped_because(store, crawl, "excluded").await;
    assert_eq!(restored.len(), 699);

    let batch = Batch {
        restored: restored.clone(),
        // Two of them are done at once, one is tried and postponed, and a URL is found.
        pages: vec![page(crawl, 2), skipped(crawl, 700, "robots.txt")],
        discovered: vec![open_url(crawl, 701)],
        postponed: vec![postponed(crawl, 3, 5, AT)],
        ..Batch::default()
    };
    store.commit(crawl, &batch).await.unwrap();
    let mut expected = restored[1..698].to_vec();
    (expected[0].attempts, expected[0].resent, expected[0].not_before_ms) = (5, 9, AT);
    expected.push(open_url(crawl, 701));
    assert_eq!(frontier(store, crawl).await, expected);
    assert!(skipped_because(store, crawl, "excluded").await.is_empty());
    assert_eq!(skipped_because(store, crawl, "robots.txt").await.len(), 1);
    assert_eq!(store.count_ok(crawl).await.unwrap(), 2);
    // None lost, none doubled; the next number is as before.
    let known = seen(store, crawl).await;
    assert_eq!(known.len(), 701);
    assert!((1..=701).all(|seq| known[&hash_of(&url(seq))] == page_id(crawl, seq)));
    let opened = store.open_crawl(Some(crawl)).await.unwrap();
    assert_eq!((opened.next_seq, opened.open), (702, 698));
    let waiting = open_hosts(store, crawl).await;
    assert_eq!((waiting.len(), waiting[0].open), (1, 698));

    // The batches after it find them as any other URL.
    let pages = (3..=699).map(|seq| page(crawl, seq)).collect();
    store.commit(crawl, &Batch { pages, ..Batch::default() }).await.unwrap();
    assert_eq!(frontier(store, crawl).await, [open_url(crawl, 701)]);
    assert_eq!(store.count_ok(crawl).await.unwrap(), 699);

    // Another crawl is another matter; and what was never saved is simply open.
    assert_eq!(skipped_because(store, other, "excluded").await.len(), 699);
    assert_eq!(store.count_ok(other).await.unwrap(), 1);
    let batch = Batch { restored: vec![open_url(other, 900)], ..Batch::default() };
    store.commit(other, &batch).await.unwrap();
    assert_eq!(frontier(store, other).await, [open_url(other, 900)]);
}

/// A revival that fails half-way leaves the pages as they were.
pub(super) async fn restoring_is_atomic(store: &Db) {
    let crawl = store.create_crawl("{}").await.unwrap();
    let pages = vec![page(crawl, 1), skipped(crawl, 2, "excluded")];
    store.commit(crawl, &Batch { pages, ..Batch::default() }).await.unwrap();
    let restored = skipped_because(store, crawl, "excluded").await;
    // The id of page 1 with another URL.
    let bad = PageRow { id: page_id(crawl, 1), ..page(crawl, 3) };
    let batch = Batch { restored: restored.clone(), pages: vec![bad], ..Batch::default() };
    store.commit(crawl, &batch).await.unwrap_err();
    assert_eq!(skipped_because(store, crawl, "excluded").await, restored);
    assert!(frontier(store, crawl).await.is_empty());
}
