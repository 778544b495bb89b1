//! How long files and functions are, and how many files lie in a folder.

use crate::facts::FileFacts;
use crate::rules::{LONG_FILE_REASON, MAX_FILE_LINES, MAX_FUNCTION_LINES, MEAN_FILE_LINES};

/// Files that are too long without a reason.
pub fn long_files(files: &[FileFacts]) -> Vec<String> {
    let long = files.iter().filter(|file| file.lines > MAX_FILE_LINES);
    let unexplained = long.filter(|file| !file.header.contains(LONG_FILE_REASON));
    unexplained
        .map(|file| {
            format!(
                "{}: {} lines; split it, or write \"{LONG_FILE_REASON} …\" in its //! comment",
                file.path, file.lines
            )
        })
        .collect()
}

/// Functions that are too long.
pub fn long_functions(files: &[FileFacts]) -> Vec<String> {
    let all = files.iter().flat_map(|file| file.functions.iter().map(move |found| (file, found)));
    let long = all.filter(|(_, function)| function.lines > MAX_FUNCTION_LINES);
    long.map(|(file, function)| {
        let (path, line) = (&file.path, function.line);
        format!("{path}:{line}: fn {}: {} lines", function.name, function.lines)
    })
    .collect()
}

/// The mean of the files of `src`, if it is too long.
pub fn mean_file(files: &[FileFacts]) -> Vec<String> {
    let source: Vec<&FileFacts> =
        files.iter().filter(|file| file.path.starts_with("src/")).collect();
    let lines: usize = source.iter().map(|file| file.lines).sum();
    let too_long = lines >= MEAN_FILE_LINES * source.len() && !source.is_empty();
    let line = format!("src: {lines} lines in {} files", source.len());
    too_long.then_some(line).into_iter().collect()
}

/// Folders with too many files directly in them.
pub fn crowded(files: &[FileFacts], limits: &[(&str, usize)]) -> Vec<String> {
    let mut wrong = Vec::new();
    for (folder, limit) in limits {
        let inside =
            files.iter().filter_map(|file| file.path.strip_prefix(folder)?.strip_prefix('/'));
        let names: Vec<&str> = inside.filter(|name| !name.contains('/')).collect();
        if names.len() > *limit {
            let count = names.len();
            wrong.push(format!("{folder}: {count} files, at most {limit}: {}", names.join(", ")));
        }
    }
    wrong
}
