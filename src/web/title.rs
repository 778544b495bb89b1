//! Collects the title of a page. It sees text as in the source; it knows no elements.

use crate::web::source::title_of;

/// Maximum length of a title, in characters.
const MAX_TITLE: usize = 500;
/// Source text of a title that is collected, in bytes.
const MAX_TITLE_SOURCE: usize = 16 << 10;

/// The state of the title during the pass.
#[derive(Debug, Default, PartialEq, Eq)]
enum TitleState {
    #[default]
    Wanted,
    Open,
    Done,
}

/// The title of a page: the first one counts.
#[derive(Debug, Default)]
pub(super) struct PageTitle {
    state: TitleState,
    source: String,
}

impl PageTitle {
    /// A `title` element begins.
    pub(super) fn begin(&mut self) {
        if self.state == TitleState::Wanted {
            self.state = TitleState::Open;
        }
    }

    /// The `title` element that just began belongs to an SVG image, not to the page.
    pub(super) fn is_of_svg(&mut self) {
        if self.state == TitleState::Open && self.source.is_empty() {
            self.state = TitleState::Wanted;
        }
    }

    /// Text inside a `title` element; `last` for the last chunk of its text node.
    pub(super) fn text(&mut self, text: &str, last: bool) {
        if self.state != TitleState::Open {
            return;
        }
        // Cut between characters at the limit, so that chunk boundaries do not matter.
        let room = MAX_TITLE_SOURCE - self.source.len();
        let fits = text.floor_char_boundary(room);
        self.source.push_str(&text[..fits]);
        if last || fits < text.len() {
            self.state = TitleState::Done;
        }
    }

    /// The element ends.
    pub(super) fn end(&mut self) {
        self.text("", true);
    }

    /// Whether the title is known.
    pub(super) fn is_done(&self) -> bool {
        self.state == TitleState::Done
    }

    /// The title: entities decoded, white space collapsed, cut to length; `None` when nothing is left.
    pub(super) fn finish(&self) -> Option<String> {
        let decoded = title_of(&self.source);
        let mut title = String::with_capacity(decoded.len().min(4 * MAX_TITLE));
        let mut room = MAX_TITLE;
        for word in decoded.split_whitespace() {
            if !title.is_empty() && room > 1 {
                title.push(' ');
                room -= 1;
            }
            title.extend(word.chars().take(room));
            room = room.saturating_sub(word.chars().count());
            if room <= 1 {
                break;
            }
        }
        (!title.is_empty()).then_some(title)
    }
}
