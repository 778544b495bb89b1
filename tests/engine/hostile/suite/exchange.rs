//! One request that goes wrong: heads, bodies, redirects, text.

use std::time::Duration;

use crawldeck::settings::Settings;
use crawldeck::settings::scope_kind::ScopeKind;

use super::case::{Case, Want};
use super::cases;
use Want::{AnyStatus, Asked, AtLeast, AtMost, Row, Rows, Unknown};

/// A page that keeps the crawl waiting.
fn slow(path: &'static str, what: &'static str) -> Case {
    // Several attempts, so that the honest host may be slow once on a busy machine.
    let limits = |s: &mut Settings| (s.fetch.timeout, s.attempts) = (Duration::from_millis(300), 3);
    Case::at(path, what).set(limits).want(Rows(1))
}

fn one(path: &'static str, what: &'static str) -> Case {
    Case::at(path, what).want(Rows(1))
}

cases! {
    // Heads.
    silent => slow("/hostile/wire/silent", "never answers")
        .row("failed", None, "no response within 300ms");
    slow_loris_status_line => slow("/hostile/wire/slow-line", "a byte of a status line every 20 ms")
        .want(AnyStatus("/hostile/wire/slow-line", "failed", " "));
    slow_loris_head => slow("/hostile/wire/slow-head", "a header every 20 ms, for ever")
        .row("failed", None, "no response within 300ms");
    endless_head => one("/hostile/wire/endless-head", "headers for ever, as fast as can be")
        .row("failed", None, "the response head is too large");
    endless_interim => slow("/hostile/wire/interim", "103 Early Hints for ever")
        .want(AnyStatus("/hostile/wire/interim", "failed", " "));
    huge_header => one("/hostile/wire/huge-head", "one header of 1 MiB")
        .row("failed", None, "the response head is too large");
    many_headers => one("/hostile/wire/many-heads", "5,000 headers")
        .row("failed", None, "the response head is too large");
    invalid_header_bytes => one("/hostile/wire/bad-bytes", "control bytes in header names and values")
        .row("ok", Some(200), "");
    header_without_colon => one("/hostile/wire/no-colon", "a header line without a colon")
        .row("ok", Some(200), "");
    garbage => one("/hostile/wire/garbage", "speaks SSH")
        .row("failed", None, "the response head is malformed");
    closed => one("/hostile/wire/close", "closes instead of answering")
        .want(AnyStatus("/hostile/wire/close", "failed", "connection "));
    reset => one("/hostile/wire/reset", "resets instead of answering")
        .want(AnyStatus("/hostile/wire/reset", "failed", "connection "));
    two_lengths => one("/hostile/wire/two-lengths", "two Content-Lengths that differ")
        .row("failed", None, "the response head is malformed");
    odd_length => one("/hostile/wire/odd-length", "a negative Content-Length")
        .row("failed", None, "the response head is malformed");
    both_lengths => one("/hostile/wire/both-lengths", "Content-Length and chunks: the chunks count")
        .row("ok", Some(200), "");

    // Bodies.
    slow_loris_body => slow("/hostile/body/slow", "a byte of the body every 20 ms, for ever")
        .row("failed", Some(200), "not complete within 300ms: ");
    endless_body => one("/hostile/body/endless", "a body without end")
        .row("failed", Some(200), "body larger than 2 MiB");
    gzip_bomb => one("/hostile/body/gzip", "1 GiB as gzip: the size counts after decoding")
        .row("failed", Some(200), "body larger than 2 MiB");
    brotli_bomb => one("/hostile/body/brotli", "1 GiB as brotli")
        .row("failed", Some(200), "body larger than 2 MiB");
    gzip_bomb_by_ratio => one("/hostile/body/gzip", "likewise, where a body may be larger")
        .set(|s| (s.fetch.max_body, s.fetch.max_decompression_ratio) = (2 << 30, 200))
        .row("failed", Some(200), "decompression bomb: 1.0 MiB out of ");
    brotli_bomb_by_ratio => one("/hostile/body/brotli", "likewise, as brotli")
        .set(|s| (s.fetch.max_body, s.fetch.max_decompression_ratio) = (2 << 30, 200))
        .row("failed", Some(200), "decompression bomb: 1.0 MiB out of ");
    undecodable => one("/hostile/body/undecodable", "says gzip, and is plain text")
        .row("failed", Some(200), "body cannot be decoded: ");
    length_too_long => one("/hostile/wire/long-length", "fewer bytes than Content-Length says")
        .row("failed", Some(200), "body cut short after 9 of 1000 bytes");
    length_too_short => one("/hostile/wire/short-length", "more bytes than Content-Length says: cut there")
        .row("ok", Some(200), "");
    reset_in_body => one("/hostile/wire/reset-body", "a reset in the middle of the body")
        .want(AnyStatus("/hostile/wire/reset-body", "failed", "connection reset "));
    bad_chunk => one("/hostile/wire/bad-chunk", "a chunk whose length is no number")
        .want(AnyStatus("/hostile/wire/bad-chunk", "failed", "body "));
    cut_chunk => one("/hostile/wire/cut-chunk", "a chunk that is not complete")
        .want(AnyStatus("/hostile/wire/cut-chunk", "failed", "body cut short after "));
    a_million_links => Case::at("/hostile/body/links/1000000", "a million links: the first 100 are taken")
        .set(|s| (s.max_links, s.depth, s.fetch.max_body) = (100, Some(0), 100 << 20))
        .row("ok", Some(200), "links beyond the limits were left out")
        .want(Rows(101))
        .want(AtLeast(100, "skipped", "beyond the depth limit"));

    // Redirects.
    few_redirects => one("/hostile/redirect/hops/5", "5 redirects").row("ok", Some(200), "");
    fifty_redirects => one("/hostile/redirect/hops/50", "50 redirects")
        .row("failed", Some(302), "more than 10 redirects");
    redirect_loop => one("/hostile/redirect/loop/a", "a redirect to one that leads back")
        .row("failed", Some(302), "redirect loop at /hostile/redirect/loop/a");
    redirect_to_itself => one("/hostile/redirect/self", "a permanent redirect to itself")
        .row("failed", Some(301), "redirect loop at /hostile/redirect/self");
    redirect_with_cookie_unkept => one("/hostile/redirect/cookie", "to itself, setting a cookie; cookies off")
        .row("failed", Some(302), "redirect loop at /hostile/redirect/cookie");
    redirect_with_cookie => one("/hostile/redirect/cookie", "likewise, with cookies on")
        .set(|s| s.fetch.cookies = true)
        .row("ok", Some(200), "");
    redirect_with_cookies => one("/hostile/redirect/cookies", "to itself, another cookie each time")
        .set(|s| s.fetch.cookies = true)
        .want(AnyStatus("/hostile/redirect/cookies", "failed", "redirect"));
    ever_longer_redirect => one("/hostile/redirect/longer", "to an ever longer address")
        .row("failed", Some(302), "more than 10 redirects");
    redirects_to_one_page => Case::at("/hostile/redirect/gates", "fifty redirects to one page: it is requested once")
        .want(AtLeast(50, "ok", ""))
        .want(Row("/hostile/redirect/gate/50", "ok", Some(200), ""))
        .want(Asked(1..=1, "/hostile/redirect/login"));
    redirect_out_of_scope => one("/hostile/redirect/away", "to another host, out of scope")
        .want(AnyStatus("/hostile/redirect/away", "skipped", "out of scope"));
    redirect_to_neighbour => one("/hostile/redirect/neighbour", "to another address of this machine")
        .set(|s| s.scope = ScopeKind::Any)
        .want(AnyStatus("/hostile/redirect/neighbour", "skipped", "private address"));
    // If the guard fails, this one leaves the machine.
    redirect_to_metadata => one("/hostile/redirect/private", "to the cloud's metadata address")
        .set(|s| s.scope = ScopeKind::Any)
        .want(AnyStatus("/hostile/redirect/private", "skipped", "private address"));

    // Names and text.
    escapes_in_location => one("/hostile/wire/location", "terminal and bidi controls in Location")
        .row("failed", Some(302), "redirect to a malformed URL: http://[");
    escapes_in_head => one("/hostile/wire/escapes", "terminal escapes in reason and Content-Type")
        .row("failed", None, "the response head is malformed");
    bidi_in_head => one("/hostile/wire/bidi", "bidi and C1 controls in reason and Content-Type")
        .row("failed", Some(500), "");
    escapes_in_page => Case::at("/hostile/escapes", "terminal escapes and bidi controls in title and links")
        .row("ok", Some(200), "")
        .want(Row("/hostile/escapes/%1B[2J%1B[31mred", "ok", Some(200), ""))
        .want(Row("/hostile/escapes/%1b%5B2J%07bell", "ok", Some(200), ""))
        .want(Row("/hostile/escapes/%E2%80%AElmth.live", "ok", Some(200), ""))
        .want(Row("/hostile/escapes/a%1B]0;b%07c", "ok", Some(200), ""))
        .want(Row("/hostile/escapes/?q=%0d%0aSet-Cookie:%20a=b", "ok", Some(200), ""))
        .want(Rows(6));
    spellings_of_a_host => Case::at("/hostile/hosts", "this host's address in eight spellings: one page")
        .want(Row("/hostile/leaf/1", "ok", Some(200), ""))
        .want(Rows(2));
    user_names_in_links => Case::at("/hostile/userinfo", "a page under nine user names with passwords: one page")
        .want(Row("/hostile/leaf/1", "ok", Some(200), ""))
        .want(Unknown("secret"))
        .want(Rows(2));
    idn_and_escaped_names => Case::at("/hostile/hosts", "a name in IDN, Punycode, percent-encoded: one host")
        .set(|s| {
            s.scope = ScopeKind::Any;
            s.include = vec![r"^http://(127\.0\.0\.1:|[^/]*cher-kva\.invalid)".into()];
        })
        .want(AtLeast(1, "failed", "name not found: xn--bcher-kva.invalid"))
        .want(AtMost(1, "failed"));
    neighbours => Case::at("/hostile/neighbours", "links to other loopback addresses, and to another port")
        .set(|s| s.scope = ScopeKind::Any)
        .row("ok", Some(200), "")
        // A seed on an address allows this one on any port.
        .want(Row("http://127.0.0.1:9/", "failed", None, "connection refused by 127.0.0.1:9"))
        .want(AtLeast(4, "skipped", "private address"))
        .want(Rows(6));
    // If the guard fails, this one leaves the machine.
    private_addresses => Case::at("/hostile/private", "links to private and metadata addresses")
        .set(|s| s.scope = ScopeKind::Any)
        .row("ok", Some(200), "")
        .want(AtLeast(9, "skipped", "private address"))
        .want(Rows(10));
}
