//! `nofollow` and `noindex` of pages and responses: `meta name=robots`, `X-Robots-Tag`.

use crate::web::robots::RobotsAgents;

/// Directives with a value, which are not names of agents.
const WITH_VALUE: [&str; 4] =
    ["unavailable_after", "max-snippet", "max-image-preview", "max-video-preview"];

/// The directives of an `X-Robots-Tag` for the agent `names`, as `(nofollow, noindex)`.
///
/// A leading name, as in `otherbot: noindex, nofollow`, applies until the next name; directives without
/// a name apply to all agents.
#[must_use]
pub fn robots_tag(value: &str, names: &RobotsAgents) -> (bool, bool) {
    let (mut nofollow, mut noindex, mut applies) = (false, false, true);
    for part in value.split(',') {
        let mut word = part.trim();
        if let Some((name, rest)) = word.split_once(':') {
            let name = name.trim();
            let with_value = WITH_VALUE.iter().any(|known| known.eq_ignore_ascii_case(name));
            if with_value || !is_agent(name) {
                continue;
            }
            applies = name == "*" || names.contains(name.as_bytes());
            word = rest.trim();
        }
        if applies {
            let (links, page) = directive_word(word);
            nofollow |= links;
            noindex |= page;
        }
    }
    (nofollow, noindex)
}

/// The directives in the `content` of a `meta name=robots`, as `(nofollow, noindex)`.
pub(in crate::web) fn meta_robots(content: &str) -> (bool, bool) {
    content.split([',', ' ', ';']).map(str::trim).fold((false, false), |(links, page), word| {
        let (more_links, more_page) = directive_word(word);
        (links | more_links, page | more_page)
    })
}

fn directive_word(word: &str) -> (bool, bool) {
    let is = |name: &str| word.eq_ignore_ascii_case(name);
    (is("nofollow") || is("none"), is("noindex") || is("none"))
}

/// Whether `name` may be the name of an agent, not the beginning of a date.
fn is_agent(name: &str) -> bool {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-_./".contains(&b);
    name == "*" || (name.starts_with(|c: char| c.is_ascii_alphabetic()) && name.bytes().all(plain))
}
