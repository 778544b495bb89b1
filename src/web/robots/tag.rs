//! `nofollow` and `noindex`, as pages and answers say them: `meta name=robots`, `X-Robots-Tag`.

use crate::web::robots::RobotsAgents;

/// Words with a value of their own, which are no names of agents.
const WITH_VALUE: [&str; 4] =
    ["unavailable_after", "max-snippet", "max-image-preview", "max-video-preview"];

/// What a value of `X-Robots-Tag` says to us, by our `names`, as `(nofollow, noindex)`.
///
/// A name in front, `otherbot: noindex, nofollow`, holds until the next one; what has none is
/// said to everybody.
#[must_use]
pub fn robots_tag(value: &str, names: &RobotsAgents) -> (bool, bool) {
    let (mut nofollow, mut noindex, mut ours) = (false, false, true);
    for part in value.split(',') {
        let mut word = part.trim();
        if let Some((name, rest)) = word.split_once(':') {
            let name = name.trim();
            let with_value = WITH_VALUE.iter().any(|known| known.eq_ignore_ascii_case(name));
            if with_value || !is_agent(name) {
                continue;
            }
            ours = name == "*" || names.contain(name.as_bytes());
            word = rest.trim();
        }
        if ours {
            let (links, page) = said(word);
            nofollow |= links;
            noindex |= page;
        }
    }
    (nofollow, noindex)
}

/// What the `content` of a `meta name=robots` says, as `(nofollow, noindex)`.
pub(in crate::web) fn meta_robots(content: &str) -> (bool, bool) {
    content.split([',', ' ', ';']).map(str::trim).fold((false, false), |(links, page), word| {
        let (more_links, more_page) = said(word);
        (links | more_links, page | more_page)
    })
}

fn said(word: &str) -> (bool, bool) {
    let is = |name: &str| word.eq_ignore_ascii_case(name);
    (is("nofollow") || is("none"), is("noindex") || is("none"))
}

/// Whether it may be the name of an agent, rather than the beginning of a date.
fn is_agent(name: &str) -> bool {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-_./".contains(&b);
    name == "*" || (name.starts_with(|c: char| c.is_ascii_alphabetic()) && name.bytes().all(plain))
}
