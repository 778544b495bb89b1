//! What a list of the crawls in a database shows of each.

use serde::Serialize;

use crate::model::ids::CrawlId;

/// Seeds shown of a crawl; a list can be long.
const SEEDS: usize = 10;

/// A crawl in the list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CrawlInfo {
    /// Its number.
    pub id: CrawlId,
    /// The word in `crawls.state`.
    pub state: String,
    /// When it was started: RFC 3339, UTC.
    pub created_at: String,
    /// When it was last saved: RFC 3339, UTC.
    pub updated_at: String,
    /// Counters when it was last saved, as JSON; `None` before the first batch.
    pub totals: Option<String>,
    /// Rows in `frontier`.
    pub open: u64,
    /// The first ten seeds, user names masked.
    pub seeds: Vec<String>,
    /// How many seeds there are.
    pub seed_count: u64,
    /// The process that runs it, if one does and is alive.
    pub held_by: Option<HeldBy>,
}

impl CrawlInfo {
    /// The word shown for its state: `running` means `interrupted` when no process holds it.
    #[must_use]
    pub fn shown_state(&self) -> &str {
        match (self.state.as_str(), &self.held_by) {
            ("running", None) => "interrupted",
            (state, _) => state,
        }
    }
}

/// The process that runs a crawl.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct HeldBy {
    /// Machine.
    pub host: String,
    /// Process.
    pub pid: u32,
    /// Since when: RFC 3339, UTC.
    pub since: String,
}

/// The first seeds in a crawl's settings (JSON), and how many there are.
#[must_use]
pub fn seeds(settings: &str) -> (Vec<String>, u64) {
    #[derive(serde::Deserialize)]
    struct Seeds {
        #[serde(default)]
        seeds: Vec<String>,
    }
    // Settings that cannot be read are an error when the crawl is resumed.
    let seeds = serde_json::from_str::<Seeds>(settings).map(|s| s.seeds).unwrap_or_default();
    (seeds.iter().take(SEEDS).map(|seed| masked(seed)).collect(), seeds.len() as u64)
}

/// A URL without user name and password.
fn masked(url: &str) -> String {
    let Ok(mut parsed) = url::Url::parse(url) else { return "?".to_owned() };
    if !parsed.username().is_empty() || parsed.password().is_some() {
        // Neither can fail: what has a user has a host.
        let _ = parsed.set_password(None);
        let _ = parsed.set_username("***");
    }
    parsed.into()
}

/// `YYYY-MM-DD HH:MM:SS.mmm` as RFC 3339.
#[must_use]
pub fn rfc3339(utc: &str) -> String {
    format!("{}Z", utc.replacen(' ', "T", 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seeds_are_masked_and_few() {
        let (shown, all) = seeds(r#"{"seeds":["http://me:secret@h/x?a","https://h/"],"b":1}"#);
        assert_eq!(shown, ["http://***@h/x?a", "https://h/"]);
        assert_eq!(all, 2);
        let many = serde_json::json!({ "seeds": vec!["http://h/"; 25] }).to_string();
        let (shown, all) = seeds(&many);
        assert_eq!((shown.len(), all), (10, 25));
        assert_eq!(seeds("{}"), (Vec::new(), 0));
        assert_eq!(seeds("no JSON"), (Vec::new(), 0));
        assert_eq!(seeds(r#"{"seeds":["no URL: secret"]}"#).0, ["?"]);
    }

    #[test]
    fn times_are_rfc_3339() {
        assert_eq!(rfc3339("2026-11-01 12:00:00.250"), "2026-11-01T12:00:00.250Z");
    }
}
