//! Measures the parsing of pages, the scope check, and the cost of handing a page to another thread.
//!
//! The last one shows from which size a page should be parsed on a blocking thread.
#![allow(missing_docs, reason = "criterion's macros write undocumented items")]
#![allow(clippy::unwrap_used, reason = "a benchmark fails by panicking")]

use std::fmt::Write;
use std::hint::black_box;

use bytes::Bytes;
use crawldeck::settings::scope_kind::ScopeKind;
use crawldeck::web::html::parse_html;
use crawldeck::web::parsed::LinkOptions;
use crawldeck::web::scope::Scope;
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use url::Url;

const CONTENT_TYPE: Option<&str> = Some("text/html; charset=utf-8");

/// An ordinary page of about `size` bytes: text, a script, and a link every 500 bytes.
fn page(size: usize) -> Vec<Bytes> {
    let mut html = String::from(
        "<!doctype html><html lang=en><head><meta charset=utf-8><title>An ordinary &amp; page</title>\
         <link rel=stylesheet href=/style.css><link rel=canonical href=/page/1>\
         <script>window.state = {a: 1 < 2, b: '</' + 'p>'};</script></head><body>",
    );
    let mut n = 0;
    while html.len() < size {
        n += 1;
        writeln!(
            html,
            "<div class=\"card card--wide\" id=\"card-{n}\"><h2 class=title>Heading {n}</h2>\
             <p class=\"text\">The <em>quick</em> brown fox jumps over the <strong>lazy</strong> dog, \
             and the dog, being lazy, lets it; nobody knows why &mdash; it is told all the same.</p>\
             <img src=\"/images/{n}.jpg\" alt=\"a picture of number {n}\" width=320 height=200>\
             <a class=\"more link\" href=\"/articles/2026/{n}?from=list&amp;page=1\">Read more</a>\
             <ul><li>one</li><li>two</li><li data-x='{n}'>three</li></ul></div>"
        )
        .unwrap();
    }
    html.push_str("</body></html>");
    html.as_bytes().chunks(16 << 10).map(Bytes::copy_from_slice).collect()
}

fn parse(c: &mut Criterion) {
    let base = Url::parse("http://127.0.0.1:8700/section/page.html").unwrap();
    let mut group = c.benchmark_group("parse_html");
    for kib in [2, 12, 64, 256, 1024] {
        let chunks = page(kib << 10);
        let bytes: usize = chunks.iter().map(Bytes::len).sum();
        group.throughput(Throughput::Bytes(bytes as u64));
        group.bench_function(BenchmarkId::from_parameter(format!("{kib} KiB")), |b| {
            b.iter(|| parse_html(black_box(&chunks), CONTENT_TYPE, &base, &LinkOptions::default()));
        });
    }
    group.finish();
}

fn scope(c: &mut Criterion) {
    let base = Url::parse("http://www.example.com/section/page.html").unwrap();
    let links = parse_html(&page(12 << 10), CONTENT_TYPE, &base, &LinkOptions::default()).links;
    for kind in [ScopeKind::Host, ScopeKind::Domain] {
        let scope = Scope::new(kind, std::slice::from_ref(&base), &[], &[]).unwrap();
        c.bench_function(&format!("scope {kind:?}, {} links", links.len()), |b| {
            b.iter(|| {
                links.iter().filter(|link| scope.refuses(black_box(*link)).is_none()).count()
            });
        });
    }
}

fn hand_off(c: &mut Criterion) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().unwrap();
    c.bench_function("spawn_blocking round trip", |b| {
        b.to_async(&runtime)
            .iter(|| async { tokio::task::spawn_blocking(|| black_box(1)).await.unwrap() });
    });
}

criterion_group!(benches, parse, scope, hand_off);
criterion_main!(benches);
