//! Promise: paths that a robots.txt forbids are not fetched, in any notation (RFC 9309).
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests fail by panicking")]

use std::fmt::Write;
use std::time::Duration;

use crawldeck::web::robots::{
    MAX_BYTES, MAX_SITEMAPS, RobotsAgents, RobotsPolicy, RobotsResponse, RobotsTxt,
};
use proptest::prelude::*;

fn robots(text: impl AsRef<[u8]>) -> RobotsTxt {
    RobotsTxt::parse(text.as_ref(), &RobotsAgents::default())
}

/// Paths that rules for all agents allow (`+`) and forbid (`-`).
fn check(rules: &str, paths: &[&str]) {
    let robots = robots(format!("user-agent: *\n{rules}\n"));
    for path in paths {
        let (sign, path) = path.split_at(1);
        assert_eq!(robots.allows(path), sign == "+", "{path} by {rules:?}");
    }
}

#[test]
fn the_longest_rule_wins_and_allow_among_equals() {
    let table: [(&str, &[&str]); 15] = [
        ("", &["+/", "+/x"]),
        ("disallow:", &["+/", "+/x"]),
        ("disallow: /", &["-/", "-/x", "+/robots.txt", "-/robots.txt.bak"]),
        ("disallow: /\nallow: /", &["+/", "+/x"]),
        ("disallow: /x/page.html\nallow: /x/", &["-/x/page.html", "+/x/page"]),
        ("allow: /x/page.html\ndisallow: /x/", &["+/x/page.html", "-/x/", "+/x"]),
        ("disallow: /x\nallow: /x/", &["-/x", "+/x/", "-/xy", "+/x/y"]),
        ("allow: /p\ndisallow: /", &["+/page", "-/"]),
        ("allow: /folder\ndisallow: /folder", &["+/folder/page"]),
        ("allow: /page\ndisallow: /*.htm", &["-/page.htm", "+/page"]),
        ("allow: /page\ndisallow: /*.ph", &["+/page.php5/x", "-/other.php"]),
        ("allow: /x/page.\ndisallow: /*.html", &["+/x/page.html", "-/x/y.html"]),
        ("allow: /$\ndisallow: /", &["+/", "-/page.htm", "-/?x"]),
        ("disallow: /x/", &["-/x/y", "+/X/y", "+/x"]),
        // RFC 9309, 5.2.
        (
            "allow: /example/page/\ndisallow: /example/page/disallowed.gif",
            &["+/example/page/", "-/example/page/disallowed.gif"],
        ),
    ];
    for (rules, paths) in table {
        check(rules, paths);
    }
}

#[test]
fn stars_and_dollars_match_as_published() {
    let table: [(&str, &[&str]); 14] = [
        (
            "/fish",
            &["+/fish", "+/fish.html", "+/fish/salmon.html", "+/fishheads", "+/fish.php?id=x"],
        ),
        ("/fish", &["-/Fish.asp", "-/catfish", "-/?id=fish", "-/bar"]),
        ("/fish*", &["+/fish", "+/fishheads/yummy.html", "-/Fish.asp", "-/catfish", "-/?id=fish"]),
        ("/fish/", &["+/fish/", "+/fish/?salmon", "+/fish/salmon", "-/fish", "-/fish.html"]),
        ("/*.php", &["+/filename.php", "+/folder/filename.php?parameters", "+//any.php.file.html"]),
        ("/*.php", &["+/filename.php/", "+/index?f=filename.php/", "-/php/", "-/index?php"]),
        ("/*.php", &["-/windows.PHP", "-/"]),
        ("/*.php$", &["+/filename.php", "+/folder/filename.php", "-/filename.php?parameters"]),
        ("/*.php$", &["-/filename.php/", "-/filename.php5", "-/php/", "-//windows.PHP"]),
        ("/fish*.php", &["+/fish.php", "+/fishheads/catfish.php?parameters", "-/Fish.PHP"]),
        ("/foo/*/qux", &["+/foo/a/qux", "+/foo/a/b/qux", "+/foo//qux", "-/foo/qux"]),
        ("/foo/bar$", &["+/foo/bar", "-/foo/bar/", "-/foo/bar/qux", "-/foo/bar?x"]),
        ("*/private", &["+/private", "+/a/private/b", "-/priv"]),
        ("/a$b", &["+/a$b", "+/a$bc", "-/a"]),
    ];
    for (pattern, paths) in table {
        check(&format!("disallow: /\nallow: {pattern}"), paths);
    }
    check("disallow: /foo/quz#qux\n# disallow: /", &["-/foo/quz", "+/foo/bar"]);
    // A missing leading slash is added.
    check("disallow: admin/", &["-/admin/x", "+/x/admin/"]);
}

