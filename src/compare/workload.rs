//! What the strategies fetch: the article's hundred URLs, or a list of the user.

use url::Url;

use crate::web::url_list;

/// One round of the article's list, repeated [`TIMES`] times: endpoint, and delay in seconds; 0 is none.
const ROUND: [(&str, f64); 5] =
    [("delay", 1.0), ("delay", 2.0), ("delay", 1.0), ("json", 0.0), ("html", 0.0)];
/// Rounds of the article's workload.
const TIMES: usize = 20;
/// Pages that the lesson on threads fetches.
const PAGES: usize = 40;

/// URLs in the order in which they are requested. A URL that is there twice is fetched twice.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Workload {
    /// The URLs.
    pub urls: Vec<Url>,
    /// The time of each, in seconds; `None` if it has to be measured.
    pub each_s: Option<Vec<f64>>,
    /// Lines that were left out, and why.
    pub left_out: Vec<String>,
}

impl Workload {
    /// The article's list on the lab's host at `base`, its delays multiplied by `scale`.
    #[must_use]
    pub fn article(base: &Url, scale: f64) -> Self {
        let round = ROUND.iter().map(|&(what, delay)| {
            let path =
                if delay > 0.0 { format!("/{what}/{}", delay * scale) } else { format!("/{what}") };
            let mut url = base.clone();
            url.set_path(&path);
            (url, delay * scale)
        });
        let round: Vec<(Url, f64)> = round.collect();
        let all = || std::iter::repeat_n(&round, TIMES).flatten();
        Self {
            urls: all().map(|(url, _)| url.clone()).collect(),
            each_s: Some(all().map(|(_, delay)| *delay).collect()),
            left_out: Vec::new(),
        }
    }

    /// Pages without a delay, for the lesson on threads.
    #[must_use]
    pub fn pages(base: &Url) -> Vec<Url> {
        let mut url = base.clone();
        url.set_path("/html");
        vec![url; PAGES]
    }

    /// A list of the user, one URL per line; empty lines and those that begin with `#` are skipped.
    /// An invalid URL is left out, with a reason `name: line 3 left out: …`.
    #[must_use]
    pub fn parse(name: &str, list: &[u8]) -> Self {
        let mut workload = Self::default();
        for (line, url) in url_list::parse(list) {
            match url {
                Ok(url) => workload.urls.push(url),
                Err(error) => workload.left_out.push(format!("{name}: {line} left out: {error}")),
            }
        }
        workload
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_articles_list() {
        let workload = Workload::article(&Url::parse("http://127.0.0.1:1/").unwrap(), 0.1);
        assert_eq!(workload.urls.len(), 100);
        let first: Vec<&str> = workload.urls[..6].iter().map(Url::path).collect();
        assert_eq!(
            first,
            ["/delay/0.1", "/delay/0.2", "/delay/0.1", "/json", "/html", "/delay/0.1"]
        );
        let sum: f64 = workload.each_s.unwrap().iter().sum();
        assert!((sum - 8.0).abs() < 1e-9, "{sum}");
    }

    #[test]
    fn bad_lines_are_named_and_left_out() {
        let workload =
            Workload::parse("my.txt", b"# mine\n\nhttp://a/\nftp://b/\n http://a/ \nhttp://[\n");
        assert_eq!(workload.urls.len(), 2);
        assert_eq!(workload.left_out.len(), 2);
        assert!(
            workload.left_out[0].starts_with("my.txt: line 4 left out: "),
            "{:?}",
            workload.left_out
        );
        assert!(
            workload.left_out[1].starts_with("my.txt: line 6 left out: "),
            "{:?}",
            workload.left_out
        );
    }
}
