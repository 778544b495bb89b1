//! What is known of the robots.txt of one host, by http and by https.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use crate::crawl::hosts::give_up::GiveUp;
use crate::web::robots::RobotsPolicy;

/// A robots.txt is requested again after this time (RFC 9309, 2.4: at most 24 hours).
pub const ROBOTS_EXPIRE: Duration = Duration::from_hours(24);

/// The robots.txt of one host and scheme.
#[derive(Debug, Clone, Default)]
pub enum RobotsSlot {
    /// Not requested.
    #[default]
    Unknown,
    /// On its way; it failed so often before.
    Fetching(u32),
    /// Known until then.
    Known(Arc<RobotsPolicy>, Instant),
    /// Could not be had so often; requested again then.
    Unreachable(Arc<RobotsPolicy>, Instant, u32),
    /// Could not be had as often as it was tried: all that would need it ends so.
    Denied(Arc<RobotsPolicy>, GiveUp),
}

/// The robots.txt of one host, by http and https.
#[derive(Debug, Default)]
pub struct HostRobots {
    slots: [RobotsSlot; 2],
    /// The crawl delay of each when it was last known: it holds while it is requested again.
    crawl_delays: [Duration; 2],
}

impl HostRobots {
    /// The one for a scheme.
    #[must_use]
    pub const fn slot(&self, https: bool) -> &RobotsSlot {
        &self.slots[https as usize]
    }

    /// Puts in what is known for a scheme.
    pub fn set(&mut self, https: bool, slot: RobotsSlot) {
        let at = usize::from(https);
        if let RobotsSlot::Known(policy, _) = &slot {
            self.crawl_delays[at] = policy.delay().unwrap_or_default();
        }
        self.slots[at] = slot;
    }

    /// One is on its way.
    pub fn begin_fetch(&mut self, https: bool) {
        let slot = &mut self.slots[usize::from(https)];
        let tries = match slot {
            RobotsSlot::Unreachable(_, _, tries) => *tries,
            _ => 0,
        };
        *slot = RobotsSlot::Fetching(tries);
    }

    /// The one on its way is no longer awaited.
    pub fn cancel_fetch(&mut self) {
        for slot in &mut self.slots {
            if matches!(slot, RobotsSlot::Fetching(_)) {
                *slot = RobotsSlot::Unknown;
            }
        }
    }

    /// Forgets that one could not be had.
    pub fn reset(&mut self) {
        for slot in &mut self.slots {
            if matches!(slot, RobotsSlot::Unreachable(..) | RobotsSlot::Denied(..)) {
                *slot = RobotsSlot::Unknown;
            }
        }
    }

    /// Whether one is on its way.
    #[must_use]
    pub fn is_fetching(&self) -> bool {
        self.slots.iter().any(|slot| matches!(slot, RobotsSlot::Fetching(_)))
    }

    /// Whether one could not be had, and is to be requested again.
    #[must_use]
    pub fn is_unreachable(&self) -> bool {
        self.slots.iter().any(|slot| matches!(slot, RobotsSlot::Unreachable(..)))
    }

    /// When those that could not be had are requested again.
    pub fn retries_at(&self) -> impl Iterator<Item = Instant> {
        self.slots.iter().filter_map(|slot| match slot {
            RobotsSlot::Unreachable(_, until, _) => Some(*until),
            _ => None,
        })
    }

    /// The longer crawl delay of the two.
    #[must_use]
    pub fn crawl_delay(&self) -> Duration {
        self.crawl_delays[0].max(self.crawl_delays[1])
    }

    /// Why all that needs the one that could not be had ends unfetched.
    #[must_use]
    pub fn give_up(&self) -> Option<&GiveUp> {
        self.slots.iter().find_map(|slot| match slot {
            RobotsSlot::Denied(_, give_up) => Some(give_up),
            _ => None,
        })
    }

    /// Bytes held, about.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.policies().map(|policy| policy.bytes()).sum()
    }

    /// In a few words, for viewers.
    #[must_use]
    pub fn text(&self, obeyed: bool) -> Arc<str> {
        if !obeyed {
            return "ignored".into();
        }
        let known = self.policies().next();
        known.map_or_else(|| "not requested".into(), |policy| policy.to_string().into())
    }

    fn policies(&self) -> impl Iterator<Item = &Arc<RobotsPolicy>> {
        self.slots.iter().filter_map(|slot| match slot {
            RobotsSlot::Known(policy, _)
            | RobotsSlot::Unreachable(policy, ..)
            | RobotsSlot::Denied(policy, _) => Some(policy),
            RobotsSlot::Unknown | RobotsSlot::Fetching(_) => None,
        })
    }
}
