//! What is known of the place in the tree of the page.

use super::CutShort;
use super::names::{TagName, tag_name as tag};
use super::namespaces::{Namespaces, TagNamespace};
use super::open_elements::{ElementRole, OpenElements, is_void};
use super::tag::StartTag;
use super::tokenizer::ElementContent;

/// The namespace and the open elements of a place in a page.
#[derive(Debug, Default)]
pub(in crate::web) struct Tree {
    namespaces: Namespaces,
    open: OpenElements,
    /// Whether the element that began last has content.
    has_content: bool,
}

impl Tree {
    /// Follows a start tag. Returns what comes behind it.
    ///
    /// # Errors
    /// Too many elements are open.
    pub(in crate::web) fn start(
        &mut self,
        start: &StartTag<'_>,
        role: ElementRole,
    ) -> Result<ElementContent, CutShort> {
        let content = self.namespaces.start(start)?;
        let is_html = self.is_html() && !matches!(start.name, tag::SVG | tag::MATH);
        self.has_content = if is_html { !is_void(start.name) } else { !start.self_closing };
        if self.has_content {
            self.open.push(start.name, role)?;
        }
        Ok(content)
    }

    /// Asks for a report when the element that began last ends.
    pub(in crate::web) fn report_end(&mut self) {
        if self.has_content {
            self.open.report_end();
        }
    }

    /// Follows an end tag. Returns whether an element has ended whose end was to be reported.
    pub(in crate::web) fn end(&mut self, name: TagName) -> bool {
        self.namespaces.end(name);
        self.open.close(name)
    }

    /// Whether the place is inside an element with `role`, or is that.
    pub(in crate::web) const fn is_in(&self, role: ElementRole) -> bool {
        self.open.count(role) > 0
    }

    /// Whether the place is in HTML.
    pub(in crate::web) fn is_html(&self) -> bool {
        self.namespaces.current() == TagNamespace::Html
    }

    /// Whether the place is in SVG.
    pub(in crate::web) fn is_svg(&self) -> bool {
        self.namespaces.current() == TagNamespace::Svg
    }
}