#[test]
fn both_sides_are_spelt_the_same() {
    // RFC 9309, 2.2.2 and 2.2.3: rule, paths.
    let table: [(&str, &[&str]); 13] = [
        ("/foo/bar?baz=quz", &["+/foo/bar?baz=quz"]),
        (
            "/foo/bar?baz=https://foo.bar",
            &["+/foo/bar?baz=https%3A%2F%2Ffoo.bar", "+/foo/bar?baz=https://foo.bar?tar&par"],
        ),
        ("/foo/bar?baz=https%3a%2F%2Ffoo.bar", &["+/foo/bar?baz=https://foo.bar"]),
        ("/foo/bar/ツ", &["+/foo/bar/%E3%83%84", "+/foo/bar/%e3%83%84", "+/foo/bar/ツ"]),
        ("/foo/bar/%e3%83%84", &["+/foo/bar/%E3%83%84", "+/foo/bar/ツ"]),
        ("/foo/bar/%62%61%7A", &["+/foo/bar/baz", "+/foo/bar/%62az"]),
        ("/foo/bar/baz", &["+/foo/bar/%62%61%7A"]),
        ("/a%2Fb", &["+/a%2fb", "-/a/b"]),
        ("/a/b", &["+/a/b", "-/a%2Fb"]),
        ("/file-with-a-%2A.html", &["+/file-with-a-*.html", "-/file-with-a-b.html"]),
        ("/foo-%24", &["+/foo-$", "+/foo-$bar", "-/foo-"]),
        ("/a b|c", &["+/a%20b%7Cc", "+/a%20b|c"]),
        ("/100%", &["+/100%", "+/100%25", "-/100"]),
    ];
    for (pattern, paths) in table {
        check(&format!("disallow: /\nallow: {pattern}"), paths);
    }
    check("disallow: /a#b", &["-/a#top", "-/a"]);
}

#[test]
fn the_groups_that_name_us_are_merged_and_shut_out_the_others() {
    let ours = "\
        disallow: /outside\n\
        user-agent: *\ndisallow: /forall\ncrawl-delay: 9\n\
        user-agent: CrawlDeck/2.0 (+http://x)\nuser-agent: other\ndisallow: /a\n\n\nallow: /a/b\n\
        user-agent: another\ndisallow: /for-another\n\
        user-agent: third\nsitemap: http://s.test/1\n\nuser-agent: crawldeck\ndisallow: /c\n";
    let read = robots(ours);
    for (path, allowed) in [
        ("/outside", true),
        ("/forall", true),
        ("/a", false),
        ("/a/b", true),
        ("/for-another", true),
        ("/c", false),
    ] {
        assert_eq!(read.allows(path), allowed, "{path}");
    }
    assert_eq!((read.rules(), read.delay(), read.has_own_group()), (3, None, true));

    // Another agent: the rules of all groups for `*`, merged too.
    let other = robots(ours.to_lowercase().replace("crawldeck", "somebody"));
    assert!(!other.allows("/forall") && other.allows("/a") && other.allows("/c"));
    assert_eq!((other.delay(), other.has_own_group()), (Some(Duration::from_secs(9)), false));

    // The whole product token is compared.
    for (agent, us) in [
        ("crawl", false),
        ("crawldeck-images", false),
        ("CRAWLDECK", true),
        ("crawldeck*", true),
        ("crawldeck bar", true),
        ("crawldeck/1.0", true),
        ("", false),
        ("*", true),
        ("* # all", true),
        ("*bot", false),
    ] {
        let read = robots(format!("user-agent: {agent}\ndisallow: /"));
        assert_eq!(read.allows("/x"), !us, "{agent:?}");
    }
    // A group of its own without rules: the groups for `*` do not apply.
    assert!(robots("user-agent: *\ndisallow: /\nuser-agent: crawldeck\ndisallow:\n").allows("/x"));
    assert!(robots("user-agent: *\ndisallow: /\nuser-agent: crawldeck").allows("/x"));
    // Lines that the RFC does not define do not end a group (2.2.4).
    for line in ["sitemap: http://s.test/", "crawl-delay: 2", "host: x", "", "junk"] {
        let text = format!("user-agent: crawldeck\n{line}\nuser-agent: b\ndisallow: /\n");
        assert!(!robots(text).allows("/x"), "{line}");
    }
}

