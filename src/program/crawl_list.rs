//! The crawls of a database as text and JSON: what `list` prints, and what `rm` asks.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::model::ids::CrawlId;
use crate::store::{CrawlInfo, StoreError, StoreReader};

/// All crawls as a table, a line each; nothing when there are none.
pub(super) fn table(crawls: &[CrawlInfo]) -> String {
    if crawls.is_empty() {
        return String::new();
    }
    let head = ["crawl", "state", "started (UTC)", "pages", "open", "seeds"].map(str::to_owned);
    let rows: Vec<[String; 6]> = std::iter::once(head).chain(crawls.iter().map(row)).collect();
    let width = |column: usize| rows.iter().map(|row| row[column].len()).max().unwrap_or(0);
    // The last one ends as it ends.
    let widths: [usize; 5] = std::array::from_fn(width);
    let mut out = String::new();
    for row in &rows {
        for (column, (text, width)) in row.iter().zip(widths).enumerate() {
            // Numbers to the right.
            let _ = match column {
                0 | 3 | 4 => write!(out, "{text:>width$}  "),
                _ => write!(out, "{text:width$}  "),
            };
        }
        let _ = writeln!(out, "{}", row[5]);
    }
    out
}

fn row(crawl: &CrawlInfo) -> [String; 6] {
    let started = crawl.created_at.split('.').next().unwrap_or_default().replacen('T', " ", 1);
    [
        crawl.id.to_string(),
        crawl.shown_state().to_owned(),
        started,
        pages(crawl).to_string(),
        crawl.open.to_string(),
        match &crawl.held_by {
            Some(by) => format!("{} (run by pid {} on {})", seeds(crawl), by.pid, by.host),
            None => seeds(crawl),
        },
    ]
}

fn seeds(crawl: &CrawlInfo) -> String {
    let first = crawl.seeds.first().map_or("", String::as_str);
    match crawl.seed_count {
        0 | 1 => first.to_owned(),
        all => format!("{first} and {} more", all - 1),
    }
}

fn totals(crawl: &CrawlInfo) -> Value {
    let totals = crawl.totals.as_deref().and_then(|text| serde_json::from_str(text).ok());
    totals.unwrap_or(Value::Null)
}

fn pages(crawl: &CrawlInfo) -> u64 {
    totals(crawl)["pages"].as_u64().unwrap_or(0)
}

/// All crawls as one JSON array.
pub(super) fn as_json(crawls: &[CrawlInfo]) -> String {
    let crawls = crawls.iter().map(|crawl| {
        let mut value = json!(crawl);
        value["totals"] = totals(crawl);
        value
    });
    Value::Array(crawls.collect()).to_string()
}

/// The crawls of these numbers, each once, in order.
///
/// # Errors
/// When one does not exist or a process runs it: then none may be removed.
pub(super) async fn to_remove(
    store: &dyn StoreReader,
    ids: &[CrawlId],
) -> Result<Vec<CrawlInfo>, StoreError> {
    let mut crawls = store.crawls().await?;
    let db = || store.describe();
    for &crawl in ids {
        let Some(found) = crawls.iter().find(|info| info.id == crawl) else {
            return Err(StoreError::NoSuchCrawl { db: db(), crawl });
        };
        if let Some(by) = &found.held_by {
            let since = by.since.split('.').next().unwrap_or_default().replacen('T', " ", 1);
            let (host, pid) = (by.host.clone(), by.pid);
            return Err(StoreError::Held { db: db(), crawl, host, pid, since });
        }
    }
    crawls.retain(|crawl| ids.contains(&crawl.id));
    Ok(crawls)
}

/// The question before crawls are removed.
pub(super) fn question(db: &str, crawls: &[CrawlInfo]) -> String {
    let mut out = String::new();
    for crawl in crawls {
        let _ = writeln!(
            out,
            "crawl {}, {}, {} pages, {} open: {}",
            crawl.id,
            crawl.shown_state(),
            pages(crawl),
            crawl.open,
            seeds(crawl)
        );
    }
    let what = if crawls.len() == 1 { "it" } else { "them" };
    let _ = write!(out, "Remove {what} from {db} for good? [y/N] ");
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::crawl_info::HeldBy;

    fn crawl(id: CrawlId, state: &str) -> CrawlInfo {
        CrawlInfo {
            id,
            state: state.to_owned(),
            created_at: "2026-11-01T12:00:00.250Z".to_owned(),
            updated_at: "2026-11-01T12:00:01.250Z".to_owned(),
            totals: Some(r#"{"pages":1500,"ok":1400}"#.to_owned()),
            open: 20,
            seeds: vec!["http://h/".to_owned()],
            seed_count: 3,
            held_by: None,
        }
    }

    #[test]
    fn a_table_with_a_line_for_each() {
        assert_eq!(table(&[]), "");
        let by = HeldBy { host: "here".into(), pid: 7, since: "2026-11-01T12:00:00.250Z".into() };
        let crawls = [
            CrawlInfo { totals: None, seed_count: 1, ..crawl(1, "running") },
            CrawlInfo { held_by: Some(by), ..crawl(12, "running") },
        ];
        let expected = "\
crawl  state        started (UTC)        pages  open  seeds
    1  interrupted  2026-11-01 12:00:00      0    20  http://h/
   12  running      2026-11-01 12:00:00   1500    20  http://h/ and 2 more (run by pid 7 on here)
";
        assert_eq!(table(&crawls), expected);
        let json: Value = serde_json::from_str(&as_json(&crawls)).unwrap_or_default();
        assert_eq!((&json[0]["state"], &json[0]["totals"]), (&json!("running"), &Value::Null));
        assert_eq!(
            (&json[1]["totals"]["ok"], &json[1]["held_by"]["pid"]),
            (&json!(1400), &json!(7))
        );
    }

    #[test]
    fn a_question_names_what_is_lost() {
        assert_eq!(
            question("sqlite://a.db", &[crawl(1, "stopped")]),
            "crawl 1, stopped, 1500 pages, 20 open: http://h/ and 2 more\n\
             Remove it from sqlite://a.db for good? [y/N] "
        );
    }
}
