//! The HTML of a page, written from its links, title and sentences.
//!
//! It must not know HTTP beyond the content type, nor decide where a link leads.

use std::fmt::Write as _;

use bytes::Bytes;

use super::charset::Charset;
use super::hosts::HostAddresses;
use super::href::Base;
use super::links::{LinkPosition, PlannedLink};
use super::plan::{PageKind, SitePlan};
use super::prose::{Language, sentence};
use super::rng::{Rng, Topic};

/// A body and its content type.
#[derive(Debug, Clone)]
pub struct RenderedPage {
    /// The bytes.
    pub body: Bytes,
    /// The `Content-Type`.
    pub content_type: &'static str,
}

/// Markup that looks like a link but is none; nothing below `/trap/` returns 200.
const TRAPS: [&str; 6] = [
    "<!-- <a href=\"/trap/comment\">not a link</a> -->\n",
    "<script>const s = '<a href=\"/trap/script\">not a link</a>';</script>\n",
    "<style>.x { background: url(/trap/style) } /* <a href=\"/trap/css\"> */</style>\n",
    "<p><a name=\"part-1\">No href</a>, <a href=\"mailto:keeper@example.org\">a letter</a>, \
     <a href=\"javascript:void(0)\">a script</a>, <a href=\"tel:+4912345\">a call</a>, \
     <a href=\"http://\">nowhere</a>.</p>\n",
    "<form action=\"/trap/form\"><button data-href=\"/trap/data\">Search</button></form>\n",
    "<p title='<a href=\"/trap/title\">'>A title with a quoted tag.</p>\n",
];

/// The HTML of page `n`, on hosts with these addresses.
pub fn render(plan: &SitePlan, n: u32, hosts: &HostAddresses) -> RenderedPage {
    let text = if plan.kind(n) == PageKind::Duplicate { plan.original(n) } else { n };
    let charset = Charset::of(plan, n);
    let mut links = Vec::with_capacity(40);
    plan.links(n, &mut links);
    let mut page = PageRenderer {
        plan,
        hosts,
        base: plan.base(n),
        links,
        language: charset.language(),
        prose: plan.rng(text, Topic::Prose),
        markup: plan.rng(n, Topic::Markup),
        size: plan.rng(text, Topic::Size).log_normal(8192.0, 0.95).clamp(1500.0, 3e5) as usize,
        html: String::new(),
    };
    page.html.reserve(page.size + 2048);
    page.head(text, charset);
    page.navigation(text);
    if n == 0 {
        page.html.push_str(super::entry_page::ABOUT);
    }
    page.text();
    page.end();
    RenderedPage { body: charset.encode(page.html), content_type: charset.content_type() }
}

struct PageRenderer<'a> {
    plan: &'a SitePlan,
    hosts: &'a HostAddresses,
    base: Base,
    links: Vec<PlannedLink>,
    language: Language,
    prose: Rng,
    markup: Rng,
    size: usize,
    html: String,
}

