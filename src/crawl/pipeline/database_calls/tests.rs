//! What is said of calls that take long or are never answered, by a clock that stands still.
#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

use super::*;

const CALL: DatabaseCall = DatabaseCall::write("a batch");

#[tokio::test(start_paused = true)]
async fn a_silent_call_is_named_with_its_age() {
    let calls = Arc::new(DatabaseCalls::default());
    let begin = Instant::now();
    let silent = calls.watch(CALL, std::future::pending::<Result<(), ()>>());
    let silent = tokio::time::timeout(Duration::from_secs(10), silent);
    let look = async {
        tokio::time::sleep(Duration::from_millis(2_900)).await;
        assert_eq!(calls.long(Instant::now()), None);
        tokio::time::sleep(Duration::from_millis(200)).await;
        let long = calls.long(Instant::now()).unwrap();
        assert_eq!((long.since, long.text()), (begin, "silent while writing a batch".to_owned()));
        tokio::time::sleep(Duration::from_millis(6_800)).await;
        assert_eq!(calls.long(Instant::now()).unwrap().since, begin);
    };
    let (ended, ()) = tokio::join!(silent, look);
    assert!(ended.is_err());
    let after = calls.long(Instant::now()).unwrap();
    assert_eq!((after.since, after.silent), (begin, false));
    tokio::time::sleep(SLOW_TIME).await;
    assert_eq!(calls.long(Instant::now()), None);
    assert_eq!(calls.silent_since(), Some(begin));
}

/// Answers once a second, `answers` times.
async fn slow(answers: u32) -> Result<(), ()> {
    for _ in 0..answers {
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_slow_call_is_heard_while_it_is_open() {
    let calls = DatabaseCalls::default();
    let begin = Instant::now();
    let look = async {
        tokio::time::sleep(Duration::from_millis(6_500)).await;
        let long = calls.long(Instant::now()).unwrap();
        assert_eq!(long.text(), "slow while writing a batch");
        assert_eq!(calls.silent_since().unwrap().duration_since(begin).as_secs(), 6);
    };
    // Other branches of the same task make no difference: they are no events of the call.
    let _ = tokio::join!(calls.watch(CALL, slow(8)), look, slow(100));
    assert_eq!(calls.silent_since(), None);
}

#[tokio::test(start_paused = true)]
async fn one_slow_transaction_after_the_other_is_one_slow_time() {
    let calls = DatabaseCalls::default();
    let begin = Instant::now();
    let transactions = async {
        for _ in 0..6 {
            let _ = calls.watch(CALL, slow(5)).await;
        }
    };
    let look = async {
        tokio::time::sleep(Duration::from_millis(3_100)).await;
        for _ in 0..25 {
            let long = calls.long(Instant::now()).unwrap();
            assert_eq!((long.since, long.silent), (begin, false));
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    };
    tokio::join!(transactions, look);
}

#[tokio::test(start_paused = true)]
async fn the_first_answer_counts_where_no_call_has_failed() {
    let calls = DatabaseCalls::default();
    let begin = Instant::now();
    let look = async {
        tokio::time::sleep(Duration::from_millis(1_500)).await;
        assert_eq!(calls.silent_since().unwrap().duration_since(begin).as_secs(), 1);
    };
    let (done, ()) = tokio::join!(calls.watch(CALL, slow(2)), look);
    assert_eq!((done, calls.silent_since()), (Ok(()), None));
}

#[tokio::test(start_paused = true)]
async fn a_connection_to_a_silent_server_is_no_answer() {
    let calls = DatabaseCalls::default();
    let begin = Instant::now();
    let failed = || async {
        slow(3).await?;
        Err::<(), ()>(())
    };
    for _ in 0..2 {
        assert_eq!(calls.watch(CALL, failed()).await, Err(()));
        assert_eq!(calls.silent_since(), Some(begin));
    }
    let look = async {
        tokio::time::sleep(Duration::from_millis(2_500)).await;
        assert_eq!(calls.silent_since(), Some(begin));
    };
    let (again, ()) = tokio::join!(calls.watch(CALL, failed()), look);
    assert!(again.is_err());
    let again = calls.watch(CALL, std::future::pending::<Result<(), ()>>());
    assert!(tokio::time::timeout(Duration::from_secs(1), again).await.is_err());
    assert_eq!(calls.silent_since(), Some(begin), "that it is tried again is no answer");
}

#[tokio::test(start_paused = true)]
async fn a_stream_is_named_only_when_no_row_arrives() {
    let calls = DatabaseCalls::default();
    let stream = DatabaseCall::stream("what is known");
    let rows = async {
        slow(10).await?;
        tokio::time::sleep(Duration::from_secs(5)).await;
        Ok::<(), ()>(())
    };
    let look = async {
        tokio::time::sleep(Duration::from_millis(9_500)).await;
        assert_eq!(calls.long(Instant::now()), None);
        tokio::time::sleep(Duration::from_secs(4)).await;
        assert_eq!(
            calls.long(Instant::now()).unwrap().text(),
            "silent while reading what is known"
        );
    };
    let _ = tokio::join!(calls.watch(stream, rows), look);
}
