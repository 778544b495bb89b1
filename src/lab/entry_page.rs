//! The description of the lab on its entry page.
//!
//! It must not contain a link: links come from the plan alone.

/// The part of the entry page below its navigation.
pub const ABOUT: &str = r"<style>
body { font: 16px/1.5 sans-serif; max-width: 46rem; margin: 2rem auto; padding: 0 1rem }
code { background: #8882; padding: 0 .3em } li { margin: .1em 0 }
</style>
<p>This is a web site made up for crawlers: some thousand pages on several hosts, generated from
a seed, with the sizes, delays, redirects, broken links, odd addresses and charsets of the
real web. Nothing here leads out of it.</p>
<h2>To check a crawl</h2>
<p><code>/truth.json</code> says what a crawl from here must find, by final status.
<code>/load.json</code> says how many requests are in flight now, how many were at once at
the peak, and how many came; with <code>?reset=1</code> it starts over.</p>
<h2>To try a client</h2>
<p><code>/delay/1.5</code>, <code>/status/404</code>, <code>/bytes/100000</code>,
<code>/redirect/3</code>, <code>/stream/10</code>,
<code>/drip?duration=2&amp;numbytes=10</code>, <code>/gzip</code>, <code>/brotli</code>,
<code>/json</code>, <code>/html</code>, <code>/links/100/0</code>.</p>
<h2>The pages</h2>
";
