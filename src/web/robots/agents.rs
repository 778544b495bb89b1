//! The user-agent names whose robots directives apply to this crawler.

use crate::settings::PRODUCT;

/// Product tokens: those of the sent user agent, and always `crawldeck`, so that a site that excludes
/// `crawldeck` excludes it under every user agent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RobotsAgents(Vec<String>);

impl RobotsAgents {
    /// The product tokens of a user agent: its first word, and every `name/1…`, also in comments.
    #[must_use]
    pub fn of(user_agent: &str) -> Self {
        let mut names = vec![PRODUCT.to_owned()];
        let word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '/');
        for (place, word) in user_agent.split(|c| !word(c)).filter(|w| !w.is_empty()).enumerate() {
            let (name, version) = word.split_once('/').unwrap_or((word, ""));
            let token = name.len() - name.trim_start_matches(is_token_char).len();
            let name = &name[..token];
            let is_product = place == 0 || version.starts_with(|c: char| c.is_ascii_digit());
            let known = names.iter().any(|known| known.eq_ignore_ascii_case(name));
            if is_product && !name.is_empty() && !known {
                names.push(name.to_owned());
            }
        }
        Self(names)
    }

    /// Whether `name` is one of them, compared without case.
    #[must_use]
    pub fn contains(&self, name: &[u8]) -> bool {
        self.0.iter().any(|known| known.as_bytes().eq_ignore_ascii_case(name))
    }
}

/// Whether a character may stand in a product token (RFC 9309, 2.2.1).
fn is_token_char(c: char) -> bool {
    c.is_ascii_alphabetic() || matches!(c, '_' | '-')
}

/// `crawldeck` alone.
impl Default for RobotsAgents {
    fn default() -> Self {
        Self(vec![PRODUCT.to_owned()])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_agent_tells_its_names() {
        for (agent, names) in [
            ("crawldeck/0.1.0 (+https://a.test)", "crawldeck"),
            ("MyBot/1.0", "crawldeck MyBot"),
            ("MyBot", "crawldeck MyBot"),
            ("My-Bot_x2 1.0", "crawldeck My-Bot_x"),
            ("Mozilla/5.0 (compatible; OurBot/2.1; +http://a/b)", "crawldeck Mozilla OurBot"),
            ("  ()", "crawldeck"),
        ] {
            assert_eq!(RobotsAgents::of(agent).0.join(" "), names, "{agent}");
        }
        assert!(
            RobotsAgents::of("MyBot/1").contains(b"mybot")
                && !RobotsAgents::of("MyBot/1").contains(b"my")
        );
    }
}
