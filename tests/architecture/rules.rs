//! The rules as data: edit here what the layout of the crate allows.

/// Rooms from top to bottom. A room imports only from lines below its own; rooms of one line do not
/// import each other. A room is a module directly below the library's root, or `bin` (the programs).
/// `lib.rs` stands above all and may re-export what it likes.
pub const ROOMS: &[&[&str]] = &[
    &["bin"],
    &["program"],
    &["cli"],
    &["ui"],
    &["compare", "tune"],
    &["headless"],
    &["lab", "report", "export"],
    &["crawl"],
    &["web", "store"],
    &["settings"],
    &["model"],
    &[
        "semaphore",
        "units",
        "atomic_file",
        "small_file",
        "temp_folder",
        "terminal_text",
        "process_memory",
        "open_files",
        "histogram",
        "lock",
        "panics",
    ],
];

/// Rooms of the engine from top to bottom, the same way; `mod` is what `crawl/mod.rs` itself defines.
///
/// `fetch` stands above `pipeline`: what a worker does with a URL needs the queue's, the gate's and the
/// worker's parts all the way, while the pipeline starts it in a single place, where it can be handed
/// over. Both ask `frontier`, and that asks `hosts` whose turn it is. `measure` knows nothing but the
/// values of `protocol` that it fills, so that every room can own a clock.
pub const CRAWL_ROOMS: &[&[&str]] = &[
    &["mod"],
    &["control"],
    &["fetch"],
    &["pipeline"],
    &["frontier"],
    &["hosts"],
    &["tuning"],
    &["measure"],
    &["protocol"],
];

/// Modules that import nothing of the crate but what is named here (and themselves).
pub const ONLY: &[(&str, &[&str])] = &[("crawl::protocol", &["settings", "model"]), ("model", &[])];

/// Modules whose children, each with all below it, may not import each other in a circle.
pub const NO_CIRCLE_BETWEEN_CHILDREN: &[&str] = &["crawl"];

/// Names that more than one type has, with the reason. Like-named files of the stores need no entry.
pub const SAME_NAME: &[(&str, &str)] = &[];

/// The stores' folders: like-named files of them are compared.
pub const STORES: &[&str] = &["src/store/sqlite", "src/store/postgres", "src/store/mysql"];

/// Identical lines of like-named files stay below this share of the shorter file, in per cent.
pub const MAX_IDENTICAL_PERCENT: usize = 25;

/// Lines of a file, unless its `//!` comment says [`LONG_FILE_REASON`] and why.
pub const MAX_FILE_LINES: usize = 400;

/// What a longer file's `//!` comment says.
pub const LONG_FILE_REASON: &str = "Longer than 400 lines because";

/// Lines of a function, from its signature to its closing brace.
pub const MAX_FUNCTION_LINES: usize = 100;

/// The mean file of `src` has fewer lines.
pub const MEAN_FILE_LINES: usize = 200;

/// Folders with the number of `.rs` files that may be directly in them.
pub const MAX_FILES_IN: &[(&str, usize)] = &[("src/crawl", 3)];
