//! Connections to PostgreSQL that are cut at the worst moment: before, in and after the commit.

use super::*;
use std::sync::atomic::{AtomicU8, Ordering};

use crawldeck::store::{OpenMode, open};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// What happens when a client says `COMMIT`.
const PASS: u8 = 0;
/// The client is cut off, and the server never hears of it.
const CUT_BEFORE: u8 = 1;
/// The server commits, and the client never hears of it.
const CUT_AFTER: u8 = 2;
/// The client is cut off, and the server is left waiting in the transaction.
const HANG: u8 = 3;

/// Stands between client and server.
struct Between {
    port: u16,
    commit: Arc<AtomicU8>,
    /// Set: the servers left waiting are cut off as well.
    release: watch::Sender<bool>,
}

impl Between {
    async fn new(server: &url::Url) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let there = (server.host_str().unwrap().to_owned(), server.port().unwrap_or(5432));
        let commit = Arc::new(AtomicU8::new(PASS));
        let (release, released) = watch::channel(false);
        let happens = Arc::clone(&commit);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let server = TcpStream::connect(there.clone()).await.unwrap();
                tokio::spawn(pass(client, server, Arc::clone(&happens), released.clone()));
            }
        });
        Self { port, commit, release }
    }
}

async fn pass(
    client: TcpStream,
    server: TcpStream,
    commit: Arc<AtomicU8>,
    mut released: watch::Receiver<bool>,
) {
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    let answers = tokio::spawn(copy(from_server, to_client));
    let mut asked = from_client;
    let (mut server, mut bytes) = (to_server, vec![0; 1 << 16]);
    while let Ok(n @ 1..) = asked.read(&mut bytes).await {
        let is_commit = bytes[..n].windows(6).any(|word| word == b"COMMIT");
        // Only once: the repetition goes through.
        let happens = if is_commit { commit.swap(PASS, Ordering::SeqCst) } else { PASS };
        match happens {
            CUT_BEFORE => break,
            CUT_AFTER => {
                answers.abort();
                // Taken back from the task, so that what it answers goes nowhere.
                let Err(_) = answers.await else { return };
                server.write_all(&bytes[..n]).await.unwrap();
                // The server ends the connection only after it has done what it was told.
                server.shutdown().await.unwrap();
                return;
            }
            HANG => {
                answers.abort();
                drop(asked);
                released.wait_for(|released| *released).await.unwrap();
                return;
            }
            _ => server.write_all(&bytes[..n]).await.unwrap(),
        }
    }
    answers.abort();
}

async fn copy(mut from: OwnedReadHalf, mut to: OwnedWriteHalf) {
    let _ = tokio::io::copy(&mut from, &mut to).await;
}

/// Everything that a batch can do, and of a page that is there already something else.
fn batch(crawl: CrawlId) -> Batch {
    Batch {
        pages: vec![
            PageRow { content_length: 7, ..page(crawl, 1) },
            page(crawl, 2),
            PageRow { host: "other:1".into(), ..page(crawl, 3) },
        ],
        links: vec![link(crawl, 1, 2), link(crawl, 2, 4)],
        discovered: vec![open_url(crawl, 4), open_url(crawl, 5)],
        postponed: vec![(page_id(crawl, 5), 1, AT)],
        revived: vec![open_url(crawl, 9)],
        sitemaps: vec![sitemap("http://h/a.xml")],
        hosts: vec![HostRow { host: HOST.into(), robots: Some("r".to_owned()), incidents: 1 }],
        changes: vec![change(1, "permits 1 → 2")],
        totals: Some("{\"pages\":3}".to_owned()),
        settings: Some("{\"permits\":2}".to_owned()),
    }
}

/// All rows of the crawl, as texts without the times of saving.
async fn everything(store: &Arc<dyn Store>) -> Vec<Vec<Vec<Value>>> {
    let mut all = Vec::new();
    for sql in [
        "SELECT * FROM scraped_pages ORDER BY id",
        "SELECT * FROM links ORDER BY from_id, to_id",
        "SELECT * FROM frontier ORDER BY id",
        "SELECT * FROM hosts ORDER BY host",
        "SELECT * FROM sitemaps",
        "SELECT * FROM changes",
        "SELECT id, state, settings, totals FROM crawls",
    ] {
        all.push(rows(store, sql).await);
    }
    all
}

/// Saves the same in a database where nothing is cut, and in one where the connection is.
async fn cut(happens: u8) {
    let clean = Db::at(Place::postgres().await).await;
    let expected = {
        let crawl = prepared(&clean).await;
        clean.commit(crawl, &batch(crawl)).await.unwrap();
        everything(&clean).await
    };
    clean.gone().await;
    kept(Place::postgres().await, async |direct: &Db| {
        let mut url = url::Url::parse(&direct.place.url()).unwrap();
        let between = Between::new(&url).await;
        url.set_port(Some(between.port)).unwrap();
        let store = open(url.as_str(), OpenMode::MustExist).await.unwrap();
        let crawl = prepared(&store).await;
        let before = everything(&store).await;

        between.commit.store(happens, Ordering::SeqCst);
        let error = store.commit(crawl, &batch(crawl)).await.unwrap_err();
        assert!(error.is_transient(), "{error}");
        assert!(matches!(error, StoreError::Unreachable { .. }), "{error}");
        // The cut is used up: it hit this commit and nothing else.
        assert_eq!(between.commit.load(Ordering::SeqCst), PASS);
        if happens == CUT_BEFORE {
            assert_eq!(everything(&store).await, before);
        }
        if happens == HANG {
            // Somebody still has the row: that is said, nothing is done twice, nobody waits for ever.
            let error = store.commit(crawl, &batch(crawl)).await.unwrap_err();
            assert!(matches!(error, StoreError::Busy { .. }), "{error}");
            assert!(error.is_transient());
            assert_eq!(everything(&store).await, before);
            between.release.send(true).unwrap();
        }
        while let Err(error) = store.commit(crawl, &batch(crawl)).await {
            assert!(error.is_transient(), "{error}");
        }
        assert_eq!(everything(&store).await, expected);
        // And once more, as if that answer had been lost as well.
        store.commit(crawl, &batch(crawl)).await.unwrap();
        assert_eq!(everything(&store).await, expected);
        store.close().await;
    })
    .await;
}

/// A crawl with a page, one that is going to be open again, and a URL that is.
async fn prepared(store: &Arc<dyn Store>) -> CrawlId {
    let crawl = store.create_crawl("{\"permits\":1}").await.unwrap();
    let skipped = PageRow { state: RowState::Skipped, ..page(crawl, 9) };
    let batch = Batch {
        pages: vec![page(crawl, 1), skipped],
        discovered: vec![open_url(crawl, 2), open_url(crawl, 3)],
        ..Batch::default()
    };
    store.commit(crawl, &batch).await.unwrap();
    crawl
}

macro_rules! cuts {
    ($($name:ident: $happens:ident),+ $(,)?) => {
        $(#[tokio::test]
        #[ignore = "needs a server: CRAWLDECK_TEST_POSTGRES=postgres://USER@HOST:PORT"]
        async fn $name() {
            cut($happens).await;
        })+
    };
}
cuts![
    a_batch_that_was_not_committed_is_saved_by_repeating_it: CUT_BEFORE,
    a_batch_whose_answer_was_lost_is_there_once_when_repeated: CUT_AFTER,
    a_batch_that_hangs_on_the_server_is_neither_lost_nor_doubled: HANG,
];
