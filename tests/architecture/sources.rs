//! The files that are judged: read from disk, or given as text by a test of the checker.

use std::fs;
use std::path::{Path, PathBuf};
use std::thread;

use crate::facts::FileFacts;

/// Parsed files, in the order of their paths.
#[derive(Debug, Default)]
pub struct Sources {
    /// The files.
    pub files: Vec<FileFacts>,
    /// Those that are no Rust.
    pub problems: Vec<String>,
}

/// The `.rs` files of `src` and `tests` below `root`: path from there, and text.
pub fn read(root: &Path) -> Vec<(String, String)> {
    let mut files = Vec::new();
    for folder in ["src", "tests"] {
        walk(&root.join(folder), root, &mut files);
    }
    files.sort();
    files
}

fn walk(folder: &Path, root: &Path, files: &mut Vec<(String, String)>) {
    let entries = fs::read_dir(folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
    let paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    for path in paths {
        if path.is_dir() {
            walk(&path, root, files);
        } else if path.extension().is_some_and(|end| end == "rs") {
            let text =
                fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
            let name =
                path.strip_prefix(root).unwrap_or(&path).to_string_lossy().replace('\\', "/");
            files.push((name, text));
        }
    }
}

impl Sources {
    /// Parses the files, on as many threads as there are processors.
    pub fn parse(files: &[(String, String)]) -> Self {
        let threads = thread::available_parallelism().map_or(1, usize::from);
        let chunk = files.len().div_ceil(threads).max(1);
        let parsed: Vec<Result<FileFacts, String>> = thread::scope(|scope| {
            let parse = |files: &[(String, String)]| -> Vec<_> {
                files.iter().map(|(path, text)| FileFacts::of(path, text)).collect()
            };
            let running: Vec<_> =
                files.chunks(chunk).map(|files| scope.spawn(move || parse(files))).collect();
            running
                .into_iter()
                .flat_map(|thread| thread.join().expect("the parser does not panic"))
                .collect()
        });
        let mut sources = Self::default();
        for file in parsed {
            match file {
                Ok(file) => sources.files.push(file),
                Err(problem) => sources.problems.push(problem),
            }
        }
        sources
    }
}
