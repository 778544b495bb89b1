//! The links of a page as data: the one source for its HTML, for what a crawl must find and
//! for redirect targets.
//!
//! It must not know how a link is written; that is `href`.

use super::dice::{Dice, Topic};
use super::plan::{Kind, Plan};

/// Where in the page a link stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spot {
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

/// How the address is written; all forms mean the same canonical URL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// `http://127.0.0.1:PORT/a/b`.
    Absolute,
    /// `HTTP://0X7F.0.0.1:PORT/a/b`: scheme and host in capitals.
    Shouted,
    /// `http://127.1:PORT/a/b`: the short form of the address.
    ShortHost,
    /// `//127.0.0.1:PORT/a/b`.
    SchemeRelative,
    /// `/a/b`.
    Rooted,
    /// `/./x/../a/b`.
    Detour,
    /// `../a/b`.
    Relative,
    /// `./../a/b`.
    Dotted,
}

/// How the characters of the path are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spelling {
    /// Escapes in capitals, as in the canonical form.
    Canonical,
    /// Escapes in small letters.
    LowerHex,
    /// Characters instead of escapes.
    Raw,
    /// White space around.
    Padded,
}

/// A link of a page.
#[derive(Debug, Clone, Copy)]
pub struct Link {
    /// The number it leads to.
    pub to: u32,
    /// Where it stands.
    pub spot: Spot,
    /// How its address is written.
    pub form: Form,
    /// How its path is spelled.
    pub spelling: Spelling,
    /// Has a fragment.
    pub fragment: bool,
}

impl Link {
    /// A plain link without varying forms.
    pub fn plain(to: u32, spot: Spot) -> Self {
        let (form, spelling) = (Form::Rooted, Spelling::Canonical);
        Self { to, spot, form, spelling, fragment: false }
    }

    fn varied(to: u32, spot: Spot, dice: &mut Dice) -> Self {
        let form = match dice.below(100) {
            0..38 => Form::Rooted,
            38..64 => Form::Relative,
            64..82 => Form::Absolute,
            82..87 => Form::Dotted,
            87..91 => Form::Detour,
            91..96 => Form::SchemeRelative,
            96..98 => Form::Shouted,
            _ => Form::ShortHost,
        };
        let spelling = match dice.below(100) {
            0..80 => Spelling::Canonical,
            80..89 => Spelling::LowerHex,
            89..97 => Spelling::Raw,
            _ => Spelling::Padded,
        };
        Self { to, spot, form, spelling, fragment: dice.chance(80) }
    }
}

impl Plan {
    /// Puts the links of `n` into `out`, in the order of the page; none if it carries none.
    pub fn links(&self, n: u32, out: &mut Vec<Link>) {
        out.clear();
        let kind = self.kind(n);
        if !kind.has_links() {
            return;
        }
        // A duplicate repeats its original, links and all.
        let text = if kind == Kind::Duplicate { self.original(n) } else { n };
        let mut dice = self.dice(text, Topic::Links);
        if kind == Kind::Duplicate || (dice.chance(60) && !self.is_shy(text)) {
            out.push(Link::varied(text, Spot::Canonical, &mut dice));
        }
        if text + 1 < self.pages() && !self.is_shy(text + 1) {
            if dice.chance(150) {
                out.push(Link::varied(text + 1, Spot::Next, &mut dice));
            }
            if dice.chance(15) && text > 0 {
                out.push(Link::varied(text + 1, Spot::Refresh, &mut dice));
            }
        }
        if dice.chance(40) {
            let to = self.somewhere(text, &mut dice);
            out.push(Link::varied(to, Spot::Alternate, &mut dice));
        }
        out.push(Link::plain(0, Spot::Nav));
        out.push(Link::varied(Self::parent(text), Spot::Nav, &mut dice));
        for child in self.children(text) {
            let spot = if self.is_shy(child) {
                dice.pick(&[Spot::Area, Spot::Frame, Spot::Alternate, Spot::Next, Spot::Refresh])
            } else {
                Spot::List
            };
            out.push(Link::varied(child, spot, &mut dice));
        }
        for _ in 0..9 + dice.below(10) {
            let to = self.somewhere(text, &mut dice);
            out.push(Link::varied(to, Spot::Inline, &mut dice));
            if dice.chance(70) {
                out.push(Link::varied(to, Spot::Inline, &mut dice));
            }
        }
        if dice.chance(100) && !self.is_shy(text) {
            out.push(Link { fragment: true, ..Link::plain(text, Spot::Inline) });
        }
        if dice.chance(30) {
            for _ in 0..3 {
                let to = self.somewhere(text, &mut dice);
                out.push(Link::varied(to, Spot::Area, &mut dice));
            }
        }
        if dice.chance(20) {
            let to = self.somewhere(text, &mut dice);
            out.push(Link::varied(to, Spot::Frame, &mut dice));
        }
    }

    /// Any number, rather one of the same host, and some low numbers more often than others.
    fn somewhere(&self, n: u32, dice: &mut Dice) -> u32 {
        let bound = if dice.chance(250) { self.pages() / 50 + 1 } else { self.pages() };
        let home = self.host(n);
        let mut to = dice.below(bound);
        for _ in 0..2 {
            if self.host(to) == home {
                break;
            }
            to = dice.below(bound);
        }
        // A shy number's parent has children, so it is not shy.
        if self.is_shy(to) { Self::parent(to) } else { to }
    }
}
