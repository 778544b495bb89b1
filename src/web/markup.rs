//! Parses HTML in one streaming pass over its bytes, and hands its elements to [`PageExtractor`].
//!
//! The chunks are never joined, and memory is bounded for any page.

use std::borrow::Cow;
use std::cell::RefCell;
use std::sync::LazyLock;

use bytes::Bytes;
use encoding_rs::{Encoding, UTF_8};
use lol_html::errors::RewritingError;
use lol_html::html_content::{Element, TextChunk};
use lol_html::{
    AsciiCompatibleEncoding, ElementContentHandlers, HandlerResult, HtmlRewriter, MemorySettings,
    Selector, Settings,
};

use crate::web::elements::{self, TagAttributes};
use crate::web::extract::{PageExtractor, StopParsing};
use crate::web::source;
use crate::web::title::PageTitle;

/// Maximum memory of the parser for one page, in bytes: a tag cut by a chunk boundary, and the open elements.
const MAX_PARSER_MEMORY: usize = 8 << 20;

const HTML_NAMESPACE: &str = "http://www.w3.org/1999/xhtml";
const SVG_NAMESPACE: &str = "http://www.w3.org/2000/svg";

/// Compiled once: parsing a selector costs as much as parsing a small page.
static SELECTORS: LazyLock<Option<Selectors>> = LazyLock::new(|| {
    Some(Selectors {
        anchor: r"a[href], a[xlink\:href]".parse().ok()?,
        image: "a[href] img[alt]".parse().ok()?,
        area: "area[href]".parse().ok()?,
        link: "link[href]".parse().ok()?,
        frame: "frame[src], iframe[src]".parse().ok()?,
        srcdoc: "iframe[srcdoc]".parse().ok()?,
        template_base: "template base[href]".parse().ok()?,
        base: "base[href]".parse().ok()?,
        meta: "meta".parse().ok()?,
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
    srcdoc: Selector,
    /// Inside a template, which is no part of the document; matched before `base`.
    template_base: Selector,
    base: Selector,
    meta: Selector,
    title: Selector,
    /// The title of an SVG image, matched after `title`.
    caption: Selector,
}

/// The parser cannot continue: a limit was exceeded, or nothing more is wanted.
#[derive(Debug)]
pub(super) struct CutShort;

impl TagAttributes for Element<'_, '_> {
    fn raw(&self, name: &str) -> Option<String> {
        self.get_attribute(name)
    }
}

/// Reads the document in `chunks`, up to its end or to where the parser stops.
pub(super) fn read(
    chunks: &[Bytes],
    encoding: &'static Encoding,
    page: &RefCell<PageExtractor>,
) -> Result<(), CutShort> {
    let selectors = SELECTORS.as_ref().ok_or(CutShort)?;
    let may_have_base = !encoding.is_ascii_compatible() || source::contains(chunks, b"<base");
    let base = if may_have_base { first_base(chunks, encoding, selectors) } else { None };
    page.borrow_mut().expect_base(base.as_deref());
    let mut settings = with_links(settings(encoding), selectors, page);
    settings = with_head(settings, selectors, page);
    if base.is_some() {
        settings = with_base(settings, selectors, move |_| {
            page.borrow_mut().base_reached();
            Ok(())
        });
    }
    parse(chunks, encoding, settings).map_err(|_| CutShort)
}

/// Reads the document in the value of an `iframe srcdoc`.
pub(super) fn read_srcdoc(value: String, page: &RefCell<PageExtractor>) -> Result<(), StopParsing> {
    let Some(outer) = page.borrow_mut().begin_embedded() else { return Ok(()) };
    let cut = read(&[Bytes::from(value)], UTF_8, page).is_err();
    let mut page = page.borrow_mut();
    page.end_embedded(outer);
    if cut {
        page.embedded_is_cut();
        page.stop_if_done()?;
    }
    Ok(())
}

/// The `href` of the first `base` of the document.
fn first_base(
    chunks: &[Bytes],
    encoding: &'static Encoding,
    selectors: &Selectors,
) -> Option<String> {
    let found = RefCell::new(None);
    let settings = with_base(settings(encoding), selectors, |element| {
        *found.borrow_mut() = element.value("href");
        Err(StopParsing.into())
    });
    // It ends with an error where a `base` is found.
    let _ = parse(chunks, encoding, settings);
    found.into_inner()
}

fn settings<'h, 's>(encoding: &'static Encoding) -> Settings<'h, 's> {
    let parsed_as = AsciiCompatibleEncoding::new(encoding);
    Settings::new()
        .with_encoding(parsed_as.unwrap_or_else(AsciiCompatibleEncoding::utf_8))
        .with_memory_settings(
            MemorySettings::new().with_max_allowed_memory_usage(MAX_PARSER_MEMORY),
        )
        .with_strict(false)
}

fn parse(
    chunks: &[Bytes],
    encoding: &'static Encoding,
    settings: Settings<'_, '_>,
) -> Result<(), RewritingError> {
    let mut rewriter = HtmlRewriter::new(settings, |_: &[u8]| {});
    source::feed(chunks, encoding, |piece| rewriter.write(piece))?;
    rewriter.end()
}

type Handlers<'h, 's> = (Cow<'s, Selector>, ElementContentHandlers<'h>);

fn on<'h>(
    selector: &Selector,
    handler: impl FnMut(&mut Element<'_, '_>) -> HandlerResult + 'h,
) -> Handlers<'h, '_> {
    (Cow::Borrowed(selector), ElementContentHandlers::default().element(handler))
}

/// Adds the handler of the first `base` that counts.
fn with_base<'h, 's>(
    settings: Settings<'h, 's>,
    selectors: &'s Selectors,
    mut handler: impl FnMut(&mut Element<'_, '_>) -> HandlerResult + 'h,
) -> Settings<'h, 's> {
    let in_template = std::rc::Rc::new(std::cell::Cell::new(false));
    let seen = std::rc::Rc::clone(&in_template);
    settings
        .append_element_content_handler(on(&selectors.template_base, move |_| {
            seen.set(true);
            Ok(())
        }))
        .append_element_content_handler(on(&selectors.base, move |element| {
            if in_template.take() || element.namespace_uri() != HTML_NAMESPACE {
                return Ok(());
            }
            handler(element)
        }))
}

/// Adds the handlers of elements that lead to other pages, and of the texts of links.
fn with_links<'h, 's>(
    settings: Settings<'h, 's>,
    selectors: &'s Selectors,
    page: &'h RefCell<PageExtractor>,
) -> Settings<'h, 's> {
    let begin = move |element: &mut Element<'_, '_>, href: &str| -> HandlerResult {
        let ended = elements::anchor(&mut page.borrow_mut(), element, href)?;
        if let Some(ended) = ended
            && let Some(handlers) = element.end_tag_handlers()
        {
            handlers.push(Box::new(move |_| {
                ended.set(true);
                Ok(())
            }));
        }
        Ok(())
    };
    let mut anchor = on(&selectors.anchor, move |element| {
        if element.has_attribute("href") {
            begin(element, "href")
        } else if element.namespace_uri() == SVG_NAMESPACE {
            begin(element, "xlink:href")
        } else {
            Ok(())
        }
    });
    let settings = if page.borrow().collects_texts() {
        anchor.1 = anchor.1.text(move |text: &mut TextChunk<'_>| {
            if text.text_type().allows_html_entities() {
                page.borrow_mut().anchor_text(text.as_str());
            }
            Ok(())
        });
        settings.append_element_content_handler(on(&selectors.image, move |element| {
            if let Some(alt) = element.get_attribute("alt") {
                page.borrow_mut().anchor_image(&alt);
            }
            Ok(())
        }))
    } else {
        settings
    };
    let area =
        on(&selectors.area, move |element| Ok(elements::area(&mut page.borrow_mut(), element)?));
    let link =
        on(&selectors.link, move |element| Ok(elements::link(&mut page.borrow_mut(), element)?));
    let frame = on(&selectors.frame, move |element| {
        // Of an element with both attributes, browsers show the document in `srcdoc`.
        if element.has_attribute("srcdoc") && element.tag_name() == "iframe" {
            return Ok(());
        }
        Ok(elements::frame(&mut page.borrow_mut(), element)?)
    });
    let srcdoc = on(&selectors.srcdoc, move |element| {
        let Some(value) = element.value("srcdoc") else { return Ok(()) };
        Ok(read_srcdoc(value, page)?)
    });
    settings
        .append_element_content_handler(anchor)
        .append_element_content_handler(area)
        .append_element_content_handler(link)
        .append_element_content_handler(frame)
        .append_element_content_handler(srcdoc)
}

/// Adds the handlers of elements about the page itself: directives and title.
fn with_head<'h, 's>(
    settings: Settings<'h, 's>,
    selectors: &'s Selectors,
    page: &'h RefCell<PageExtractor>,
) -> Settings<'h, 's> {
    let meta = on(&selectors.meta, move |element| {
        Ok(elements::meta(&mut page.borrow_mut(), element, true)?)
    });
    let mut title = on(&selectors.title, move |_| {
        page.borrow_mut().title().map(PageTitle::begin);
        Ok(())
    });
    title.1 = title.1.text(move |text: &mut TextChunk<'_>| {
        let mut page = page.borrow_mut();
        if let Some(title) = page.title() {
            title.text(text.as_str(), text.last_in_text_node());
            page.stop_if_done()?;
        }
        Ok(())
    });
    let caption = on(&selectors.caption, move |_| {
        page.borrow_mut().title().map(PageTitle::is_of_svg);
        Ok(())
    });
    settings
        .append_element_content_handler(meta)
        .append_element_content_handler(title)
        .append_element_content_handler(caption)
}
