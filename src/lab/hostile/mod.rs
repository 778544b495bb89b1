//! What no honest site would serve, under `/hostile/…` of every lab host and every
//! [`TestOrigin`](super::test_origin::TestOrigin); nothing else links there.
//!
//! It must not know the client. Nothing here leads a crawler off this machine: names end in
//! `.invalid`, which never resolve; but for `redirect/private` and `private`, whose addresses a
//! crawler must refuse to connect to.
//!
//! | below `/hostile/` | what it does |
//! |---|---|
//! | `leaf/N` | an honest page without links |
//! | **redirects** | |
//! | `redirect/hops/N` | N redirects, then a page |
//! | `redirect/loop/a` | to `loop/b`, which leads back |
//! | `redirect/self` | to itself, permanently |
//! | `redirect/cookie` | to itself, setting a cookie; a page for a request that has it |
//! | `redirect/cookies` | to itself, setting another cookie each time |
//! | `redirect/longer` | to an address that is longer each time, for ever |
//! | `redirect/away` | to another host, `away.invalid` |
//! | `redirect/neighbour` | to another loopback address |
//! | `redirect/private` | to the metadata address of cloud machines |
//! | `redirect/gates` | 50 links that all lead to `redirect/login` |
//! | `redirect/forbidden` | to `/private/page`, which a `robots.txt` may forbid |
//! | **bodies** | |
//! | `body/endless` | HTML without end |
//! | `body/slow` | HTML without end, a byte every 20 ms |
//! | `body/gzip`, `body/brotli` | 1 GiB of HTML, compressed to about a thousandth or less |
//! | `body/undecodable` | declared as gzip, but is not |
//! | `body/links/N` | one page with N links, maximum 1,000,000 |
//! | **crawler traps** | |
//! | `calendar/Y/M`, `calendar?month=Y-M` | a month that links to the next and the previous |
//! | `session/suffix/P` | page P of 6, linking to all with a new `;jsessionid=…` |
//! | `session/segment/P` | likewise, with `(S(…))` before the page |
//! | `session/query/P` | likewise, with `?PHPSESSID=…` |
//! | `grow/one/` | a page at any depth that links to `a/` |
//! | `grow/pair/` | likewise, to `b/c/` |
//! | `grow/word/` | likewise, to a new word each time |
//! | `query` | eight filters of eight values, each a link that keeps the others |
//! | `same/` | links to 200 `same/N`, which are all the same page |
//! | `canonical/` | links to 200 `canonical/N`, which all name `canonical/0` as canonical |
//! | **base** | a page with a link `x/` each, and a `<base>` that is … |
//! | `base/script`, `base/data` | not usable as a base |
//! | `base/away` | on another host, `away.invalid` |
//! | `base/two` | there twice: the first one is valid |
//! | `base/deeper/` | relative, so that each page is one deeper |
//! | `base/long` | 100 KB long |
//! | `base/empty` | empty |
//! | **names and text** | |
//! | `hosts` | one leaf under eight spellings of this host's address, and unusual names |
//! | `userinfo` | one leaf under nine user names with passwords |
//! | `neighbours` | links to other loopback addresses, and to another port of this one |
//! | `private` | links to private, link-local and metadata addresses |
//! | `escapes` | terminal escapes and bidi controls in title, text and links |
//! | **sitemaps** | |
//! | `sitemap/loop.xml` | an index that lists itself and `other.xml`, which lists `loop.xml` |
//! | `sitemap/hydra.xml` | an index of two new indexes, for ever |
//! | `sitemap/bomb.xml.gz` | 1 GiB of URLs, compressed |
//! | `sitemap/many.xml` | 60,000 URLs, more than the protocol allows |
//! | `sitemap/away.xml` | URLs of other hosts beside one of its own |
//! | `sitemap/broken.xml` | three URLs, then broken XML |
//! | `sitemap/list.txt` | the text form: three URLs |
//! | **wire** | bytes that no HTTP library would send, see [`wire`] |

mod addresses;
mod bodies;
mod page;
mod redirects;
mod router;
mod sitemaps;
mod traps;
pub mod wire;

#[cfg(feature = "internals")]
pub(super) use bodies::{endless, gzip_bomb};
pub(super) use router::routes;
