//! Adapts the address policy to the resolver interface of the HTTP client.

use std::net::SocketAddr;
use std::sync::Arc;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use super::policy::AddressPolicy;
use crate::web::address_race::{AddressRace, ConnectTarget};

/// Resolves names for the HTTP client to allowed addresses only, the one that answers first in front.
pub(in crate::web) struct Resolver {
    policy: Arc<AddressPolicy>,
    race: Arc<AddressRace>,
}

impl Resolver {
    pub(in crate::web) fn new(policy: &Arc<AddressPolicy>, race: &Arc<AddressRace>) -> Self {
        Self { policy: Arc::clone(policy), race: Arc::clone(race) }
    }
}

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let (policy, race) = (Arc::clone(&self.policy), Arc::clone(&self.race));
        let target = ConnectTarget::of_this_request();
        Box::pin(async move {
            let allowed = policy.lookup(name.as_str(), true).await?;
            let ordered = race.order(name.as_str(), target.as_deref(), allowed).await;
            Ok(Box::new(ordered.into_iter().map(|address| SocketAddr::new(address, 0))) as Addrs)
        })
    }
}
