//! How a page ended, as its row holds it.

use crate::model::page_state::PageState;
use crate::store::{Content, PreviousPage};
use crate::web::http::FailureKind;

use crate::crawl::fetch::attempt::FetchAttempt;

/// The note on a page that was not read to its end.
const TOO_MUCH: &str = "too much on one page: links beyond the limits were left out";

/// How a page ended, as its row holds it.
pub struct PageOutcome {
    /// How it ended.
    pub state: PageState,
    /// Final status.
    pub status: Option<u16>,
    /// What went wrong, or why it was skipped.
    pub error: Option<String>,
    /// Media type as sent.
    pub content_type: Option<String>,
    /// Body bytes after decoding.
    pub length: u64,
    /// Title.
    pub title: Option<String>,
    /// Validators and hash.
    pub content: Content,
}

impl PageOutcome {
    /// How `attempt` ended; `cut` tells that links were left out, `links_read` that it matters.
    pub fn of(attempt: &mut FetchAttempt, cut: bool, links_read: bool) -> Self {
        if let Some(known) = &attempt.redirect_target {
            return Self::known(known, known.content.clone());
        }
        if let (Some(head), Some(before)) = (&attempt.unmodified, &attempt.previous) {
            let mut content = before.content.clone();
            content.etag = head.etag.clone().or(content.etag);
            content.last_modified = head.last_modified.clone().or(content.last_modified);
            return Self::known(before, content);
        }
        let parsed = attempt.parsed.as_mut();
        let (title, found) =
            parsed.map_or((None, None), |parsed| (parsed.title.take(), parsed.canonical.take()));
        match &mut attempt.result {
            Ok(response) => {
                let good = (200..300).contains(&response.status);
                let canonical = found.or(response.canonical.take()).map(String::from);
                Self {
                    state: if good { PageState::Ok } else { PageState::Failed },
                    status: Some(response.status),
                    error: (good && cut && links_read).then(|| TOO_MUCH.to_owned()),
                    content_type: response.content_type.take(),
                    length: response.length,
                    title,
                    content: Content {
                        etag: response.etag.take(),
                        last_modified: response.last_modified.take(),
                        body_hash: good.then_some(response.body_hash),
                        canonical,
                        not_parsed: attempt.not_parsed.take(),
                    },
                }
            }
            Err(error) => {
                let refused = matches!(error.kind, FailureKind::Refused(_));
                Self {
                    state: if refused { PageState::Skipped } else { PageState::Failed },
                    status: error.status.filter(|_| !refused),
                    error: Some(error.message.clone()),
                    content_type: error.content_type.take(),
                    length: error.length,
                    title,
                    content: Content::default(),
                }
            }
        }
    }

    fn known(page: &PreviousPage, content: Content) -> Self {
        Self {
            state: page.state,
            status: page.status,
            error: None,
            content_type: page.content_type.clone(),
            length: page.content_length,
            title: page.title.clone(),
            content,
        }
    }

    /// Bytes of its texts.
    pub fn text_len(&self) -> usize {
        let content = &self.content;
        let texts = [
            &self.title,
            &self.error,
            &content.etag,
            &content.last_modified,
            &content.canonical,
            &content.not_parsed,
        ];
        texts.into_iter().flatten().map(String::len).sum()
    }
}
