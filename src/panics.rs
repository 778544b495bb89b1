//! Panics that are caught, with what they said and where they were.
//!
//! A panic inside [`caught`] is not printed and reaches no other hook of the process, so a dashboard keeps
//! its terminal. The caller reports it.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Once;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;

/// A panic that was caught.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Panic {
    /// What it said.
    pub text: String,
    /// Where it was: `src/crawl/pipeline/saver.rs:50:9`; empty when that is not known.
    pub place: String,
}

impl fmt::Display for Panic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.text)?;
        if !self.place.is_empty() {
            write!(f, " at {}", self.place)?;
        }
        Ok(())
    }
}

thread_local! {
    /// How many calls deep this thread is inside [`caught_now`].
    static DEPTH: Cell<u32> = const { Cell::new(0) };
    /// Where the newest panic on this thread was.
    static PLACE: RefCell<String> = const { RefCell::new(String::new()) };
}

/// Whether a panic on this thread would be caught now.
#[must_use]
pub fn are_caught() -> bool {
    DEPTH.get() > 0
}

/// Takes note of panics that are caught; all others go to the hook before it.
fn install_hook() {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            if are_caught() {
                let place = panic.location().map(ToString::to_string).unwrap_or_default();
                PLACE.set(place);
            } else {
                before(panic);
            }
        }));
    });
}

/// Runs `work`.
///
/// # Errors
/// The panic that ended it.
pub fn caught_now<T>(work: impl FnOnce() -> T) -> Result<T, Panic> {
    struct Inside;
    impl Drop for Inside {
        fn drop(&mut self) {
            DEPTH.set(DEPTH.get() - 1);
        }
    }
    install_hook();
    DEPTH.set(DEPTH.get() + 1);
    let inside = Inside;
    let done = catch_unwind(AssertUnwindSafe(work));
    drop(inside);
    done.map_err(|payload| Panic { text: text_of(&*payload), place: PLACE.take() })
}

/// Runs `future` to its end, or to the panic that ends it.
pub const fn caught<F: Future>(future: F) -> Caught<F> {
    Caught { future }
}

pin_project! {
    /// A future whose panic is its outcome.
    pub struct Caught<F> {
        #[pin]
        future: F,
    }
}

impl<F: Future> Future for Caught<F> {
    type Output = Result<F::Output, Panic>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let future = self.project().future;
        match caught_now(|| future.poll(context)) {
            Ok(Poll::Ready(done)) => Poll::Ready(Ok(done)),
            Ok(Poll::Pending) => Poll::Pending,
            Err(panic) => Poll::Ready(Err(panic)),
        }
    }
}

/// What a panic said.
fn text_of(payload: &(dyn Any + Send)) -> String {
    let text = payload.downcast_ref::<&str>().map(ToString::to_string);
    let text = text.or_else(|| payload.downcast_ref::<String>().cloned());
    text.unwrap_or_else(|| "panic without a text".to_owned())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::panic, reason = "panics are what is tested")]

    use super::*;

    #[tokio::test]
    async fn text_and_place_are_known() {
        let panic = caught(async {
            tokio::task::yield_now().await;
            panic!("no {}", "luck");
        })
        .await
        .unwrap_err();
        assert_eq!(panic.text, "no luck");
        assert!(panic.place.starts_with("src/panics.rs:"), "{panic}");
        assert!(!are_caught());
    }

    #[test]
    fn a_panic_inside_another_is_caught_where_it_belongs() {
        let inner = caught_now(|| caught_now(|| panic!("inner")));
        assert_eq!(inner.unwrap().unwrap_err().text, "inner");
        assert_eq!(caught_now(|| 7), Ok(7));
    }
}
