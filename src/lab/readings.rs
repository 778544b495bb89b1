//! What a test reads of a running lab: the truth about the site, its load, and when requests came.

use super::load::Load;
use super::request_log::{LoggedRequest, RequestLog, RequestRecorder};
use super::serve::Lab;
use super::truth::Truth;

impl Lab {
    /// What a crawl must find. The first call walks the whole site, later calls return its result.
    #[must_use]
    pub fn truth(&self) -> Truth {
        self.site.truth()
    }

    /// How many requests are in flight now, and how many there were.
    #[must_use]
    pub fn load(&self) -> Load {
        self.site.load.read()
    }

    /// The newest requests to the host of this index, with their times; none for another number.
    #[must_use]
    pub fn times(&self, host: usize) -> RequestLog {
        self.site.request_logs.get(host).map(RequestRecorder::read).unwrap_or_default()
    }
}

impl RequestLog {
    /// The ms between consecutive requests for which `counts` is true: one fewer than such requests.
    #[must_use]
    pub fn gaps(&self, counts: impl Fn(&LoggedRequest) -> bool) -> Vec<f64> {
        let at: Vec<f64> = self
            .requests
            .iter()
            .filter(|request| counts(request))
            .map(|request| request.ms)
            .collect();
        // Subtraction leaves errors below a µs.
        let rounded = |gap: f64| (gap * 1000.0).round() / 1000.0;
        at.windows(2).map(|pair| rounded(pair[1] - pair[0])).collect()
    }
}
