//! Links and title of an HTML page, found in one streaming pass over its chunks.
//!
//! The chunks are never joined, and memory is bounded for any page. This module knows no crawl:
//! other modules decide which links are followed.

use std::borrow::Cow;
use std::cell::RefCell;
use std::sync::LazyLock;

use bytes::Bytes;
use encoding_rs::{CoderResult, Encoding, UTF_8};
use lol_html::errors::RewritingError;
use lol_html::html_content::{Element, TextChunk};
use lol_html::{
    AsciiCompatibleEncoding, ElementContentHandlers, HandlerResult, HtmlRewriter, MemorySettings,
    OutputSink, Selector, Settings,
};
use url::Url;

use super::charset;
pub use super::sniff::is_html;
use crate::web::extract::PageExtractor;
use crate::web::parsed::{LinkOptions, Parsed};

/// Maximum memory of the parser for one page, in bytes: a tag cut by a chunk boundary, and the open elements.
const MAX_PARSER_MEMORY: usize = 8 << 20;
/// Bytes given to the parser at once. The parser copies a piece that continues a cut tag.
const PIECE: usize = 32 << 10;

/// Compiled once: parsing a selector costs as much as parsing a small page.
static SELECTORS: LazyLock<Option<Selectors>> = LazyLock::new(|| {
    Some(Selectors {
        anchor: "a[href]".parse().ok()?,
        image: "a[href] img[alt]".parse().ok()?,
        area: "area[href]".parse().ok()?,
        link: "link[href]".parse().ok()?,
        frame: "frame[src], iframe[src]".parse().ok()?,
        base: "base[href]".parse().ok()?,
        meta: "meta[content]".parse().ok()?,
        title: "title".parse().ok()?,
        caption: "svg title".parse().ok()?,
    })
});

struct Selectors {
    anchor: Selector,
    /// Inside an anchor.
    image: Selector,
    area: Selector,
    link: Selector,
    frame: Selector,
    base: Selector,
    meta: Selector,
    title: Selector,
    /// The title of an SVG image, matched after `title`.
    caption: Selector,
}

/// Finds title, links and directives of the page at `base`, within the limits of `options`.
///
/// `chunks` are the whole body. References to a place on the page itself are no links. When a
/// malicious page exceeds a limit, what was found before is returned, marked as truncated.
#[must_use]
pub fn parse_html(
    chunks: &[Bytes],
    content_type: Option<&str>,
    base: &Url,
    options: &LinkOptions,
) -> Parsed {
    let encoding = charset::of_page(chunks, true, content_type, Some(base));
    let extractor = RefCell::new(PageExtractor::new(base, encoding, options));
    let cut = match SELECTORS.as_ref() {
        Some(selectors) => run(chunks, encoding, selectors, &extractor).is_err(),
        None => true,
    };
    extractor.into_inner().finish(cut)
}

fn run(
    chunks: &[Bytes],
    encoding: &'static Encoding,
    selectors: &Selectors,
    extractor: &RefCell<PageExtractor<'_>>,
) -> Result<(), RewritingError> {
    let parsed_as = AsciiCompatibleEncoding::new(encoding);
    let settings = Settings::new()
        .with_encoding(parsed_as.unwrap_or_else(AsciiCompatibleEncoding::utf_8))
        .with_memory_settings(
            MemorySettings::new().with_max_allowed_memory_usage(MAX_PARSER_MEMORY),
        )
        .with_strict(false);
    let settings = with_head(with_links(settings, selectors, extractor), selectors, extractor);
    let mut rewriter = HtmlRewriter::new(settings, |_: &[u8]| {});
    if parsed_as.is_some() {
        for piece in chunks.iter().flat_map(|chunk| chunk.chunks(PIECE)) {
            rewriter.write(piece)?;
        }
    } else {
        transcode(chunks, encoding, &mut rewriter)?;
    }
    rewriter.end()
}

type Handlers<'h, 's> = (Cow<'s, Selector>, ElementContentHandlers<'h>);

fn handlers_of<'h>(selector: &Selector) -> Handlers<'h, '_> {
    (Cow::Borrowed(selector), ElementContentHandlers::default())
}

