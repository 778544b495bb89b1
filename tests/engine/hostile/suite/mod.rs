//! The hostile suite: its cases, by what they are about.
//!
//! A case is a function that makes a [`case::Case`]; `cases!` makes a test and a line of the
//! table of each.

pub mod case;
pub mod exchange;
pub mod hosts;
pub mod mazes;
mod politeness;

/// A line of the table: name, what it waits for (empty when nothing), and the case.
pub type Line = (&'static str, &'static str, fn() -> case::Case);

/// Each case as a test of its own, and all as `CASES`.
macro_rules! cases {
    ($($(#[ignore = $needs:literal])? $name:ident => $case:expr;)*) => {
        pub const CASES: &[$crate::hostile::suite::Line] = &[
            $((stringify!($name), concat!($($needs)?), || $case),)*
        ];
        mod runs {
            use super::*;
            $(
                $(#[ignore = $needs])?
                #[tokio::test(flavor = "multi_thread")]
                async fn $name() {
                    $case.check().await;
                }
            )*
        }
    };
}
pub(crate) use cases;