#[test]
fn lines_are_read_as_people_write_them() {
    let forbidden = [
        "user-agent: *\ndisallow: /x",
        "USER-AGENT: *\nDISALLOW: /x\n",
        "uSeR-aGeNt:*\ndIsAlLoW:/x\n",
        "user-agent: *\r\ndisallow: /x\r\n",
        "user-agent: *\rdisallow: /x\r",
        "\r\n\n\ruser-agent: *\n\n\r\n\ndisallow: /x",
        "\u{feff}user-agent: *\ndisallow: /x",
        "  user-agent \t : \t *  \t\n\tdisallow\t:\t/x\t# why",
        "user-agent *\ndisallow /x",
        "useragent: *\nuser agent: b\ndissallow: /x",
        "user_agent: *\ndisalow: /x",
        "#c\nuser-agent: * #c\n#c\ndisallow: /x #c",
        "\0\0user-agent: junk\0\nuser-agent: *\n\0\ndisallow: /x\n\0",
    ];
    for text in forbidden {
        let read = robots(text);
        assert!(!read.allows("/x/y") && read.allows("/y"), "{text:?}");
    }
    for start in [&b"\xEF\xBB\xBF"[..], b"\xEF\xBB", b"\xEF"] {
        let text = [start, b"user-agent: *\ndisallow: /x"].concat();
        assert!(!robots(text).allows("/x"), "{start:?}");
    }
    for text in [
        "foo: *\nbar: /x",
        "user-agent: *\ndisallow: \x01/x",
        "user-agent: *\ndisallow no /x",
        "disallow: /x",
        "<!doctype html><html><body>user-agent: * disallow: /x</body></html>",
        "user-agent: *\n\u{feff}disallow: /x",
    ] {
        assert!(robots(text).allows("/x"), "{text:?}");
    }
}

#[test]
fn delays_and_sitemaps_are_taken_where_they_make_sense() {
    let delay =
        |value: &str| robots(format!("user-agent: *\ncrawl-delay: {value}\ndisallow: /x")).delay();
    let ms = |ms| Some(Duration::from_millis(ms));
    for (value, expected) in [
        ("2", ms(2000)),
        ("0.25 # fast", ms(250)),
        (".5", ms(500)),
        ("0", ms(0)),
        ("99999999999999999999", ms(365 * 86_400_000)),
        ("-1", None),
        ("1e9", None),
        ("NaN", None),
        ("inf", None),
        ("5s", None),
        ("2,5", None),
        (".", None),
        ("", None),
    ] {
        assert_eq!(delay(value), expected, "{value}");
    }
    let several =
        "user-agent: *\ncrawl-delay: 1\nuser-agent: *\nallow: /\ncrawl-delay: 3\ncrawl-delay: 2";
    assert_eq!(robots(several).delay(), ms(3000));

    let text = "Sitemap: https://a.test/s.xml#x\nuser-agent: b\nSITEMAP:http://me:pw@a.test/2\n\
        site-map: https://a.test/s.xml\nsitemap: /relative\nsitemap: ftp://a.test/\n\
        sitemap: file:///etc/passwd\nsitemap: \u{7f}\nsitemap http://a.test/3 # good\n";
    let found: Vec<_> = robots(text).sitemaps().iter().map(ToString::to_string).collect();
    assert_eq!(found, ["https://a.test/s.xml", "http://a.test/2", "http://a.test/3"]);
    let many: String = (0..5_000).fold(String::new(), |mut text, n| {
        writeln!(text, "sitemap: http://a.test/{n}").unwrap();
        text
    });
    assert_eq!(robots(many).sitemaps().len(), MAX_SITEMAPS);
}

#[test]
fn no_more_is_read_than_the_limit_and_no_line_in_half() {
    let start = "user-agent: *\ndisallow: /first\n";
    let mut text = format!("{start}#{}\n", "c".repeat(MAX_BYTES - start.len() - 20));
    text.push_str("allow: /first/and/no/more\ndisallow: /late\n");
    let read = robots(&text);
    assert!(read.cut());
    assert_eq!(read.to_string(), "1 rule, cut at 500 KiB");
    assert!(!read.allows("/first/and/no/more") && read.allows("/late"));

    // A line that ends at the limit is complete.
    let line = "disallow: /last";
    let whole = format!("{start}{}\n{line}", "c".repeat(MAX_BYTES - start.len() - line.len() - 1));
    assert_eq!(whole.len(), MAX_BYTES);
    assert!(!robots(&whole).cut() && !robots(&whole).allows("/last"));
    assert!(!robots(format!("{whole}\nmore")).allows("/last"));
    assert!(robots(format!("{whole}-x")).allows("/last"));

    // Ten megabytes of anything, and one line without end.
    assert_eq!(robots(vec![b'x'; 10 << 20]).rules(), 0);
    let one_line = format!("user-agent: *\ndisallow: /{}", "a".repeat(400 << 10));
    let read = robots(&one_line);
    assert!(read.allows("/a") && !read.allows(&format!("/{}b", "a".repeat(400 << 10))));
    assert!(read.bytes() < 600 << 10, "{}", read.bytes());
}

