//! A report as its reader gets it: elements, texts and attributes.

use std::collections::BTreeMap;

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

/// Elements that have no end.
const VOID: [&str; 4] = ["meta", "link", "br", "img"];

/// An element that was begun.
#[derive(Debug)]
pub struct Element {
    pub name: String,
    pub attributes: BTreeMap<String, String>,
}

/// A report, read.
#[derive(Debug, Default)]
pub struct Html {
    pub elements: Vec<Element>,
    /// All text but that of the style, a space between elements and before each unit.
    pub text: String,
}

impl Html {
    /// Reads it; panics unless every element ends where it should and every attribute is quoted.
    #[track_caller]
    pub fn read(html: &str) -> Self {
        let body = html.strip_prefix("<!DOCTYPE html>").expect("a document type");
        let mut reader = Reader::from_str(body);
        reader.config_mut().check_end_names = false;
        reader.config_mut().allow_unmatched_ends = true;
        let mut open: Vec<String> = Vec::new();
        let mut out = Self::default();
        loop {
            match reader.read_event().unwrap() {
                Event::Start(start) => {
                    out.text.push(' ');
                    let element = element(&start);
                    if !VOID.contains(&element.name.as_str()) {
                        open.push(element.name.clone());
                    }
                    out.elements.push(element);
                }
                Event::End(end) => {
                    let name = end.name().as_ref().to_owned();
                    out.text.push(' ');
                    assert_eq!(open.pop().as_ref(), Some(&name), "at {}", reader.buffer_position());
                }
                Event::Text(text) if open.last().is_none_or(|name| name != "style") => {
                    out.text.push_str(&text.replace('\u{a0}', " "));
                }
                Event::GeneralRef(name) => {
                    let name = name.to_string();
                    out.text.push_str(match name.as_str() {
                        "lt" => "<",
                        "gt" => ">",
                        "amp" => "&",
                        "quot" => "\"",
                        other => panic!("unknown &{other};"),
                    });
                }
                Event::Empty(tag) => panic!("{tag:?}"),
                Event::Eof => break,
                _ => {}
            }
        }
        assert!(open.is_empty(), "left open: {open:?}");
        let words: Vec<&str> = out.text.split_whitespace().collect();
        out.text = words.join(" ");
        out.assert_harmless();
        out
    }

    /// Nothing that runs or is fetched, only links to the web and to itself, ids once.
    #[track_caller]
    fn assert_harmless(&self) {
        let mut ids: Vec<&str> = Vec::new();
        for element in &self.elements {
            let name = element.name.as_str();
            let forbidden = [
                "script", "link", "img", "iframe", "object", "embed", "form", "base", "audio",
                "video",
            ];
            assert!(!forbidden.contains(&name), "{element:?}");
            for (attribute, value) in &element.attributes {
                assert!(!attribute.starts_with("on"), "{element:?}");
                assert!(
                    !matches!(attribute.as_str(), "src" | "srcset" | "action" | "data"),
                    "{element:?}"
                );
                assert!(!value.contains("url("), "{element:?}");
                assert!(value.len() <= 1100 || attribute == "d", "{element:?}");
            }
            if let Some(href) = element.attributes.get("href") {
                let inside = href.starts_with('#');
                let web = href.starts_with("http://") || href.starts_with("https://");
                assert!(inside || web, "{element:?}");
                let rel = element.attributes.get("rel").map(String::as_str);
                assert!(inside || rel == Some("noopener noreferrer"), "{element:?}");
            }
            ids.extend(element.attributes.get("id").map(String::as_str));
        }
        let mut once = ids.clone();
        once.sort_unstable();
        once.dedup();
        assert_eq!(once.len(), ids.len(), "ids: {ids:?}");
        for element in &self.elements {
            let refers =
                element.attributes.get("aria-labelledby").into_iter().flat_map(|v| v.split(' '));
            let href = element.attributes.get("href").and_then(|href| href.strip_prefix('#'));
            for id in refers.chain(href) {
                assert!(ids.contains(&id), "{id} is nowhere: {element:?}");
            }
        }
        let policy =
            self.elements.iter().find(|e| e.attributes.contains_key("http-equiv")).unwrap();
        assert!(
            policy.attributes["content"]
                .starts_with("default-src 'none'; style-src 'unsafe-inline'")
        );
        for odd in ['\u{202E}', '\u{0}', '\u{200B}'] {
            assert!(!self.text.contains(odd));
        }
    }

    /// How many elements have this name and class.
    pub fn count(&self, name: &str, class: &str) -> usize {
        let is = |e: &&Element| {
            e.name == name
                && e.attributes.get("class").is_some_and(|c| c.split(' ').any(|c| c == class))
        };
        self.elements.iter().filter(is).count()
    }

    /// Asserts that the text holds all of these.
    #[track_caller]
    pub fn says(&self, all: &[&str]) {
        for said in all {
            assert!(self.text.contains(said), "{said:?} is not in\n{}", self.text);
        }
    }
}

fn element(start: &BytesStart) -> Element {
    let name = start.name().as_ref().to_owned();
    let attributes = start.attributes().map(|attribute| {
        let attribute = attribute.unwrap();
        let value = quick_xml::escape::unescape(&attribute.value);
        let key = attribute.key.as_ref().to_owned();
        (key, value.unwrap().into_owned())
    });
    Element { name, attributes: attributes.collect() }
}
