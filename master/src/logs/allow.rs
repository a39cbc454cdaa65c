//! Who may connect.

use std::net::IpAddr;

use ipnet::IpNet;

/// Networks whose members may connect; without any, everybody may.
#[derive(Debug, Clone, Default)]
pub(crate) struct Allow {
    networks: Vec<IpNet>,
}

impl Allow {
    pub(crate) fn new(networks: Vec<IpNet>) -> Self {
        Self { networks }
    }

    /// Whether anybody may connect.
    pub(crate) fn is_everybody(&self) -> bool {
        self.networks.is_empty()
    }

    /// Whether this address may connect. One of IPv4 that comes as one of IPv6 is what it is.
    pub(crate) fn allows(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.is_everybody()
            || self
                .networks
                .iter()
                .any(|network| network.contains(&address))
    }
}

/// A network, such as `10.0.0.0/8`, or a single address.
pub(crate) fn network(text: &str) -> Result<IpNet, String> {
    text.parse::<IpNet>()
        .or_else(|_| text.parse::<IpAddr>().map(IpNet::from))
        .map_err(|_| format!("expected a network such as 10.0.0.0/8 or an address, found `{text}`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_of_networks_may_connect_and_nobody_else() {
        let networks = ["10.0.0.0/8", "192.168.1.7", "fd00::/8"];
        let allow = Allow::new(networks.iter().map(|text| network(text).unwrap()).collect());
        for (address, expected) in [
            ("10.1.2.3", true),
            ("::ffff:10.1.2.3", true),
            ("11.1.2.3", false),
            ("192.168.1.7", true),
            ("192.168.1.8", false),
            ("fd00::1", true),
            ("::1", false),
        ] {
            assert_eq!(
                allow.allows(address.parse().unwrap()),
                expected,
                "{address}"
            );
        }
        assert!(Allow::default().allows("1.2.3.4".parse().unwrap()));
        assert!(network("10.0.0.0/33").is_err() && network("host").is_err());
    }
}
