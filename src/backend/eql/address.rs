//! Tests on addresses: beginnings of an address as networks, networks as patterns of text.
//!
//! `startswith 192.168.` on an `ip` field → `192.168.0.0/16`; `10.0.0.0/9` on a text field → a
//! regular expression for the addresses `10.0.0.0` to `10.127.255.255`.

use std::net::{Ipv4Addr, Ipv6Addr};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

/// An octet in canonical form, as a Lucene expression.
const OCTET: &str = "(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])";

/// The networks that hold exactly the addresses whose canonical text begins with `start`; `None`
/// if no list of networks does.
pub(super) fn starting_with(start: &str) -> Option<Vec<IpNet>> {
    let start = start.to_ascii_lowercase();
    if start.contains('.') {
        return ipv4_starting_with(&start);
    }
    if start.contains(':') {
        return ipv6_starting_with(&start);
    }
    let mut networks = ipv4_starting_with(&start).unwrap_or_default();
    networks.extend(ipv6_starting_with(&start)?);
    Some(networks)
}

/// A Lucene expression for the canonical texts of a network's addresses.
pub(super) fn ipv4_expression(net: Ipv4Net) -> String {
    let parts: Vec<String> = net
        .network()
        .octets()
        .iter()
        .zip(net.broadcast().octets())
        .map(|(low, high)| octet_between(*low, high))
        .collect();
    parts.join("\\.")
}

fn octet_between(low: u8, high: u8) -> String {
    match (low, high) {
        (0, 255) => OCTET.to_owned(),
        (low, high) if low == high => low.to_string(),
        (low, high) => {
            let all: Vec<String> = (low..=high).map(|octet| octet.to_string()).collect();
            format!("({})", all.join("|"))
        }
    }
}

fn ipv4_starting_with(start: &str) -> Option<Vec<IpNet>> {
    let mut parts: Vec<&str> = start.split('.').collect();
    let partial = parts.pop()?;
    let octets: Vec<u8> = parts.iter().map(|part| canonical_octet(part)).collect::<Option<_>>()?;
    if octets.len() > 3 || (octets.is_empty() && partial.is_empty()) {
        return None;
    }
    let net = |octets: &[u8]| {
        let mut full = [0; 4];
        full.iter_mut().zip(octets).for_each(|(to, from)| *to = *from);
        let length = u8::try_from(octets.len() * 8).ok()?;
        Ipv4Net::new(Ipv4Addr::from(full), length).ok().map(IpNet::V4)
    };
    if partial.is_empty() {
        return net(&octets).map(|net| vec![net]);
    }
    let fits = (0..=255_u8).filter(|octet| octet.to_string().starts_with(partial));
    let nets = fits.map(|octet| net(&[octets.as_slice(), &[octet]].concat()));
    nets.collect::<Option<Vec<_>>>().filter(|nets| !nets.is_empty())
}

fn canonical_octet(part: &str) -> Option<u8> {
    part.parse::<u8>().ok().filter(|octet| octet.to_string() == part)
}

/// Leading groups that are not zero are never shortened in a canonical address.
fn ipv6_starting_with(start: &str) -> Option<Vec<IpNet>> {
    let mut parts: Vec<&str> = start.split(':').collect();
    let partial = parts.pop()?;
    let groups: Vec<u16> = parts.iter().map(|part| canonical_group(part)).collect::<Option<_>>()?;
    if groups.len() > 6 || (groups.is_empty() && partial.is_empty()) {
        return None;
    }
    let net = |last: Option<u16>, length: usize| {
        let mut full = [0; 8];
        full.iter_mut().zip(groups.iter().copied().chain(last)).for_each(|(to, from)| *to = from);
        let length = u8::try_from(length).ok()?;
        Ipv6Net::new(Ipv6Addr::from(full), length).ok().map(IpNet::V6)
    };
    let before = groups.len() * 16;
    if partial.is_empty() {
        return net(None, before).map(|net| vec![net]);
    }
    let value = canonical_group(partial)?;
    let more = 0..=4_usize.saturating_sub(partial.len());
    more.map(|digits| net(Some(value << (4 * digits)), before + 16 - 4 * digits)).collect()
}

/// A group that is not zero and has no leading zero.
fn canonical_group(part: &str) -> Option<u16> {
    let value = u16::from_str_radix(part, 16).ok()?;
    (value != 0 && format!("{value:x}") == part).then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn printed(start: &str) -> Option<String> {
        let nets = starting_with(start)?;
        Some(nets.iter().map(ToString::to_string).collect::<Vec<_>>().join(" "))
    }

    #[test]
    fn beginnings_become_networks() {
        let cases = [
            ("10.", Some("10.0.0.0/8")),
            ("192.168.", Some("192.168.0.0/16")),
            (
                "192.168.25",
                Some(
                    "192.168.25.0/24 192.168.250.0/24 192.168.251.0/24 192.168.252.0/24 \
                 192.168.253.0/24 192.168.254.0/24 192.168.255.0/24",
                ),
            ),
            ("FE80:", Some("fe80::/16")),
            ("2001:db8:", Some("2001:db8::/32")),
            ("fc", Some("fc::/16 fc0::/12 fc00::/8")),
            (
                "10.0.0.1",
                Some(
                    "10.0.0.1/32 10.0.0.10/32 10.0.0.11/32 10.0.0.12/32 10.0.0.13/32 10.0.0.14/32 \
                 10.0.0.15/32 10.0.0.16/32 10.0.0.17/32 10.0.0.18/32 10.0.0.19/32 10.0.0.100/32 ",
                ),
            ),
            ("", None),
            ("::1", None),
            ("010.", None),
            ("fe80::", None),
            ("host", None),
            (".", None),
        ];
        for (start, nets) in cases {
            let found = printed(start);
            if start == "10.0.0.1" {
                assert_eq!(found.map(|nets| nets.split(' ').count()), Some(111));
                continue;
            }
            assert_eq!(found.as_deref(), nets, "{start}");
        }
    }

    #[test]
    fn networks_agree_with_the_text_of_addresses() {
        for start in ["1", "10.", "172.1", "fc", "2001:db8:", "25", "a"] {
            let nets = starting_with(start).unwrap();
            for address in ["1.2.3.4", "10.0.0.1", "172.16.0.1", "172.100.0.1", "fc00::1", "f::1"] {
                let address: std::net::IpAddr = address.parse().unwrap();
                let inside = nets.iter().any(|net| net.contains(&address));
                assert_eq!(inside, address.to_string().starts_with(start), "{start} {address}");
            }
        }
    }

    #[test]
    fn networks_become_expressions() {
        let expression = |net: &str| ipv4_expression(net.parse().unwrap());
        assert_eq!(expression("10.1.2.3/32"), r"10\.1\.2\.3");
        assert_eq!(expression("10.1.2.0/30"), r"10\.1\.2\.(0|1|2|3)");
        assert_eq!(expression("10.0.0.0/8"), format!(r"10\.{OCTET}\.{OCTET}\.{OCTET}"));
        assert!(expression("0.0.0.0/1").len() < 1000);
    }
}