/// Adds the handlers of elements that lead to other pages, and of the texts of links.
fn with_links<'h, 's>(
    settings: Settings<'h, 's>,
    selectors: &'s Selectors,
    extractor: &'h RefCell<PageExtractor<'_>>,
) -> Settings<'h, 's> {
    let (anchor, image, area) = (
        handlers_of(&selectors.anchor),
        handlers_of(&selectors.image),
        handlers_of(&selectors.area),
    );
    let (link, frame) = (handlers_of(&selectors.link), handlers_of(&selectors.frame));
    let follow = move |element: &Element<'_, '_>, name: &str| -> HandlerResult {
        if let Some(value) = element.get_attribute(name) {
            extractor.borrow_mut().link(&value)?;
        }
        Ok(())
    };
    let is_left_out = move |el: &Element<'_, '_>| {
        let left_out = extractor.borrow().respects_rel_nofollow() && has_rel(el, "nofollow");
        if left_out {
            extractor.borrow_mut().count_left_out();
        }
        left_out
    };
    let anchor = (
        anchor.0,
        anchor
            .1
            .element(move |el: &mut Element<'_, '_>| {
                let Some(value) = el.get_attribute("href") else { return Ok(()) };
                let value = (!is_left_out(el)).then_some(value.as_str());
                if let Some(ended) = extractor.borrow_mut().anchor(value)?
                    && let Some(handlers) = el.end_tag_handlers()
                {
                    handlers.push(Box::new(move |_| {
                        ended.set(true);
                        Ok(())
                    }));
                }
                Ok(())
            })
            .text(move |text: &mut TextChunk<'_>| {
                if text.text_type().allows_html_entities() {
                    extractor.borrow_mut().anchor_text(text.as_str());
                }
                Ok(())
            }),
    );
    let image = (
        image.0,
        image.1.element(move |el: &mut Element<'_, '_>| {
            if let Some(alt) = el.get_attribute("alt") {
                extractor.borrow_mut().anchor_image(&alt);
            }
            Ok(())
        }),
    );
    let area = (
        area.0,
        area.1.element(
            move |el: &mut Element<'_, '_>| {
                if is_left_out(el) { Ok(()) } else { follow(el, "href") }
            },
        ),
    );
    let frame = (frame.0, frame.1.element(move |el: &mut Element<'_, '_>| follow(el, "src")));
    let link = (
        link.0,
        link.1.element(move |el: &mut Element<'_, '_>| {
            if has_rel(el, "canonical")
                && let Some(value) = el.get_attribute("href")
            {
                extractor.borrow_mut().canonical(&value);
            }
            if is_page_relation(el) { follow(el, "href") } else { Ok(()) }
        }),
    );
    settings
        .append_element_content_handler(anchor)
        .append_element_content_handler(image)
        .append_element_content_handler(area)
        .append_element_content_handler(link)
        .append_element_content_handler(frame)
}

/// Adds the handlers of elements about the page itself: base, directives, title.
fn with_head<'h, 's>(
    settings: Settings<'h, 's>,
    selectors: &'s Selectors,
    extractor: &'h RefCell<PageExtractor<'_>>,
) -> Settings<'h, 's> {
    let (base, meta, title) =
        (handlers_of(&selectors.base), handlers_of(&selectors.meta), handlers_of(&selectors.title));
    let base = (
        base.0,
        base.1.element(move |el: &mut Element<'_, '_>| {
            if let Some(value) = el.get_attribute("href") {
                extractor.borrow_mut().base(&value);
            }
            Ok(())
        }),
    );
    let meta = (
        meta.0,
        meta.1.element(move |el: &mut Element<'_, '_>| {
            let is = |attribute: &str, name: &str| {
                let value = el.get_attribute(attribute);
                value.is_some_and(|value| value.trim_ascii().eq_ignore_ascii_case(name))
            };
            let Some(content) = el.get_attribute("content") else { return Ok(()) };
            if is("http-equiv", "refresh") {
                extractor.borrow_mut().refresh(&content)?;
            }
            let name = el.get_attribute("name");
            if name.is_some_and(|name| extractor.borrow().names_this_crawler(name.trim_ascii())) {
                extractor.borrow_mut().robots(&content);
            }
            Ok(())
        }),
    );
    let title = (
        title.0,
        title
            .1
            .element(move |_: &mut Element<'_, '_>| {
                extractor.borrow_mut().title_begins();
                Ok(())
            })
            .text(move |text: &mut TextChunk<'_>| {
                extractor.borrow_mut().title_text(text.as_str(), text.last_in_text_node())?;
                Ok(())
            }),
    );
    let caption = handlers_of(&selectors.caption);
    let caption = (
        caption.0,
        caption.1.element(move |_: &mut Element<'_, '_>| {
            extractor.borrow_mut().title_is_of_svg();
            Ok(())
        }),
    );
    settings
        .append_element_content_handler(base)
        .append_element_content_handler(meta)
        .append_element_content_handler(title)
        .append_element_content_handler(caption)
}

/// Whether `rel` of the element contains the relation `name`.
fn has_rel(element: &Element<'_, '_>, name: &str) -> bool {
    element.get_attribute("rel").is_some_and(|rel| rel_contains(&rel, name))
}

fn rel_contains(rel: &str, name: &str) -> bool {
    rel.split_ascii_whitespace().any(|word| word.eq_ignore_ascii_case(name))
}

/// Whether a `link` element leads to a page rather than to a style sheet, icon or feed.
fn is_page_relation(element: &Element<'_, '_>) -> bool {
    let Some(rel) = element.get_attribute("rel") else { return false };
    let rel_contains = |name: &str| rel_contains(&rel, name);
    if rel_contains("next") || rel_contains("canonical") {
        return true;
    }
    rel_contains("alternate")
        && !rel_contains("stylesheet")
        && element.get_attribute("type").is_none_or(|text| is_html(Some(&text), b"<html>"))
}

/// Feeds the page to the parser as UTF-8, because the parser reads only ASCII-compatible encodings.
fn transcode<O: OutputSink>(
    chunks: &[Bytes],
    encoding: &'static Encoding,
    rewriter: &mut HtmlRewriter<'_, O>,
) -> Result<(), RewritingError> {
    debug_assert!(encoding != UTF_8, "UTF-8 needs no transcoding");
    let mut decoder = encoding.new_decoder();
    let mut buffer = String::with_capacity(PIECE);
    let pieces = chunks.iter().flat_map(|chunk| chunk.chunks(PIECE)).map(|piece| (piece, false));
    for (mut piece, last) in pieces.chain([(&[][..], true)]) {
        loop {
            let (result, read, _) = decoder.decode_to_string(piece, &mut buffer, last);
            rewriter.write(buffer.as_bytes())?;
            buffer.clear();
            piece = &piece[read..];
            if result == CoderResult::InputEmpty {
                break;
            }
        }
    }
    Ok(())
}
