//! Options put over settings. What is not given stays as it is.

use super::options::{
    BreakerOptions, ConnectionOptions, CrawlOptions, DialOptions, IdentityOptions, NoFollowKind,
    PolitenessOptions, ReachOptions, RequestLimitOptions, ResourceOptions, TrapOptions,
};
use super::values::{Clearable, Secret};
use crate::settings::{FetchSettings, RespectNofollow, Settings};

/// Replaces the field's value by the given one, if there is one.
fn over<T>(given: Option<T>, field: &mut T) {
    if let Some(given) = given {
        *field = given;
    }
}

/// The same for an optional value, which can be removed.
fn over_option<T: Clone>(given: Option<&Clearable<T>>, field: &mut Option<T>) {
    over(given.map(|given| given.0.clone()), field);
}

/// The same for a list; an empty value is no item.
fn over_list<T: Clone>(given: &[Clearable<T>], field: &mut Vec<T>) {
    if !given.is_empty() {
        *field = given.iter().filter_map(|item| item.0.clone()).collect();
    }
}

/// The secret inside, no longer protected from being shown.
fn reveal<T: Clone>(given: &Clearable<Secret<T>>) -> Clearable<T> {
    Clearable(given.0.clone().map(|secret| secret.0))
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
        over(self.autopilot.map(|mode| mode.0), &mut settings.autopilot);
        over(self.max_permits, &mut settings.max_permits);
    }
}

impl PolitenessOptions {
    fn apply(&self, settings: &mut Settings) {
        over(self.per_host.map(|bound| bound.0), &mut settings.per_host);
        over(self.delay, &mut settings.delay);
        over(self.max_robots_delay, &mut settings.max_robots_delay);
        over(self.host_backoff, &mut settings.host_backoff);
        over(self.max_host_backoff, &mut settings.max_host_backoff);
        over(self.host_give_up_after, &mut settings.host_give_up_after);
        over(self.ignore_robots, &mut settings.ignore_robots);
        let obeyed = self.respect_nofollow.map(|which| RespectNofollow {
            pages: matches!(which, NoFollowKind::Pages | NoFollowKind::All),
            links: matches!(which, NoFollowKind::Links | NoFollowKind::All),
        });
        over(obeyed, &mut settings.respect_nofollow);
    }
}

impl RequestLimitOptions {
    fn apply(&self, settings: &mut Settings) {
        over(self.attempts, &mut settings.attempts);
        over(self.backoff, &mut settings.backoff);
        let fetch = &mut settings.fetch;
        over(self.timeout, &mut fetch.timeout);
        fetch.connect_timeout = FetchSettings::default().connect_timeout.min(fetch.timeout);
        fetch.read_timeout = fetch.timeout;
        over(self.max_body, &mut fetch.max_body);
        over(self.max_decompression_ratio, &mut fetch.max_decompression_ratio);
        over(self.max_redirects, &mut fetch.max_redirects);
    }
}

impl IdentityOptions {
    fn apply(&self, settings: &mut Settings) {
        let fetch = &mut settings.fetch;
        over(self.user_agent.clone(), &mut fetch.user_agent);
        over_option(self.contact.as_ref(), &mut fetch.contact);
        over(self.cookies, &mut fetch.cookies);
        let credentials = &mut fetch.credentials;
        let headers: Vec<_> = self.headers.iter().map(reveal).collect();
        over_list(&headers, &mut credentials.headers);
        over_option(self.auth.as_ref().map(reveal).as_ref(), &mut credentials.basic);
        over_option(self.bearer.as_ref().map(reveal).as_ref(), &mut credentials.bearer);
        over(self.proxy.clone().map(|proxy| proxy.0.0), &mut credentials.proxy);
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
        over(self.store_links, &mut settings.store_links);
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
        over(self.breaker_min_requests, &mut breaker.min_requests);
        // The window never holds more requests, so a higher minimum could not be reached.
        breaker.min_requests = breaker.min_requests.min(breaker.window);
        over(self.breaker_cooldown, &mut breaker.cooldown);
        over(self.breaker_max_cooldown, &mut breaker.max_cooldown);
        over(self.breaker_reset_after, &mut breaker.reset_after);
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
