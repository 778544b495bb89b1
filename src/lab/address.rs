//! The addresses of the generated site: the path of each page number, and the number of each path.
//!
//! It must not know ports, nor how a link to an address is written.

use std::fmt::Write as _;

use super::plan::{PageKind, SitePlan};
use super::rng::Topic;

/// What a path of a host stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ResolvedPath {
    /// The page of this number.
    Page(u32),
    /// Hop `1..` of the redirect of this number.
    RedirectHop(u32, u32),
}

/// Kept percent-encoded, as a canonical URL has them.
const SECTIONS: [&str; 10] = [
    "harbours",
    "rivers",
    "letters",
    "museum",
    "stra%C3%9Fen",
    "islands",
    "r%C3%ADos",
    "maps",
    "%E7%81%AF%E5%8F%B0",
    "%D0%BA%D0%B0%D1%80%D1%82%D1%8B",
];

/// Without digits: the last run of digits in a path is the page's number.
const SLUGS: [&str; 16] = [
    "quiet-bay",
    "north-pier",
    "old-light",
    "salt-road",
    "gl%C3%BCcksburg",
    "ferry-times",
    "tide-table",
    "caf%C3%A9-du-port",
    "signal-book",
    "chart-room",
    "%E6%B8%AF",
    "storm-log",
    "keeper",
    "Fog_Horn",
    "rope.and.sail",
    "sm%C3%B8rebr%C3%B8d",
];

impl SitePlan {
    /// Path and query of `n`, in canonical form.
    pub fn path(&self, n: u32) -> String {
        if n == 0 {
            return "/".to_owned();
        }
        let path = self.path_without_prefix(n);
        if self.is_private(n) { format!("/private{path}") } else { path }
    }

    /// The path without the `/private` in front of forbidden ones.
    fn path_without_prefix(&self, n: u32) -> String {
        let mut rng = self.rng(n, Topic::Path);
        let section = rng.pick(&SECTIONS);
        let slug = rng.pick(&SLUGS);
        match self.kind(n) {
            PageKind::Missing => format!("/old/{slug}-{n}"),
            PageKind::Gone => format!("/archive/{slug}-{n}"),
            PageKind::Redirect => format!("/go/{n}"),
            PageKind::Broken => format!("/app/{slug}-{n}"),
            PageKind::Pdf => format!("/files/{slug}-{n}.pdf"),
            PageKind::Text => format!("/files/{slug}-{n}.txt"),
            PageKind::Json => format!("/data/{slug}-{n}.json"),
            PageKind::Page | PageKind::Flaky { .. } | PageKind::Duplicate => match rng.below(20) {
                0..7 => format!("/{section}/{slug}-{n}"),
                7..12 => format!("/{section}/{slug}-{n}.html"),
                12..15 => format!("/{section}/{n}/"),
                15..17 => format!("/{section}/{slug}/{n}"),
                17 => format!("/{section}/item?id={n}&view=full"),
                18 => format!("/deep/{section}/{slug}/page/{n}.html"),
                _ => format!("/{slug}-{n}.html"),
            },
        }
    }

    /// What this path and query of a host stand for; the inverse of [`Self::path`].
    pub fn find(&self, host: usize, path: &str) -> Option<ResolvedPath> {
        let path = upper_case_escapes(path);
        if path == "/" {
            return (host == 0).then_some(ResolvedPath::Page(0));
        }
        if let Some((n, hop)) = path.strip_prefix("/go/").and_then(|rest| rest.split_once('/')) {
            let (n, hop) = (self.number(n)?, self.number(hop)?);
            let known = self.kind(n) == PageKind::Redirect && (1..self.hops(n)).contains(&hop);
            return (known && self.hop_host(n, hop) == host)
                .then_some(ResolvedPath::RedirectHop(n, hop));
        }
        let end = path.rfind(|c: char| c.is_ascii_digit())? + 1;
        let start = path[..end].rfind(|c: char| !c.is_ascii_digit()).map_or(0, |at| at + 1);
        let n = self.number(&path[start..end])?;
        (self.host(n) == host && self.path(n) == path).then_some(ResolvedPath::Page(n))
    }

    fn number(&self, digits: &str) -> Option<u32> {
        digits.parse().ok().filter(|n| *n < self.pages())
    }

    /// The path of hop `hop` of redirect `n`.
    pub fn hop_path(&self, n: u32, hop: u32) -> String {
        let mut path = self.path(n);
        if hop > 0 {
            let _ = write!(path, "/{hop}");
        }
        path
    }
}

/// Escapes with upper-case hexadecimal digits, as a canonical URL has them.
fn upper_case_escapes(path: &str) -> String {
    map_escapes(path, |digit| digit.to_ascii_uppercase())
}

/// Escapes with lower-case hexadecimal digits.
pub fn lower_case_escapes(path: &str) -> String {
    map_escapes(path, |digit| digit.to_ascii_lowercase())
}

fn map_escapes(path: &str, change: impl Fn(char) -> char) -> String {
    let mut digits_left = 0;
    let map = |c| match (c, digits_left) {
        ('%', _) => {
            digits_left = 2;
            c
        }
        (c, 1..) => {
            digits_left -= 1;
            change(c)
        }
        _ => c,
    };
    path.chars().map(map).collect()
}

/// Decodes the escapes; paths of the plan hold whole UTF-8 characters.
pub fn unescape(path: &str) -> String {
    let mut bytes = Vec::with_capacity(path.len());
    let mut rest = path;
    while let Some(at) = rest.find('%') {
        bytes.extend_from_slice(&rest.as_bytes()[..at]);
        let hex = rest.get(at + 1..at + 3).unwrap_or_default();
        bytes.push(u8::from_str_radix(hex, 16).unwrap_or(b'%'));
        rest = rest.get(at + 3..).unwrap_or_default();
    }
    bytes.extend_from_slice(rest.as_bytes());
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_address_leads_back_to_its_number() {
        let plan = SitePlan::new(7, 5000).with_forbidden(true);
        assert!((0..5000).any(|n| plan.path(n).starts_with("/private/")));
        for plan in [plan, plan.with_hosts(Some(5000))] {
            for n in 0..5000 {
                let (host, path) = (plan.host(n), plan.path(n));
                assert_eq!(plan.find(host, &path), Some(ResolvedPath::Page(n)), "{path}");
                assert_eq!(plan.find((host + 1) % plan.hosts(), &path), None, "{path}");
            }
        }
        assert_eq!(plan.find(0, "/old/unknown-99999999999"), None);
    }
}
