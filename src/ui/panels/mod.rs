//! The segments of the screen, one file each. A panel gets a painter, an area and a snapshot, and
//! draws itself at any size.

pub mod compact;
pub mod discovery;
pub mod faults;
pub mod footer;
pub mod header;
pub mod help;
pub mod hints;
pub mod host_detail;
pub mod hosts;
pub mod log;
pub mod overload;
pub mod page_detail;
pub mod pages;
pub mod scenes;
pub mod stages;
pub mod table;
pub mod tuning;
pub mod verdict;
pub mod workers;
