//! Writes a link's address in one of its forms, so that it resolves to the canonical URL against
//! the page's base.
//!
//! It must not know where in the page the address stands.

use super::address::{lower_case_escapes, unescape};
use super::hosts::HostAddresses;
use super::links::{HrefForm, PathSpelling, PlannedLink};
use super::plan::SitePlan;
use super::rng::Topic;

/// The base against which relative addresses of a page are resolved.
#[derive(Debug, Clone)]
pub struct Base {
    /// The host.
    pub host: usize,
    /// Path and query.
    pub path: String,
    /// Given by a `<base>` element rather than by the page's own address.
    pub declared: bool,
}

impl SitePlan {
    /// The base of the links on page `n`.
    pub fn base(&self, n: u32) -> Base {
        let mut rng = self.rng(n, Topic::Base);
        if n > 0 && rng.chance(25) {
            let own = self.host(n);
            let host = if rng.chance(500) { own } else { (own + 1) % self.hosts() };
            Base { host, path: "/base/of/this/page".to_owned(), declared: true }
        } else {
            Base { host: self.host(n), path: self.path(n), declared: false }
        }
    }

    /// The address of a link as it is written on a page with this base.
    pub fn href(&self, link: PlannedLink, base: &Base, hosts: &HostAddresses) -> String {
        let host = self.host(link.to);
        let path = self.path(link.to);
        let path = match link.spelling {
            PathSpelling::LowerHex => lower_case_escapes(&path),
            PathSpelling::Raw => unescape(&path),
            PathSpelling::Canonical | PathSpelling::Padded => path,
        };
        let (address, port) = hosts.at(host);
        let [first, second, third, last] = address.octets();
        let form = match link.form {
            HrefForm::RootRelative
            | HrefForm::DotSegments
            | HrefForm::Relative
            | HrefForm::DotRelative
                if host != base.host =>
            {
                HrefForm::Absolute
            }
            form => form,
        };
        let mut href = match form {
            HrefForm::Absolute => format!("http://{address}:{port}{path}"),
            HrefForm::UpperCaseScheme => {
                format!("HTTP://0X{first:X}.{second}.{third}.{last}:{port}{path}")
            }
            HrefForm::ShortHost => {
                let rest = u32::from_be_bytes([0, second, third, last]);
                format!("http://{first}.{rest}:{port}{path}")
            }
            HrefForm::SchemeRelative => format!("//{address}:{port}{path}"),
            HrefForm::RootRelative => path,
            HrefForm::DotSegments => format!("/./elsewhere/..{path}"),
            HrefForm::Relative => relative(&base.path, &path),
            HrefForm::DotRelative => format!("./{}", relative(&base.path, &path)),
        };
        if link.fragment {
            href.push_str("#part-2");
        }
        if link.spelling == PathSpelling::Padded {
            href.insert(0, ' ');
            href.push_str("\n ");
        }
        href
    }
}

/// `to` relative to `from`, both paths of one host; never empty.
fn relative(from: &str, to: &str) -> String {
    let from = from.split('?').next().unwrap_or(from);
    let folder = &from[..=from.rfind('/').unwrap_or(0)];
    let to_folder_end = to.split('?').next().and_then(|path| path.rfind('/')).unwrap_or(0);
    let shared = folder
        .bytes()
        .zip(to[..=to_folder_end].bytes())
        .enumerate()
        .take_while(|(_, (a, b))| a == b)
        .filter(|(_, (a, _))| *a == b'/')
        .last()
        .map_or(1, |(at, _)| at + 1);
    let ups = folder[shared..].matches('/').count();
    let href = format!("{}{}", "../".repeat(ups), &to[shared..]);
    if href.is_empty() { "./".to_owned() } else { href }
}

#[cfg(test)]
mod tests {
    use super::super::links::LinkPosition;
    use super::*;
    use crate::lab::rng::Rng;

    #[test]
    fn relative_addresses() {
        assert_eq!(relative("/a/b", "/a/c"), "c");
        assert_eq!(relative("/a/b/", "/a/b/"), "./");
        assert_eq!(relative("/a/b/c", "/"), "../../");
        assert_eq!(relative("/a/x?id=1/2", "/ab/c?id=3"), "../ab/c?id=3");
        assert_eq!(relative("/", "/a/b/"), "a/b/");
    }

    #[test]
    fn every_form_means_the_canonical_url() {
        let plan = SitePlan::new(3, 3000);
        let ports = HostAddresses::Ports(vec![8080, 8081, 8082, 8083]);
        every_form(&plan, &ports);
        let many = HostAddresses::Addresses { port: 8080, count: 3000 };
        every_form(&plan.with_hosts(Some(3000)), &many);
    }

    fn every_form(plan: &SitePlan, hosts: &HostAddresses) {
        let mut rng = Rng::new(0, 0, Topic::Markup);
        let mut links = Vec::new();
        for n in 0..300 {
            let base = plan.base(n);
            let base_url = format!("http://{}{}", hosts.authority(base.host), base.path);
            let base_url = url::Url::parse(&base_url).unwrap();
            plan.links(n, &mut links);
            links.push(PlannedLink::plain(rng.below(3000), LinkPosition::Inline));
            for link in &links {
                let href = plan.href(*link, &base, hosts);
                let mut found = base_url.join(&href).unwrap();
                found.set_fragment(None);
                let host = hosts.authority(plan.host(link.to));
                let want = format!("http://{host}{}", plan.path(link.to));
                if link.spelling == PathSpelling::LowerHex {
                    assert!(found.as_str().eq_ignore_ascii_case(&want), "{href} on {base_url}");
                } else {
                    assert_eq!(found.as_str(), want, "{href} on {base_url}");
                }
            }
        }
    }
}