/// A file of twenty thousand rules.
fn many(rule: impl Fn(u32) -> String) -> RobotsTxt {
    let text = (0..20_000).fold(String::from("user-agent: *\n"), |mut text, n| {
        writeln!(text, "{}", rule(n)).unwrap();
        text
    });
    let read = robots(&text);
    assert_eq!((read.rules(), read.cut()), (20_000, false));
    assert!(read.bytes() < 4 * text.len(), "{} of {}", read.bytes(), text.len());
    read
}

#[test]
fn twenty_thousand_rules_cost_no_twenty_thousand_comparisons() {
    let plain = many(|n| format!("disallow: /d{n}/"));
    let ends = many(|n| format!("disallow: /*-{n}.x$"));
    let inner = many(|n| format!("disallow: /a*/{n:05}/r"));
    let paths = |n: u32| [format!("/d{n}/x"), format!("/a/b-{n}.x"), format!("/a/b/{n:05}/r?q")];
    for n in [0, 7, 777, 12_345, 19_999] {
        for (which, robots) in [&plain, &ends, &inner].into_iter().enumerate() {
            for (path, forbidden) in paths(n).iter().zip((0..3).map(|kind| kind == which)) {
                let decision = robots.decide(path);
                assert_eq!(decision.allowed, !forbidden, "{path}");
                assert!(decision.compared < 1_000, "{path}: {}", decision.compared);
            }
        }
    }
    assert!(plain.decide("/d19999/").compared <= 16);
    assert_eq!(plain.decide("/d123/x").pattern, Some("/d123/"));
}

#[test]
fn a_pattern_of_many_stars_does_not_explode() {
    let stars = "*a".repeat(5_000);
    let read = robots(format!("user-agent: *\ndisallow: /{stars}*b\ndisallow: /{stars}*b$\n"));
    let path = format!("/{}", "a".repeat(8_000));
    assert!(read.allows(&path));
    assert!(!read.allows(&format!("{path}b")));
    // A thousand rules, each the beginning of the next.
    let nested = (1..900).fold(String::from("user-agent: *\nallow: /\n"), |mut text, n| {
        writeln!(text, "disallow: /{}", "n".repeat(n)).unwrap();
        text
    });
    let read = robots(nested);
    assert!(read.decide(&format!("/{}", "n".repeat(5_000))).compared < 20);
    assert!(read.allows("/m") && !read.allows("/nm"));
}

#[test]
fn what_came_decides_what_may_be_fetched() {
    let body = &b"user-agent: *\ndisallow: /x\ncrawl-delay: 2\n"[..];
    let reply = |status| RobotsResponse::Answered { status, body };
    let table = [
        (reply(200), "1 rule, delay 2 s", true, false),
        (reply(206), "1 rule, delay 2 s", true, false),
        (RobotsResponse::Answered { status: 204, body: b"" }, "no rules", true, true),
        (reply(404), "none (404)", true, true),
        (reply(401), "none (401)", true, true),
        (reply(410), "none (410)", true, true),
        (reply(302), "none (302)", true, true),
        (RobotsResponse::LostInRedirects, "none (endless redirects)", true, true),
        (reply(429), "unreachable: 429", false, false),
        (reply(500), "unreachable: 500", false, false),
        (reply(503), "unreachable: 503", false, false),
        (reply(999), "unreachable: 999", false, false),
        (RobotsResponse::Unreachable("no\x1b[2J route"), "unreachable: no [2J route", false, false),
    ];
    for (reply, text, root, x) in table {
        let policy = RobotsPolicy::of(reply, &RobotsAgents::default());
        assert_eq!(policy.to_string(), text);
        assert_eq!((policy.allows("/"), policy.allows("/x")), (root, x), "{text}");
        assert_eq!(policy.asks_again(), !root, "{text}");
        assert_eq!(serde_json::to_value(&policy).unwrap(), text);
        assert!(policy.bytes() < 1024);
    }
    assert_eq!(
        RobotsPolicy::of(reply(200), &RobotsAgents::default()).delay(),
        Some(Duration::from_secs(2))
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn no_bytes_make_it_panic(
        bytes in prop::collection::vec(any::<u8>(), 0..400),
        path in ".{0,40}",
        lines in prop::collection::vec("(user-agent|disallow|allow|crawl-delay|sitemap)[: ]{0,2}[*$/%a\u{e9}\0]{0,6}", 0..12),
    ) {
        let mut text = lines.join("\n").into_bytes();
        text.extend(bytes);
        let read = robots(&text);
        let _ = (read.allows(&path), read.to_string(), read.bytes());
        prop_assert!(read.allows("/robots.txt"));
    }
}
