//! What the frontier shows to viewers.

use std::sync::Arc;

use tokio::time::Instant;

use crate::crawl::frontier::front::Frontier;
use crate::crawl::frontier::state::FrontierState;
use crate::crawl::measure::meter::LatencyHistogram;
use crate::crawl::protocol::host_view::HostView;
use crate::crawl::protocol::snapshot::{
    FrontierView, PageView, Percentiles, RecentFailure, SitemapsView, Totals,
};
use crate::web::traps::TrapStatus;

/// Which of the recent pages and failures a viewer has read already.
#[derive(Debug, Clone, Copy, Default)]
pub struct ReadingsCursor {
    pages: u64,
    failures: u64,
}

/// What a viewer wants besides counts and levels.
#[derive(Debug, Clone, Copy)]
pub struct ReadingsRequest {
    /// Maximum number of hosts, if hosts are wanted.
    pub hosts: Option<usize>,
    /// The traps.
    pub traps: bool,
    /// The latencies of the running second, which ends with this.
    pub latencies: bool,
}

/// Readings of the frontier, all of one moment.
#[derive(Debug)]
pub struct FrontierReadings {
    /// Counts.
    pub totals: Totals,
    /// Levels.
    pub frontier: FrontierView,
    /// Pages finished and not yet committed.
    pub unsaved: u64,
    /// Pages committed.
    pub saved: u64,
    /// How many hosts are known now.
    pub hosts_known: u64,
    /// Sitemaps.
    pub sitemaps: SitemapsView,
    /// The hosts that are down or held and those with most to do, where they were wanted.
    pub hosts: Option<Vec<HostView>>,
    /// The traps, where they were wanted.
    pub traps: Option<Vec<TrapStatus>>,
    /// The recent pages, newest first, if there are new ones.
    pub recent: Option<Arc<[Arc<PageView>]>>,
    /// The recent failures, newest first, if there are new ones.
    pub failures: Option<Arc<[Arc<RecentFailure>]>>,
    /// The histogram of the second that ended, in µs, and the percentiles of the run, in ms, where
    /// they were wanted.
    pub latencies: Option<(LatencyHistogram, Percentiles)>,
}

impl Frontier {
    /// Reads everything that a snapshot needs under one lock.
    pub fn readings(
        &self,
        wanted: ReadingsRequest,
        cursor: &mut ReadingsCursor,
        now: Instant,
    ) -> FrontierReadings {
        let mut state = self.lock();
        FrontierReadings {
            totals: state.totals,
            frontier: state.view(),
            unsaved: state.unsaved,
            saved: state.saved,
            hosts_known: state.hosts.known_hosts() as u64,
            sitemaps: state.sitemaps.view,
            hosts: wanted.hosts.map(|limit| state.hosts.views(limit, now)),
            traps: wanted.traps.then(|| state.traps.views()),
            recent: state.recent.pages_since(&mut cursor.pages),
            failures: state.recent.failures_since(&mut cursor.failures),
            latencies: wanted.latencies.then(|| state.latencies.roll()),
        }
    }

    /// Counts.
    #[must_use]
    pub fn totals(&self) -> Totals {
        self.lock().totals
    }

    /// The error of the newest page that has one, else why the first page was not fetched.
    #[must_use]
    pub fn last_error(&self) -> Option<String> {
        self.lock().recent.last_error().map(str::to_owned)
    }

    /// The number of requests that the host of `url` has answered in this run.
    #[must_use]
    pub fn answers_of(&self, url: &str) -> u32 {
        self.lock().hosts.answers_of(url)
    }

    /// Levels for viewers.
    #[must_use]
    pub fn view(&self) -> FrontierView {
        self.lock().view()
    }

    /// Percentiles of the latencies of the whole run, in ms.
    #[must_use]
    pub fn latency_of_run(&self) -> Percentiles {
        self.lock().latencies.of_run()
    }

    /// Notes how many pages of the earlier crawl, which had `before` of them, were not compared;
    /// returns the counts with that.
    pub fn count_unchecked(&self, before: u64) -> Totals {
        let totals = &mut self.lock().totals;
        let compared = totals.same + totals.changed + totals.gone;
        totals.unchecked = before.saturating_sub(compared);
        *totals
    }
}

impl FrontierState {
    fn view(&self) -> FrontierView {
        FrontierView {
            pending: self.hosts.len() as u64 + self.hosts.on_disk(),
            in_window: self.hosts.len() as u64,
            retrying: self.retries.len() as u64,
            open: self.open,
            growth_per_s: 0.0,
        }
    }
}
