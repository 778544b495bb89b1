//! A streaming scanner of HTML: it finds tags and texts in the bytes of a page as the tokenizer of the
//! HTML standard does, and keeps of the tree only what is needed to read the rest.
//!
//! It builds no tree: namespaces are followed by the tags that change them, and an end tag closes the
//! innermost open element of its name.

mod names;
mod namespaces;
mod open_elements;
mod raw_text;
mod tag;
mod text_decoder;
mod tokenizer;
mod tree;

pub(super) use names::{TagName, tag_name};
pub(super) use open_elements::ElementRole;
pub(super) use tag::StartTag;
pub(super) use text_decoder::TextDecoder;
pub(super) use tokenizer::{ElementContent, TokenSink, Tokenizer};
pub(super) use tree::Tree;

/// The parser cannot continue: a limit was exceeded, or nothing more is wanted.
#[derive(Debug)]
pub(super) struct CutShort;

/// Maximum size of a tag that chunk boundaries cut, in bytes.
const MAX_HELD: usize = 8 << 20;
/// Maximum number of open elements, and of namespaces entered.
const MAX_DEPTH: usize = 65_536;
