//! Where the hosts of the site are: four ports of one address, or as many addresses as are wanted on
//! one port. All of them are of this machine, and none needs a name server.
//!
//! It must not know HTTP, nor what a host serves.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

/// Addresses that the loopback network has for hosts: all of 127.0.0.0/8 but its first and last.
pub const MAX_HOSTS: u32 = (1 << 24) - 2;

/// Address and port of each host, by its index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HostAddresses {
    /// 127.0.0.1 on each of these ports.
    Ports(Vec<u16>),
    /// That many addresses from 127.0.0.1 on, all on one port.
    Addresses {
        /// The port.
        port: u16,
        /// How many, from 1 to [`MAX_HOSTS`].
        count: u32,
    },
}

impl HostAddresses {
    /// How many hosts there are.
    pub fn count(&self) -> usize {
        match self {
            Self::Ports(ports) => ports.len(),
            Self::Addresses { count, .. } => *count as usize,
        }
    }

    /// Address and port of host `index`, which must be below [`Self::count`].
    pub fn at(&self, index: usize) -> (Ipv4Addr, u16) {
        match self {
            Self::Ports(ports) => (Ipv4Addr::LOCALHOST, ports[index]),
            Self::Addresses { port, .. } => {
                (Ipv4Addr::from_bits(Ipv4Addr::LOCALHOST.to_bits() + index as u32), *port)
            }
        }
    }

    /// The same as it stands in a URL: `127.0.0.1:8080`.
    pub fn authority(&self, index: usize) -> String {
        let (address, port) = self.at(index);
        format!("{address}:{port}")
    }

    /// All of them, in order.
    pub fn authorities(&self) -> impl Iterator<Item = String> {
        (0..self.count()).map(|index| self.authority(index))
    }

    /// The host to which a connection was made that ends at `local`.
    pub fn index_of(&self, local: SocketAddr) -> Option<usize> {
        match self {
            Self::Ports(ports) => ports.iter().position(|port| *port == local.port()),
            Self::Addresses { count, .. } => {
                let IpAddr::V4(address) = local.ip().to_canonical() else { return None };
                let index = address.to_bits().checked_sub(Ipv4Addr::LOCALHOST.to_bits())?;
                (index < *count).then_some(index as usize)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_address_leads_back_to_its_host() {
        let ports = HostAddresses::Ports(vec![8080, 9000, 81]);
        let many = HostAddresses::Addresses { port: 8080, count: 70_000 };
        for hosts in [&ports, &many] {
            for index in 0..hosts.count() {
                let (address, port) = hosts.at(index);
                assert!(address.is_loopback());
                assert_eq!(hosts.index_of((address, port).into()), Some(index));
            }
        }
        let authorities: Vec<_> = many.authorities().collect();
        assert_eq!(authorities[0], "127.0.0.1:8080");
        assert_eq!(authorities[255], "127.0.1.0:8080");
        assert_eq!(authorities[69_999], "127.1.17.112:8080");
        for other in ["127.1.17.113:8080", "127.0.0.0:8080", "10.0.0.1:8080", "[::1]:8080"] {
            assert_eq!(many.index_of(other.parse().unwrap()), None, "{other}");
        }
        assert_eq!(ports.index_of("127.0.0.1:82".parse().unwrap()), None);
    }
}
