//! Options that had another name before: the error about an old name gives the new one.

/// Old and new long names.
const RENAMED: [(&str, &str); 8] = [
    ("again", "recrawl"),
    ("breaker-forgive", "breaker-reset-after"),
    ("breaker-least", "breaker-min-requests"),
    ("breaker-longest-rest", "breaker-max-cooldown"),
    ("breaker-rest", "breaker-cooldown"),
    ("give-up", "host-give-up-after"),
    ("max-ratio", "max-decompression-ratio"),
    ("nofollow", "respect-nofollow"),
];

/// The present name of the option that was once called `old`.
pub(super) fn new_name(old: &str) -> Option<&'static str> {
    RENAMED.iter().find(|(name, _)| *name == old).map(|(_, new)| *new)
}