impl PageRenderer<'_> {
    fn head(&mut self, text: u32, charset: Charset) {
        self.html.push_str("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n");
        self.html.push_str(charset.meta());
        if self.base.declared {
            let (host, path) = (self.hosts.authority(self.base.host), &self.base.path);
            let _ = writeln!(self.html, "<base href=\"http://{host}{path}\">");
        }
        self.html.push_str("<title>");
        escape(&self.plan.title(text), &mut self.html);
        self.html.push_str("</title>\n");
        for link in self.at(&[
            LinkPosition::Canonical,
            LinkPosition::Next,
            LinkPosition::Alternate,
            LinkPosition::Refresh,
        ]) {
            match link.position {
                LinkPosition::Refresh => {
                    self.html.push_str("<meta http-equiv=\"refresh\" content=\"600; url=");
                    let href = self.plan.href(link, &self.base, self.hosts);
                    escape(href.trim(), &mut self.html);
                    self.html.push_str("\">\n");
                }
                position => {
                    self.html.push_str(match position {
                        LinkPosition::Canonical => "<link rel=\"canonical\"",
                        LinkPosition::Next => "<link rel=\"Next\"",
                        _ => "<link rel=\"alternate\" type=\"text/html\" hreflang=\"de\"",
                    });
                    self.href(link, "href");
                    self.html.push_str(">\n");
                }
            }
        }
        self.html.push_str(
            "<link rel=\"stylesheet\" href=\"/trap/style.css\">\n\
             <link rel=\"alternate\" type=\"application/rss+xml\" href=\"/trap/feed\">\n\
             </head>\n<body>\n",
        );
    }

    fn navigation(&mut self, text: u32) {
        self.html.push_str("<nav>");
        for link in self.at(&[LinkPosition::Nav]) {
            self.anchor(link);
            self.html.push_str(" \u{b7} ");
        }
        self.html.push_str("</nav>\n<h1>");
        escape(&self.plan.title(text), &mut self.html);
        self.html.push_str("</h1>\n");
        if self.markup.chance(300) {
            self.html.push_str(self.markup.pick(&TRAPS));
        }
    }

    fn text(&mut self) {
        let children = self.at(&[LinkPosition::List]);
        if !children.is_empty() {
            self.html.push_str("<ul>\n");
            for link in children {
                self.html.push_str("<li>");
                self.anchor(link);
                // The end tag may be left out.
                self.html.push_str(if self.markup.chance(500) { "</li>\n" } else { "\n" });
            }
            self.html.push_str("</ul>\n");
        }
        let mut inline = self.at(&[LinkPosition::Inline]).into_iter();
        loop {
            let link = inline.next();
            if link.is_none() && self.html.len() >= self.size {
                break;
            }
            self.html.push_str("<p>");
            self.sentences(1);
            if let Some(link) = link {
                self.anchor(link);
                self.html.push_str(". ");
            }
            // Text between the links only as far as the size allows.
            if self.html.len() < self.size {
                let more = 1 + self.prose.below(5);
                self.sentences(more);
            }
            self.html.push_str("</p>\n");
        }
    }

    fn end(&mut self) {
        let areas = self.at(&[LinkPosition::Area]);
        if !areas.is_empty() {
            self.html.push_str("<map name=\"chart\">\n");
            for link in areas {
                self.html.push_str("<area shape=\"rect\" coords=\"0,0,9,9\" alt=\"\"");
                self.href(link, "href");
                self.html.push_str(">\n");
            }
            self.html.push_str("</map>\n");
        }
        for link in self.at(&[LinkPosition::Frame]) {
            self.html.push_str("<iframe width=\"300\"");
            self.href(link, "src");
            self.html.push_str("></iframe>\n");
        }
        self.html.push_str("<footer id=\"part-2\">&copy; the keepers</footer>\n</body>\n</html>\n");
    }

    fn at(&self, positions: &[LinkPosition]) -> Vec<PlannedLink> {
        self.links.iter().filter(|link| positions.contains(&link.position)).copied().collect()
    }

    fn sentences(&mut self, count: u32) {
        for _ in 0..count {
            escape(sentence(self.language, &mut self.prose), &mut self.html);
            self.html.push(' ');
        }
    }

    fn anchor(&mut self, link: PlannedLink) {
        self.html.push_str(if self.markup.chance(30) { "<A" } else { "<a" });
        let name = if self.markup.chance(30) { "HREF" } else { "href" };
        self.href(link, name);
        self.html.push('>');
        escape(&self.plan.title(link.to), &mut self.html);
        self.html.push_str("</a>");
    }

    /// ` name="address"`, sometimes with other quotes or none.
    fn href(&mut self, link: PlannedLink, name: &str) {
        let href = self.plan.href(link, &self.base, self.hosts);
        let bare = !href.contains(char::is_whitespace) && !href.ends_with('/');
        let quote = match self.markup.below(100) {
            0..6 => "'",
            6..10 if bare => "",
            _ => "\"",
        };
        self.html.push(' ');
        self.html.push_str(name);
        self.html.push('=');
        self.html.push_str(quote);
        match href.split_once('/').filter(|_| self.markup.chance(20)) {
            // An entity where none is needed is allowed, too.
            Some((head, tail)) => {
                escape(head, &mut self.html);
                self.html.push_str("&#x2F;");
                escape(tail, &mut self.html);
            }
            None => escape(&href, &mut self.html),
        }
        self.html.push_str(quote);
    }
}

fn escape(text: &str, html: &mut String) {
    for (at, part) in text.split_inclusive(['&', '<', '>', '"']).enumerate() {
        let (head, special) = match part.as_bytes().last() {
            Some(b'&') => (&part[..part.len() - 1], if at % 2 == 0 { "&amp;" } else { "&#38;" }),
            Some(b'<') => (&part[..part.len() - 1], "&lt;"),
            Some(b'>') => (&part[..part.len() - 1], "&gt;"),
            Some(b'"') => (&part[..part.len() - 1], "&quot;"),
            _ => (part, ""),
        };
        html.push_str(head);
        html.push_str(special);
    }
}
