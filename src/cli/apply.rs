//! Options put over settings. What is not given stays as it is.

use super::options::{
    BreakerOptions, ConnectionOptions, CrawlOptions, DialOptions, IdentityOptions, NoFollowKind,
    PolitenessOptions, ReachOptions, RequestOptions, ResourceOptions, TrapOptions,
};
use super::values::{Bound, Secret};
use crate::settings::{FetchSettings, NoFollow, Settings};

/// Puts what was given over what is there.
fn over<T>(given: Option<T>, field: &mut T) {
    if let Some(given) = given {
        *field = given;
    }
}

/// The same for what may be taken away.
fn over_option<T: Clone>(given: Option<&Bound<T>>, field: &mut Option<T>) {
    over(given.map(|given| given.0.clone()), field);
}

/// The same for what can be given several times; what is given as nothing is no item.
fn over_list<T: Clone>(given: &[Bound<T>], field: &mut Vec<T>) {
    if !given.is_empty() {
        *field = given.iter().filter_map(|item| item.0.clone()).collect();
    }
}

/// What was given, no longer protected from being shown.
fn open<T: Clone>(given: &Bound<Secret<T>>) -> Bound<T> {
    Bound(given.0.clone().map(|secret| secret.0))
}

impl CrawlOptions {
    /// Puts the options given over `settings`; seeds stay as they are.
    pub fn apply(&self, settings: &mut Settings) {
        self.dials.apply(settings);
        self.politeness.apply(settings);
        self.requests.apply(settings);
        self.identity.apply(settings);
        self.connection.apply(settings);
        self.reach.apply(settings);
        self.breaker.apply(settings);
        self.traps.apply(settings);
        self.resources.apply(settings);
    }
}

impl DialOptions {
    fn apply(&self, settings: &mut Settings) {
        over(self.permits, &mut settings.permits);
        over(self.workers, &mut settings.workers);
        over(self.queue, &mut settings.queue);
        over(self.rate.map(|rate| rate.0), &mut settings.rate);
        over(self.parse_threads, &mut settings.parse_threads);
    }
}

impl PolitenessOptions {
    fn apply(&self, settings: &mut Settings) {
        over(self.per_host.map(|bound| bound.0), &mut settings.per_host);
        over(self.delay, &mut settings.delay);
        over(self.max_robots_delay, &mut settings.max_robots_delay);
        over(self.host_backoff, &mut settings.host_backoff);
        over(self.max_host_backoff, &mut settings.max_host_backoff);
        over(self.give_up, &mut settings.give_up);
        over(self.ignore_robots, &mut settings.ignore_robots);
        let obeyed = self.nofollow.map(|which| NoFollow {
            pages: matches!(which, NoFollowKind::Pages | NoFollowKind::All),
            links: matches!(which, NoFollowKind::Links | NoFollowKind::All),
        });
        over(obeyed, &mut settings.nofollow);
    }
}

impl RequestOptions {
    fn apply(&self, settings: &mut Settings) {
        over(self.attempts, &mut settings.attempts);
        over(self.backoff, &mut settings.backoff);
        let fetch = &mut settings.fetch;
        over(self.timeout, &mut fetch.timeout);
        fetch.connect_timeout = FetchSettings::default().connect_timeout.min(fetch.timeout);
        fetch.read_timeout = fetch.timeout;
        over(self.max_body, &mut fetch.max_body);
        over(self.max_ratio, &mut fetch.max_ratio);
        over(self.max_redirects, &mut fetch.max_redirects);
    }
}

impl IdentityOptions {
    fn apply(&self, settings: &mut Settings) {
        let fetch = &mut settings.fetch;
        over(self.user_agent.clone(), &mut fetch.user_agent);
        over_option(self.contact.as_ref(), &mut fetch.contact);
        over(self.cookies, &mut fetch.cookies);
        let identity = &mut fetch.identity;
        let headers: Vec<_> = self.headers.iter().map(open).collect();
        over_list(&headers, &mut identity.headers);
        over_option(self.auth.as_ref().map(open).as_ref(), &mut identity.basic);
        over_option(self.bearer.as_ref().map(open).as_ref(), &mut identity.bearer);
        over(self.proxy.clone().map(|proxy| proxy.0.0), &mut identity.proxy);
    }
}

impl ConnectionOptions {
    fn apply(&self, settings: &mut Settings) {
        let fetch = &mut settings.fetch;
        over(self.http1.map(|only| !only), &mut fetch.http2);
        over_option(self.ca.as_ref(), &mut fetch.ca);
        over(self.insecure, &mut fetch.insecure);
        over(self.allow_private, &mut fetch.allow_private);
        over_list(&self.resolve, &mut fetch.resolve);
    }
}

impl ReachOptions {
    fn apply(&self, settings: &mut Settings) {
        over(self.depth.map(|bound| bound.0), &mut settings.depth);
        over(self.max_pages.map(|bound| bound.0), &mut settings.max_pages);
        over(self.max_links, &mut settings.max_links);
        over(self.scope, &mut settings.scope);
        over_list(&self.include, &mut settings.include);
        over_list(&self.exclude, &mut settings.exclude);
        over(self.no_follow.map(|not| !not), &mut settings.follow);
        over_list(&self.sitemaps, &mut settings.sitemap_urls);
        over(self.no_sitemaps.map(|not| !not), &mut settings.sitemaps);
        over(self.max_sitemaps, &mut settings.max_sitemaps);
    }
}

impl BreakerOptions {
    fn apply(&self, settings: &mut Settings) {
        let breaker = &mut settings.breaker;
        over(self.breaker_ratio, &mut breaker.ratio);
        over(self.breaker_window, &mut breaker.window);
        over(self.breaker_least, &mut breaker.least);
        // More than are looked back at are never there to conclude from.
        breaker.least = breaker.least.min(breaker.window);
        over(self.breaker_rest, &mut breaker.rest);
        over(self.breaker_longest_rest, &mut breaker.longest_rest);
        over(self.breaker_forgive, &mut breaker.forgive);
    }
}

impl TrapOptions {
    fn apply(&self, settings: &mut Settings) {
        let traps = &mut settings.traps;
        over(self.trap_repeats, &mut traps.repeats);
        over(self.trap_segments, &mut traps.segments);
        over(self.trap_length, &mut traps.length);
        over(self.trap_queries, &mut traps.queries);
        over(self.trap_dates, &mut traps.dates);
        over(self.trap_years_ahead, &mut traps.years_ahead);
        over(self.trap_sessions, &mut traps.sessions);
        over(self.trap_same_content, &mut traps.same_content);
        over(self.trap_growth, &mut traps.growth);
    }
}

impl ResourceOptions {
    fn apply(&self, settings: &mut Settings) {
        over(self.max_memory.map(|bound| bound.0), &mut settings.max_memory);
        over(self.min_disk.map(|bound| bound.0.unwrap_or(0)), &mut settings.min_disk);
    }
}
