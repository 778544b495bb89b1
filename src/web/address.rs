//! Classes of IP addresses (public, private, loopback, …) and names that always stand for local
//! addresses, independent of the resolver.
//!
//! It knows no name server and no settings.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The class of an `address` that is not public, such as `loopback`; `None` when it is public.
///
/// The classes follow the IANA registries of special-purpose addresses (RFC 6890) and of multicast. An IPv4
/// address embedded in an IPv6 one (mapped, compatible, NAT64, 6to4, Teredo) decides the class.
pub(super) fn special(address: IpAddr) -> Option<&'static str> {
    match address {
        IpAddr::V4(address) => special_v4(address),
        IpAddr::V6(address) => special_v6(address),
    }
}

fn special_v4(address: Ipv4Addr) -> Option<&'static str> {
    Some(match address.octets() {
        [0, 0, 0, 0] => "unspecified",
        [127, ..] => "loopback",
        [10, ..] | [172, 16..=31, ..] | [192, 168, ..] => "private",
        // Carrier-grade NAT, RFC 6598.
        [100, 64..=127, ..] => "shared",
        [169, 254, ..] => "link-local",
        [192, 0, 2, _] | [198, 51, 100, _] | [203, 0, 113, _] => "documentation",
        [198, 18..=19, ..] => "benchmark",
        [224..=239, ..] => "multicast",
        [255, 255, 255, 255] => "broadcast",
        // Azure's metadata service, embedded_v4 a public range.
        [168, 63, 129, 16] => "metadata",
        // This network, protocol assignments, the withdrawn 6to4 relays, class E.
        [0 | 240..=255, ..] | [192, 0, 0, _] | [192, 88, 99, _] => "reserved",
        _ => return None,
    })
}

fn special_v6(address: Ipv6Addr) -> Option<&'static str> {
    if let Some((first, second)) = embedded_v4(address) {
        return special_v4(first).or_else(|| special_v4(second));
    }
    match address.segments() {
        [0, 0, 0, 0, 0, 0, 0, 0] => Some("unspecified"),
        [0, 0, 0, 0, 0, 0, 0, 1] => Some("loopback"),
        [0x2001, 0xdb8, ..] | [0x3fff, 0..=0xfff, ..] => Some("documentation"),
        [0x2001, 2, 0, ..] => Some("benchmark"),
        // Protocol assignments, RFC 2928.
        [0x2001, 0..=0x1ff, ..] => Some("reserved"),
        [0x2000..=0x3fff, ..] => None,
        [0xfc00..=0xfdff, ..] => Some("private"),
        [0xfe80..=0xfebf, ..] => Some("link-local"),
        [0xff00..=0xffff, ..] => Some("multicast"),
        // Only 2000::/3 is allocated as global unicast.
        _ => Some("reserved"),
    }
}

/// The IPv4 addresses embedded in an IPv6 address. Teredo embeds two; the other forms return one twice.
fn embedded_v4(address: Ipv6Addr) -> Option<(Ipv4Addr, Ipv4Addr)> {
    let v4 = |high: u16, low: u16| {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        Ipv4Addr::new(a, b, c, d)
    };
    let one = |high, low| Some((v4(high, low), v4(high, low)));
    match address.segments() {
        [0, 0, 0, 0, 0, 0, 0, 0 | 1] => None,
        // Mapped, compatible, NAT64 (RFC 6052), 6to4 (RFC 3056).
        [0, 0, 0, 0, 0, 0xffff | 0, high, low] | [0x64, 0xff9b, 0, 0, 0, 0, high, low] => {
            one(high, low)
        }
        [0x2002, high, low, ..] => one(high, low),
        // Teredo (RFC 4380): the server plain, the client with its bits inverted.
        [0x2001, 0, high, low, _, _, client_high, client_low] => {
            Some((v4(high, low), v4(!client_high, !client_low)))
        }
        _ => None,
    }
}

/// Whether `address` is a cloud's instance metadata service, which hands out credentials.
pub(super) fn is_metadata(address: IpAddr) -> bool {
    let v4 = |address: Ipv4Addr| {
        matches!(
            address.octets(),
            // Most clouds; AWS containers and pods; Alibaba; Oracle; Azure.
            [169, 254, 169, 254]
                | [169, 254, 170, 2 | 23]
                | [100, 100, 100, 200]
                | [192, 0, 0, 192]
                | [168, 63, 129, 16]
        )
    };
    match address {
        IpAddr::V4(address) => v4(address),
        IpAddr::V6(address) => match embedded_v4(address) {
            Some((first, second)) => v4(first) || v4(second),
            None => matches!(
                address.segments(),
                // AWS and its pods; Google; 169.254.169.254 as a link-local interface address.
                [0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254 | 0x23]
                    | [0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254]
                    | [0xfe80, 0, 0, 0, 0, 0, 0xa9fe, 0xa9fe]
            ),
        },
    }
}

