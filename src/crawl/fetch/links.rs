//! The links of a page that are worth following: in scope, and not excluded by `nofollow`.

use std::sync::Arc;

use url::Url;

use crate::crawl::fetch::attempt::FetchAttempt;
use crate::crawl::fetch::context::FollowedScope;
use crate::crawl::frontier::FoundLink;
use crate::crawl::pipeline::flow::Flow;
use crate::crawl::pipeline::signals::{Signals, Stopping};
use crate::crawl::pipeline::storage::Storage;
use crate::settings::Settings;
use crate::store::PreviousPage;
use crate::web::page_link::{LinkOrigins, PageLink};
use crate::web::robots::{RobotsAgents, robots_tag};

/// Links worth following, in scope.
pub fn links_of(
    settings: &Settings,
    scope: &FollowedScope,
    agents: &RobotsAgents,
    attempt: &mut FetchAttempt,
) -> Vec<FoundLink> {
    if !settings.follow {
        return Vec::new();
    }
    let tag = attempt.result.as_ref().ok().and_then(|response| response.robots_tag.as_deref());
    let tagged = tag.is_some_and(|tag| robots_tag(tag, agents).0);
    let nofollow = attempt.parsed.as_ref().is_some_and(|parsed| parsed.nofollow);
    if settings.respect_nofollow.pages && (nofollow || tagged) {
        return Vec::new();
    }
    let (mut links, mut anchors) =
        attempt.parsed.as_mut().map_or_else(Default::default, |parsed| {
            (std::mem::take(&mut parsed.links), std::mem::take(&mut parsed.anchors))
        });
    if let Ok(response) = &mut attempt.result
        && (200..300).contains(&response.status)
    {
        // The head comes before the body. Of the few links in it, those of the body have a text.
        let mut head = std::mem::take(&mut response.document.links);
        head.retain(|url| links.iter().all(|link| link.as_str() != url.as_str()));
        let room = (settings.max_links as usize).saturating_sub(links.len());
        head.truncate(room);
        anchors.splice(..0, head.iter().map(|_| None));
        let mut origins = LinkOrigins::default();
        links.splice(..0, head.iter().filter_map(|url| origins.link(url)));
    }
    in_scope(scope, links.into_iter().zip(anchors))
}

/// Of `links`, those that the scope follows.
pub fn in_scope(
    scope: &FollowedScope,
    links: impl Iterator<Item = (PageLink, Option<Arc<str>>)>,
) -> Vec<FoundLink> {
    links
        .filter(|(link, _)| scope.refuses(link).is_none())
        .map(|(link, anchor)| FoundLink { hash: link.hash(), url: link.into_text(), anchor })
        .collect()
}

/// Bytes that a link takes until it is saved: as a row, and perhaps as a new URL.
pub fn weight(link: &FoundLink) -> usize {
    2 * link.url.len() + link.anchor.as_ref().map_or(0, |text| text.len()) + 64
}

/// The links that an unmodified page had, in scope or not.
pub async fn previous_links(
    settings: &Settings,
    (storage, flow, signals): (&Storage, &Flow, &Signals),
    previous: &PreviousPage,
) -> Result<Vec<(PageLink, Option<Arc<str>>)>, Stopping> {
    if !settings.follow {
        return Ok(Vec::new());
    }
    let most = settings.max_links;
    let read = || storage.store.links_of(previous.id, most);
    let links = storage.read(flow, signals, "the links of an unmodified page", read).await?;
    let mut origins = LinkOrigins::default();
    let mut link = |url: &str| origins.link(&Url::parse(url).ok()?);
    Ok(links.into_iter().filter_map(|l| Some((link(&l.url)?, l.anchor))).collect())
}
