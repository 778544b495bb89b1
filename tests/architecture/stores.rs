//! How much the like-named files of the three stores have in common.
//!
//! A line counts if there is more in it than blanks, comment and brackets. The lines that two files
//! share, each as often as both have it, are taken as a share of the shorter file's lines.

use std::collections::{BTreeMap, HashMap};

use crate::rules::{MAX_IDENTICAL_PERCENT, STORES};

type Files = [(String, String)];

/// A comparison of two files, or of all like-named files of two stores.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Overlap {
    /// What is compared.
    pub name: String,
    /// Lines that both have.
    pub same: usize,
    /// Lines of the shorter one.
    pub of: usize,
}

impl Overlap {
    /// The share in per cent, rounded down.
    pub fn percent(&self) -> usize {
        (self.same * 100).checked_div(self.of).unwrap_or(0)
    }

    fn line(&self) -> String {
        format!(
            "{}: {} of {} lines identical ({} %)",
            self.name,
            self.same,
            self.of,
            self.percent()
        )
    }
}

/// Comparisons that show too much in common.
pub fn too_alike(files: &Files) -> Vec<String> {
    let all = overlaps(files).into_iter();
    all.filter(|pair| pair.percent() >= MAX_IDENTICAL_PERCENT).map(|pair| pair.line()).collect()
}

/// Every comparison, for reading.
pub fn listing(files: &Files) -> Vec<String> {
    overlaps(files).iter().map(Overlap::line).collect()
}

/// Every pair of like-named files, every pair of stores, and all of them.
pub fn overlaps(files: &Files) -> Vec<Overlap> {
    let mut found = Vec::new();
    let mut whole = Overlap { name: "all stores".to_owned(), same: 0, of: 0 };
    for (at, left) in STORES.iter().enumerate() {
        for right in &STORES[at + 1..] {
            let (mine, theirs) = (folder(files, left), folder(files, right));
            let mut pair = Overlap { name: format!("{left} and {right}"), same: 0, of: 0 };
            for (name, text) in mine {
                let Some(other) = theirs.get(name) else { continue };
                let (same, of) = shared(text, other);
                (pair.same, pair.of) = (pair.same + same, pair.of + of);
                found.push(Overlap { name: format!("{left}{name} and {right}{name}"), same, of });
            }
            (whole.same, whole.of) = (whole.same + pair.same, whole.of + pair.of);
            found.push(pair);
        }
    }
    found.push(whole);
    found
}

fn folder<'f>(files: &'f Files, folder: &str) -> BTreeMap<&'f str, &'f str> {
    let inside = files.iter().filter_map(|(path, text)| {
        let name = path.strip_prefix(folder)?;
        name.starts_with('/').then_some((name, text.as_str()))
    });
    inside.collect()
}

fn shared(left: &str, right: &str) -> (usize, usize) {
    let mut counts: HashMap<&str, usize> = HashMap::new();
    let mine = lines(left);
    let theirs = lines(right);
    for line in &mine {
        *counts.entry(line).or_default() += 1;
    }
    let same = theirs.iter().filter(|line| {
        let left = counts.get_mut(**line).filter(|left| **left > 0);
        left.map(|left| *left -= 1).is_some()
    });
    (same.count(), mine.len().min(theirs.len()))
}

fn lines(text: &str) -> Vec<&str> {
    let lines = text.lines().map(str::trim);
    lines
        .filter(|line| {
            !line.starts_with("//") && !line.chars().all(|sign| "{}()[];,".contains(sign))
        })
        .collect()
}
