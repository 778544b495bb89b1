//! A picture of the screen as a file in the current folder.

use std::io::{self, Write as _};
use std::path::PathBuf;

use ratatui::buffer::Buffer;

use super::cells::{PictureColors, of_buffer};
use super::svg::picture;
use crate::atomic_file::AtomicFile;
use crate::settings::appearance::ThemeName;

/// Files of one second that are told apart.
const SAME_SECOND: u32 = 100;

/// Writes what was drawn to `crawldeck-20261130-190455.svg`; returns the file's name.
///
/// # Errors
/// When the folder cannot be written.
pub fn save(buffer: &Buffer, theme: ThemeName, now: &jiff::Zoned) -> io::Result<String> {
    let svg = picture(&of_buffer(buffer), PictureColors::of(theme));
    let name = free_name(&now.strftime("crawldeck-%Y%m%d-%H%M%S").to_string());
    let mut file = AtomicFile::create(PathBuf::from(&name), ".crawldeck-picture-")?;
    file.write_all(svg.as_bytes())?;
    file.commit()?;
    Ok(name)
}

/// A name that no file has yet.
fn free_name(stem: &str) -> String {
    let names = (1..SAME_SECOND)
        .map(|n| if n == 1 { format!("{stem}.svg") } else { format!("{stem}-{n}.svg") });
    let mut free = names.filter(|name| !PathBuf::from(name).exists());
    free.next().unwrap_or_else(|| format!("{stem}.svg"))
}
