//! By which names a server may be called.
//!
//! A page anywhere can have its own name lead to this machine (DNS rebinding), and the browser then takes the server
//! here for that page's own. Such a request names the page's host; so only names that are known are answered.
//! Addresses are no names, so nobody can make them lead elsewhere.

use std::net::{IpAddr, SocketAddr};

/// The hosts that a request may name.
#[derive(Debug, Clone)]
pub(crate) struct Hosts {
    listen: IpAddr,
    names: Vec<String>,
}

impl Hosts {
    /// Those that lead to this address, and these names beside.
    pub(crate) fn new(listen: SocketAddr, names: &[String]) -> Self {
        Self {
            listen: listen.ip().to_canonical(),
            names: names.iter().map(|name| name.to_ascii_lowercase()).collect(),
        }
    }

    /// Whether a request may name this host, which may come with a port.
    pub(super) fn allows(&self, host: &str) -> bool {
        let Some(name) = without_port(host) else {
            return false;
        };
        if let Ok(address) = name.trim_matches(['[', ']']).parse::<IpAddr>() {
            let address = address.to_canonical();
            return self.listen.is_unspecified()
                || address == self.listen
                || (address.is_loopback() && self.listen.is_loopback());
        }
        let name = name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase();
        let is_local = self.listen.is_loopback() || self.listen.is_unspecified();
        (is_local && name == "localhost") || self.names.contains(&name)
    }
}

/// A host without its port; none if it cannot be one.
fn without_port(host: &str) -> Option<&str> {
    let (name, port) = match host.strip_prefix('[') {
        Some(rest) => {
            let end = rest.find(']')? + 2;
            (host.get(..end)?, host.get(end..)?)
        }
        None => match host.find(':') {
            Some(at) => host.split_at(at),
            None => (host, ""),
        },
    };
    let is_port = port.is_empty()
        || port
            .strip_prefix(':')
            .is_some_and(|port| port.parse::<u16>().is_ok());
    (is_port && !name.is_empty()).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hosts(listen: &str, names: &[&str]) -> Hosts {
        let names: Vec<String> = names.iter().map(ToString::to_string).collect();
        Hosts::new(listen.parse().unwrap(), &names)
    }

    #[test]
    fn only_what_leads_here_is_allowed() {
        let local = hosts("127.0.0.1:8642", &["Box.example"]);
        for host in [
            "127.0.0.1:8642",
            "127.0.0.1",
            "localhost:8642",
            "LOCALHOST",
            "localhost.:1",
            "[::1]:8642",
            "[::1]",
            "127.9.9.9:1",
            "box.example:8642",
        ] {
            assert!(local.allows(host), "{host}");
        }
        for host in [
            "",
            ":8642",
            "evil.example",
            "localhost.evil.example:8642",
            "127.0.0.1.evil.example",
            "127.0.0.1:8642:1",
            "127.0.0.1:x",
            "127.0.0.1:99999",
            "[::1",
            "[::1]x",
            "[]",
            "192.168.1.1:8642",
            "localhost@evil.example",
            "2130706433",
            "0x7f.1",
        ] {
            assert!(!local.allows(host), "{host}");
        }
        let open = hosts("0.0.0.0:80", &[]);
        assert!(open.allows("192.168.1.1") && open.allows("[fe80::1]:80"));
        assert!(!open.allows("intranet"));
        let one = hosts("192.168.1.5:80", &[]);
        assert!(one.allows("192.168.1.5:80") && !one.allows("127.0.0.1"));
        assert!(!one.allows("localhost"));
    }
}
