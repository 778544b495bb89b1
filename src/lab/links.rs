//! The links of a page as data: the one source for its HTML, for what a crawl must find and
//! for redirect targets.
//!
//! It must not know how a link is written; that is `href`.

use super::plan::{PageKind, SitePlan};
use super::rng::{Rng, Topic};

/// Where in the page a link stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LinkPosition {
    /// `<link rel="canonical">`.
    Canonical,
    /// `<link rel="next">`.
    Next,
    /// `<link rel="alternate">` to HTML.
    Alternate,
    /// `<meta http-equiv="refresh">`.
    Refresh,
    /// The navigation at the top.
    Nav,
    /// The list of children.
    List,
    /// In the text.
    Inline,
    /// `<area>` of an image map.
    Area,
    /// `<iframe>`.
    Frame,
}

/// How the address is written; all forms resolve to the same canonical URL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HrefForm {
    /// `http://127.0.0.1:PORT/a/b`.
    Absolute,
    /// `HTTP://0X7F.0.0.1:PORT/a/b`: scheme and host in upper case.
    UpperCaseScheme,
    /// `http://127.1:PORT/a/b`: the short form of the address.
    ShortHost,
    /// `//127.0.0.1:PORT/a/b`.
    SchemeRelative,
    /// `/a/b`.
    RootRelative,
    /// `/./x/../a/b`.
    DotSegments,
    /// `../a/b`.
    Relative,
    /// `./../a/b`.
    DotRelative,
}

/// How the characters of the path are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PathSpelling {
    /// Upper-case escapes, as in the canonical form.
    Canonical,
    /// Lower-case escapes.
    LowerHex,
    /// Characters instead of escapes.
    Raw,
    /// White space around.
    Padded,
}

/// A link of a page.
#[derive(Debug, Clone, Copy)]
pub struct PlannedLink {
    /// The number it leads to.
    pub to: u32,
    /// Where in the page it stands.
    pub position: LinkPosition,
    /// How its address is written.
    pub form: HrefForm,
    /// How its path is spelled.
    pub spelling: PathSpelling,
    /// Has a fragment.
    pub fragment: bool,
}

impl PlannedLink {
    /// A link in the most common form.
    pub fn plain(to: u32, position: LinkPosition) -> Self {
        let (form, spelling) = (HrefForm::RootRelative, PathSpelling::Canonical);
        Self { to, position, form, spelling, fragment: false }
    }

    fn varied(to: u32, position: LinkPosition, rng: &mut Rng) -> Self {
        let form = match rng.below(100) {
            0..38 => HrefForm::RootRelative,
            38..64 => HrefForm::Relative,
            64..82 => HrefForm::Absolute,
            82..87 => HrefForm::DotRelative,
            87..91 => HrefForm::DotSegments,
            91..96 => HrefForm::SchemeRelative,
            96..98 => HrefForm::UpperCaseScheme,
            _ => HrefForm::ShortHost,
        };
        let spelling = match rng.below(100) {
            0..80 => PathSpelling::Canonical,
            80..89 => PathSpelling::LowerHex,
            89..97 => PathSpelling::Raw,
            _ => PathSpelling::Padded,
        };
        Self { to, position, form, spelling, fragment: rng.chance(80) }
    }
}

impl SitePlan {
    /// Puts the links of `n` into `out`, in the order of the page; none if its kind has none.
    pub fn links(&self, n: u32, out: &mut Vec<PlannedLink>) {
        out.clear();
        let kind = self.kind(n);
        if !kind.has_links() {
            return;
        }
        // A duplicate repeats the links of its original.
        let text = if kind == PageKind::Duplicate { self.original(n) } else { n };
        let mut rng = self.rng(text, Topic::Links);
        if kind == PageKind::Duplicate || (rng.chance(60) && !self.is_weakly_linked(text)) {
            out.push(PlannedLink::varied(text, LinkPosition::Canonical, &mut rng));
        }
        if text + 1 < self.pages() && !self.is_weakly_linked(text + 1) {
            if rng.chance(150) {
                out.push(PlannedLink::varied(text + 1, LinkPosition::Next, &mut rng));
            }
            if rng.chance(15) && text > 0 {
                out.push(PlannedLink::varied(text + 1, LinkPosition::Refresh, &mut rng));
            }
        }
        if rng.chance(40) {
            let to = self.random_target(text, &mut rng);
            out.push(PlannedLink::varied(to, LinkPosition::Alternate, &mut rng));
        }
        out.push(PlannedLink::plain(0, LinkPosition::Nav));
        out.push(PlannedLink::varied(Self::parent(text), LinkPosition::Nav, &mut rng));
        for child in self.children(text) {
            let position = if self.is_weakly_linked(child) {
                rng.pick(&[
                    LinkPosition::Area,
                    LinkPosition::Frame,
                    LinkPosition::Alternate,
                    LinkPosition::Next,
                    LinkPosition::Refresh,
                ])
            } else {
                LinkPosition::List
            };
            out.push(PlannedLink::varied(child, position, &mut rng));
        }
        for _ in 0..9 + rng.below(10) {
            let to = self.random_target(text, &mut rng);
            out.push(PlannedLink::varied(to, LinkPosition::Inline, &mut rng));
            if rng.chance(70) {
                out.push(PlannedLink::varied(to, LinkPosition::Inline, &mut rng));
            }
        }
        if rng.chance(100) && !self.is_weakly_linked(text) {
            out.push(PlannedLink {
                fragment: true,
                ..PlannedLink::plain(text, LinkPosition::Inline)
            });
        }
        if rng.chance(30) {
            for _ in 0..3 {
                let to = self.random_target(text, &mut rng);
                out.push(PlannedLink::varied(to, LinkPosition::Area, &mut rng));
            }
        }
        if rng.chance(20) {
            let to = self.random_target(text, &mut rng);
            out.push(PlannedLink::varied(to, LinkPosition::Frame, &mut rng));
        }
    }

    /// A random page: more often of the same host, and more often with a low number.
    fn random_target(&self, n: u32, rng: &mut Rng) -> u32 {
        let bound = if rng.chance(250) { self.pages() / 50 + 1 } else { self.pages() };
        let own_host = self.host(n);
        let mut to = rng.below(bound);
        for _ in 0..2 {
            if self.host(to) == own_host {
                break;
            }
            to = rng.below(bound);
        }
        // The parent of a weakly linked page has children, so it is not weakly linked.
        if self.is_weakly_linked(to) { Self::parent(to) } else { to }
    }
}