/// The class and the addresses of a `name` (lower case, without the trailing dot) that means the same
/// on every resolver; `None` for names that need a lookup.
pub(super) fn local_name(name: &str) -> Option<(&'static str, &'static [IpAddr])> {
    const LOOPBACK: &[IpAddr] = &[IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)];
    const METADATA: &[IpAddr] = &[
        IpAddr::V4(Ipv4Addr::new(169, 254, 169, 254)),
        IpAddr::V6(Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254)),
        IpAddr::V6(Ipv6Addr::new(0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254)),
    ];
    match name {
        "localhost"
        | "localhost.localdomain"
        | "localhost6"
        | "localhost6.localdomain6"
        | "ip6-localhost"
        | "ip6-loopback" => Some(("loopback", LOOPBACK)),
        "metadata"
        | "metadata.google.internal"
        | "metadata.goog"
        | "metadata.azure.internal"
        | "metadata.tencentyun.com"
        | "instance-data"
        | "instance-data.ec2.internal" => Some(("metadata", METADATA)),
        // The host of a container.
        "host.docker.internal" | "gateway.docker.internal" | "host.containers.internal" => {
            Some(("private", &[]))
        }
        _ if name.ends_with(".localhost") => Some(("loopback", LOOPBACK)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

    use super::*;

    #[test]
    fn every_range_at_both_its_ends() {
        let table = [
            ("0.0.0.0", "unspecified"),
            ("0.0.0.1", "reserved"),
            ("0.255.255.255", "reserved"),
            ("10.0.0.0", "private"),
            ("10.255.255.255", "private"),
            ("100.64.0.0", "shared"),
            ("100.127.255.255", "shared"),
            ("127.0.0.1", "loopback"),
            ("127.255.255.255", "loopback"),
            ("169.254.169.254", "link-local"),
            ("172.16.0.0", "private"),
            ("172.31.255.255", "private"),
            ("192.0.0.8", "reserved"),
            ("192.0.2.1", "documentation"),
            ("192.88.99.1", "reserved"),
            ("192.168.0.0", "private"),
            ("192.168.255.255", "private"),
            ("198.18.0.0", "benchmark"),
            ("198.19.255.255", "benchmark"),
            ("198.51.100.1", "documentation"),
            ("203.0.113.1", "documentation"),
            ("224.0.0.1", "multicast"),
            ("239.255.255.255", "multicast"),
            ("240.0.0.1", "reserved"),
            ("255.255.255.254", "reserved"),
            ("255.255.255.255", "broadcast"),
            ("::", "unspecified"),
            ("::1", "loopback"),
            ("::2", "reserved"),
            ("::127.0.0.1", "loopback"),
            ("::ffff:127.0.0.1", "loopback"),
            ("::ffff:169.254.169.254", "link-local"),
            ("::ffff:0:10.0.0.1", "reserved"),
            ("64:ff9b::10.1.2.3", "private"),
            ("64:ff9b:1::1", "reserved"),
            ("100::1", "reserved"),
            ("2001:0:a00:1::1", "private"),
            // 8.8.8.8 as the server, 192.168.0.1 as the client.
            ("2001:0:808:808:0:0:3f57:fffe", "private"),
            ("2001:2::1", "benchmark"),
            ("2001:10::1", "reserved"),
            ("2001:db8::1", "documentation"),
            ("2002:7f00:1::1", "loopback"),
            ("2002:c0a8:101::", "private"),
            ("3fff::1", "documentation"),
            ("4000::1", "reserved"),
            ("5f00::1", "reserved"),
            ("fc00::1", "private"),
            ("fdff::1", "private"),
            ("fe80::1", "link-local"),
            ("febf::1", "link-local"),
            ("fec0::1", "reserved"),
            ("ff02::1", "multicast"),
        ];
        for (address, class) in table {
            assert_eq!(special(address.parse().unwrap()), Some(class), "{address}");
        }
    }

    #[test]
    fn their_neighbours_are_public() {
        let table = [
            "1.0.0.0",
            "8.8.8.8",
            "9.255.255.255",
            "11.0.0.0",
            "100.63.255.255",
            "100.128.0.0",
            "126.255.255.255",
            "128.0.0.0",
            "169.253.255.255",
            "169.255.0.0",
            "172.15.255.255",
            "172.32.0.0",
            "192.167.255.255",
            "192.169.0.0",
            "198.17.255.255",
            "198.20.0.0",
            "223.255.255.255",
            "2000::1",
            "2001:0:808:808:0:0:f7f7:f7f7",
            "2001:200::1",
            "2001:4860:4860::8888",
            "2002:808:808::1",
            "2606:4700::1111",
            "3fff:1000::1",
            "::ffff:8.8.8.8",
            "64:ff9b::8.8.8.8",
        ];
        for address in table {
            assert_eq!(special(address.parse().unwrap()), None, "{address}");
        }
    }

    #[test]
    fn metadata_in_every_spelling() {
        for address in [
            "169.254.169.254",
            "169.254.170.2",
            "100.100.100.200",
            "168.63.129.16",
            "fd00:ec2::254",
            "::ffff:169.254.169.254",
            "64:ff9b::169.254.169.254",
            "2002:a9fe:a9fe::1",
        ] {
            assert!(is_metadata(address.parse().unwrap()), "{address}");
            assert!(special(address.parse().unwrap()).is_some(), "{address}");
        }
        for address in ["169.254.169.253", "127.0.0.1", "8.8.8.8", "fd00:ec2::1", "::1"] {
            assert!(!is_metadata(address.parse().unwrap()), "{address}");
        }
    }
}
