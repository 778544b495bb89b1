//! The open elements of a page: in which of them a place lies, and which of them an end tag closes.

use hashbrown::HashMap;

use super::names::{TagName, tag_name as tag};
use super::{CutShort, MAX_DEPTH};

/// Elements deeper than this are counted by name, so that an end tag without a start tag is not searched
/// for among all of them.
const SHALLOW: usize = 64;

/// Why an open element matters to what is inside it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::web) enum ElementRole {
    /// It does not.
    None,
    /// An `a` with `href`.
    Link,
    /// An `a` with `xlink:href` only.
    XLink,
    /// A `title`.
    Title,
    /// An `svg`.
    Svg,
    /// A `template`.
    Template,
}

#[derive(Debug)]
struct OpenElement {
    name: TagName,
    role: ElementRole,
    /// Whether its end is to be reported.
    reports_end: bool,
}

/// The open elements, and how many of each role.
#[derive(Debug, Default)]
pub(super) struct OpenElements {
    elements: Vec<OpenElement>,
    /// How many of the deep elements have a name.
    deep: HashMap<TagName, u32>,
    open: [u32; 6],
}

impl OpenElements {
    /// How many open elements have `role`.
    pub(super) const fn count(&self, role: ElementRole) -> u32 {
        self.open[role as usize]
    }

    /// Opens an element.
    ///
    /// # Errors
    /// There are too many of them.
    pub(super) fn push(&mut self, name: TagName, role: ElementRole) -> Result<(), CutShort> {
        let depth = self.elements.len();
        if depth >= SHALLOW {
            if depth >= MAX_DEPTH {
                return Err(CutShort);
            }
            *self.deep.entry(name).or_default() += 1;
        }
        self.elements.push(OpenElement { name, role, reports_end: false });
        self.open[role as usize] += 1;
        Ok(())
    }

    /// Asks for a report when the innermost element ends.
    pub(super) fn report_end(&mut self) {
        if let Some(innermost) = self.elements.last_mut() {
            innermost.reports_end = true;
        }
    }

    /// Closes the innermost element with `name`, and those inside it. Returns whether one of them was to
    /// be reported.
    pub(super) fn close(&mut self, name: TagName) -> bool {
        if let Some(innermost) = self.elements.pop_if(|innermost| innermost.name == name) {
            return self.closed(&innermost);
        }
        let depth = self.elements.len();
        let searched =
            if depth <= SHALLOW || self.deep.contains_key(&name) { depth } else { SHALLOW };
        let place = self.elements[..searched].iter().rposition(|element| element.name == name);
        let Some(place) = place else { return false };
        let mut reports_end = false;
        while self.elements.len() > place
            && let Some(innermost) = self.elements.pop()
        {
            reports_end |= self.closed(&innermost);
        }
        reports_end
    }

    /// Forgets an element, the innermost before. Returns whether its end is to be reported.
    fn closed(&mut self, element: &OpenElement) -> bool {
        if self.elements.len() >= SHALLOW
            && let Some(count) = self.deep.get_mut(&element.name)
        {
            *count -= 1;
            if *count == 0 {
                self.deep.remove(&element.name);
            }
        }
        self.open[element.role as usize] -= 1;
        element.reports_end
    }
}

/// Whether an element of HTML with this name has no content.
#[rustfmt::skip]
pub(super) const fn is_void(name: TagName) -> bool {
    matches!(
        name,
        tag::AREA | tag::BASE | tag::BASEFONT | tag::BGSOUND | tag::BR | tag::COL | tag::EMBED | tag::HR | tag::IMG
            | tag::INPUT | tag::KEYGEN | tag::LINK | tag::META | tag::PARAM | tag::SOURCE | tag::TRACK | tag::WBR
    )
}
