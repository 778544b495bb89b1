//! Splits a page into tags and texts, as the tokenizer of the HTML standard does. What lies between two
//! `<` is not looked at.

use memchr::memchr;

use super::names::{TagName, tag_name as tag};
use super::raw_text::{Found, ScriptPlace, ScriptStep, end_tag_at, script_step};
use super::tag::{StartTag, TagReader};
use super::{CutShort, MAX_HELD};

/// What the content of an element is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::web) enum ElementContent {
    /// Tags, texts and comments.
    Markup,
    /// Text with references up to the end tag with this name.
    References(&'static str),
    /// Text up to the end tag with this name.
    Raw(&'static str),
    /// A script.
    Script,
    /// Text up to the end of the page.
    Plain,
}

impl ElementContent {
    /// The content of an element of HTML.
    pub(super) const fn of(name: TagName) -> Self {
        match name {
            tag::TITLE => Self::References("title"),
            tag::TEXTAREA => Self::References("textarea"),
            tag::SCRIPT => Self::Script,
            tag::STYLE => Self::Raw("style"),
            tag::IFRAME => Self::Raw("iframe"),
            tag::XMP => Self::Raw("xmp"),
            tag::NOEMBED => Self::Raw("noembed"),
            tag::NOFRAMES => Self::Raw("noframes"),
            tag::PLAINTEXT => Self::Plain,
            _ => Self::Markup,
        }
    }
}

/// Receives the tags and texts of a page.
pub(in crate::web) trait TokenSink {
    /// A start tag. Returns what follows it.
    fn start_tag(&mut self, start: &StartTag<'_>) -> Result<ElementContent, CutShort>;
    /// An end tag.
    fn end_tag(&mut self, name: TagName) -> Result<(), CutShort>;
    /// A piece of text, not decoded, as in the source. `references`: whether they count in it.
    fn text(&mut self, piece: &[u8], references: bool) -> Result<(), CutShort>;
    /// The text ends at something that is neither tag nor text. A tag ends it as well, without this call.
    fn text_ends(&mut self) -> Result<(), CutShort>;
    /// Whether the page is at a place that is not HTML, where `CDATA` sections are.
    fn is_foreign(&self) -> bool;
}

/// What the scanner is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ScanMode {
    Content(ElementContent),
    Script(ScriptPlace),
    /// A comment, of which nothing was read when `fresh`.
    Comment {
        fresh: bool,
    },
    /// A declaration, or what is read as a comment although it is none: it ends at the first `>`.
    Declaration,
    Cdata,
}

/// How a step ended, and up to where the bytes were read.
enum Step {
    Continue(usize),
    /// The bytes from here on belong to something that goes on behind them.
    Wait(usize),
}

type StepResult = Result<Step, CutShort>;

/// Splits a page, given in pieces, into tags and texts.
#[derive(Debug)]
pub(in crate::web) struct Tokenizer {
    mode: ScanMode,
    /// What the last piece has cut.
    held: Vec<u8>,
    tag: TagReader,
}

impl Tokenizer {
    pub(in crate::web) const fn new() -> Self {
        Self {
            mode: ScanMode::Content(ElementContent::Markup),
            held: Vec::new(),
            tag: TagReader::new(),
        }
    }

    /// Reads the next piece.
    ///
    /// # Errors
    /// A tag is too long, or `sink` wants to stop.
    pub(in crate::web) fn write(
        &mut self,
        piece: &[u8],
        sink: &mut impl TokenSink,
    ) -> Result<(), CutShort> {
        if self.held.is_empty() {
            let read = self.read(piece, sink)?;
            self.held.extend_from_slice(&piece[read..]);
        } else {
            let mut joined = std::mem::take(&mut self.held);
            joined.extend_from_slice(piece);
            let read = self.read(&joined, sink)?;
            joined.drain(..read);
            self.held = joined;
        }
        if self.held.len() > MAX_HELD { Err(CutShort) } else { Ok(()) }
    }

    /// The page ends.
    ///
    /// # Errors
    /// `sink` wants to stop.
    pub(in crate::web) fn end(self, sink: &mut impl TokenSink) -> Result<(), CutShort> {
        let Self { mode, held, tag } = self;
        if !tag.is_in_tag() {
            match mode {
                ScanMode::Content(ElementContent::Markup)
                    if !matches!(&*held, b"" | b"<" | b"</") => {}
                ScanMode::Content(content) => {
                    let references =
                        matches!(content, ElementContent::Markup | ElementContent::References(_));
                    sink.text(&held, references)?;
                }
                ScanMode::Script(_) | ScanMode::Cdata => sink.text(&held, false)?,
                ScanMode::Comment { .. } | ScanMode::Declaration => {}
            }
        }
        sink.text_ends()
    }

    /// Reads `bytes`, up to the place that is returned.
    fn read(&mut self, bytes: &[u8], sink: &mut impl TokenSink) -> Result<usize, CutShort> {
        let mut at = 0;
        loop {
            let step = match self.mode {
                ScanMode::Content(ElementContent::Markup) => self.markup(bytes, at, sink)?,
                ScanMode::Content(ElementContent::References(name)) => {
                    self.raw(bytes, at, name, true, sink)?
                }
                ScanMode::Content(ElementContent::Raw(name)) => {
                    self.raw(bytes, at, name, false, sink)?
                }
                ScanMode::Content(ElementContent::Script) => {
                    self.mode = ScanMode::Script(ScriptPlace::Code);
                    Step::Continue(at)
                }
                ScanMode::Content(ElementContent::Plain) => {
                    sink.text(&bytes[at..], false)?;
                    Step::Wait(bytes.len())
                }
                ScanMode::Script(place) => self.script(bytes, at, place, sink)?,
                ScanMode::Comment { fresh } => self.comment(bytes, at, fresh),
                ScanMode::Declaration => match memchr(b'>', &bytes[at..]) {
                    Some(length) => self.markup_follows(at + length + 1),
                    None => Step::Wait(bytes.len()),
                },
                ScanMode::Cdata => self.cdata(bytes, at, sink)?,
            };
            match step {
                Step::Continue(next) => at = next,
                Step::Wait(next) => return Ok(next),
            }
        }
    }

    const fn markup_follows(&mut self, at: usize) -> Step {
        self.mode = ScanMode::Content(ElementContent::Markup);
        Step::Continue(at)
    }

    /// Text up to the next tag, and that.
    fn markup(&mut self, bytes: &[u8], at: usize, sink: &mut impl TokenSink) -> StepResult {
        // Most tags follow another one, or a single line feed behind it.
        let found = match bytes[at..] {
            [b'<', ..] => Some(0),
            [_, b'<', ..] => Some(1),
            ref rest => memchr(b'<', rest),
        };
        let Some(length) = found else {
            sink.text(&bytes[at..], true)?;
            return Ok(Step::Wait(bytes.len()));
        };
        let open = at + length;
        if length > 0 {
            sink.text(&bytes[at..open], true)?;
        }
        match bytes[open + 1..] {
            [letter, ..] if letter.is_ascii_alphabetic() => self.start_tag(bytes, open, sink),
            [b'/', letter, ..] if letter.is_ascii_alphabetic() => self.end_tag(bytes, open, sink),
            [] | [b'/'] => Ok(Step::Wait(open)),
            [b'/', b'>', ..] => {
                sink.text_ends()?;
                Ok(Step::Continue(open + 3))
            }
            [b'!', ref rest @ ..] => {
                let step = self.declaration(rest, open, sink.is_foreign());
                if !matches!(step, Step::Wait(_)) {
                    sink.text_ends()?;
                }
                Ok(step)
            }
            [b'/' | b'?', ..] => {
                sink.text_ends()?;
                self.mode = ScanMode::Declaration;
                Ok(Step::Continue(open + 2))
            }
            _ => {
                sink.text(b"<", true)?;
                Ok(Step::Continue(open + 1))
            }
        }
    }

    fn start_tag(&mut self, bytes: &[u8], open: usize, sink: &mut impl TokenSink) -> StepResult {
        let tag = &bytes[open..];
        let Some(end) = self.tag.find_end(tag, 1) else { return Ok(Step::Wait(open)) };
        let content = sink.start_tag(&self.tag.start_tag(tag, &end))?;
        self.mode = ScanMode::Content(content);
        Ok(Step::Continue(open + end.end + 1))
    }

    fn end_tag(&mut self, bytes: &[u8], open: usize, sink: &mut impl TokenSink) -> StepResult {
        let tag = &bytes[open..];
        let Some(end) = self.tag.find_end(tag, 2) else { return Ok(Step::Wait(open)) };
        sink.end_tag(TagName::new(&tag[2..end.name_end]))?;
        Ok(self.markup_follows(open + end.end + 1))
    }

    /// What begins with `<!` at `open`; `rest` follows that.
    fn declaration(&mut self, rest: &[u8], open: usize, is_foreign: bool) -> Step {
        const COMMENT: &[u8] = b"--";
        const CDATA: &[u8] = b"[CDATA[";
        let (mode, length) = if rest.starts_with(COMMENT) {
            (ScanMode::Comment { fresh: true }, COMMENT.len())
        } else if is_foreign && rest.starts_with(CDATA) {
            (ScanMode::Cdata, CDATA.len())
        } else if COMMENT.starts_with(rest) || is_foreign && CDATA.starts_with(rest) {
            return Step::Wait(open);
        } else {
            (ScanMode::Declaration, 0)
        };
        self.mode = mode;
        Step::Continue(open + 2 + length)
    }

    fn comment(&mut self, bytes: &[u8], at: usize, fresh: bool) -> Step {
        let comment = &bytes[at..];
        let mut from = 0;
        while let Some(length) = memchr(b'>', &comment[from..]) {
            let end = from + length;
            let before = &comment[..end];
            let is_short = fresh && matches!(before, b"" | b"-");
            if is_short || before.ends_with(b"--") || before.ends_with(b"--!") {
                return self.markup_follows(at + end + 1);
            }
            from = end + 1;
        }
        // The last bytes may belong to its end.
        let read = comment.len().saturating_sub(3);
        self.mode = ScanMode::Comment { fresh: fresh && read == 0 };
        Step::Wait(at + read)
    }

    fn cdata(&mut self, bytes: &[u8], at: usize, sink: &mut impl TokenSink) -> StepResult {
        let section = &bytes[at..];
        let mut from = 0;
        while let Some(length) = memchr(b'>', &section[from..]) {
            let end = from + length;
            if let Some(text) = section[..end].strip_suffix(b"]]") {
                sink.text(text, false)?;
                sink.text_ends()?;
                return Ok(self.markup_follows(at + end + 1));
            }
            from = end + 1;
        }
        let brackets = section.iter().rev().take(2).take_while(|byte| **byte == b']').count();
        let read = section.len() - brackets;
        sink.text(&section[..read], false)?;
        Ok(Step::Wait(at + read))
    }

    /// Text in which only the end tag `name` counts.
    fn raw(
        &mut self,
        bytes: &[u8],
        at: usize,
        name: &str,
        references: bool,
        sink: &mut impl TokenSink,
    ) -> StepResult {
        let Some(length) = memchr(b'<', &bytes[at..]) else {
            sink.text(&bytes[at..], references)?;
            return Ok(Step::Wait(bytes.len()));
        };
        let open = at + length;
        sink.text(&bytes[at..open], references)?;
        match end_tag_at(&bytes[open..], name.as_bytes()) {
            Found::Match => self.end_tag(bytes, open, sink),
            Found::Unknown => Ok(Step::Wait(open)),
            Found::Text => {
                sink.text(b"<", references)?;
                Ok(Step::Continue(open + 1))
            }
        }
    }

    fn script(
        &mut self,
        bytes: &[u8],
        at: usize,
        place: ScriptPlace,
        sink: &mut impl TokenSink,
    ) -> StepResult {
        match script_step(bytes, at, place) {
            ScriptStep::Text(end, place) => {
                sink.text(&bytes[at..end], false)?;
                self.mode = ScanMode::Script(place);
                Ok(Step::Continue(end))
            }
            ScriptStep::Unknown(end) => {
                sink.text(&bytes[at..end], false)?;
                Ok(Step::Wait(end))
            }
            ScriptStep::EndTag(open) => {
                sink.text(&bytes[at..open], false)?;
                self.end_tag(bytes, open, sink)
            }
        }
    }
}
