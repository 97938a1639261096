//! Tests on addresses: beginnings of an address as networks, networks as patterns of text.
//!
//! `startswith 192.168.` on an `ip` field → `192.168.0.0/16`; `10.0.0.0/9` on a text field → a
//! regular expression for the addresses `10.0.0.0` to `10.127.255.255`.

use std::collections::BTreeSet;
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

/// A Lucene expression for all texts of a network's addresses; `None` if that would be too long.
pub(super) fn expression(net: IpNet) -> Option<String> {
    match net {
        IpNet::V4(net) => Some(ipv4_expression(net)),
        IpNet::V6(net) => ipv6_expression(net),
    }
}

/// An IPv6 address has many texts: leading zeros, letters in either case, `::` for any run of zero
/// groups, and dots in its last part. They can be listed for networks that only fix the first
/// group, which is never left out, and for addresses of which only the last group is not zero.
fn ipv6_expression(net: Ipv6Net) -> Option<String> {
    let [first, rest @ .., last] = net.network().segments();
    match net.prefix_len() {
        length @ 4..=16 if first >= 0x1000 => Some(starting_group(first, length) + &any_rest()),
        128 if first == 0 && rest == [0; 6] && last != 0 => Some(only_last_group(last)),
        _ => None,
    }
}

/// The first group, which has four digits, of which `length` bits are fixed.
fn starting_group(first: u16, length: u8) -> String {
    let digits = (0..4_u8).map(|at| {
        let digit = u32::from(first >> (12 - 4 * at)) & 15;
        let open = 4 - length.saturating_sub(4 * at).min(4);
        let fits = (0..16).filter(|other| other >> open == digit >> open);
        hex_class(fits.filter_map(|digit| char::from_digit(digit, 16)))
    });
    digits.collect()
}

/// Everything that may follow the first group.
fn any_rest() -> String {
    const GROUP: &str = "[0-9A-Fa-f]{1,4}";
    let before = |count: u8| match count {
        0 => String::new(),
        _ => format!("(:{GROUP}){{{count}}}"),
    };
    let mut ends = vec![before(7)];
    let mut dotted = vec![format!("{}:", before(5))];
    for count in 0..=6_u8 {
        let tail = match 6 - count {
            0 => String::new(),
            more => format!("({GROUP}(:{GROUP}){{0,{}}})?", more - 1),
        };
        ends.push(format!("{}::{tail}", before(count)));
        if let Some(more) = 4_u8.checked_sub(count) {
            dotted.push(format!("{}::({GROUP}:){{0,{more}}}", before(count)));
        }
    }
    format!("({}|({}){})", ends.join("|"), dotted.join("|"), [OCTET; 4].join("\\."))
}

/// An address whose other groups are zero.
fn only_last_group(last: u16) -> String {
    let digits: String = format!("{last:x}").chars().map(|c| hex_class([c].into_iter())).collect();
    let zeros = 4 - format!("{last:x}").len();
    let hex = format!("0{{0,{zeros}}}{digits}");
    let [high, low] = last.to_be_bytes();
    let ways = |groups: usize| {
        let mut ways = vec![format!("(0{{1,4}}:){{{groups}}}")];
        ways.push(format!("::(0{{1,4}}:){{0,{}}}", groups - 1));
        ways.extend((1..groups).map(|before| {
            format!("(0{{1,4}}:){{{before}}}:(0{{1,4}}:){{0,{}}}", groups - 1 - before)
        }));
        ways.join("|")
    };
    format!("({}){hex}|({})0\\.0\\.{high}\\.{low}", ways(7), ways(6))
}

/// Any of the hexadecimal digits, in either case.
fn hex_class(digits: impl Iterator<Item = char>) -> String {
    let both = digits.flat_map(|digit| [digit, digit.to_ascii_uppercase()]);
    let both: BTreeSet<char> = both.collect();
    match both.len() {
        1 => both.into_iter().collect(),
        22 => "[0-9A-Fa-f]".to_owned(),
        _ => format!("[{}]", both.into_iter().collect::<String>()),
    }
}

/// A Lucene expression for the canonical texts of a network's addresses.
fn ipv4_expression(net: Ipv4Net) -> String {
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
    use proptest::prelude::*;

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

    proptest! {
        #[test]
        fn expressions_match_the_texts_of_their_addresses(
            text in concat!(
                "(f[ce89][8b]?[0-9a]|FE80|0|00|1|::|:)(::|(:(0|00|1|F)){0,7}|:0){0,2}",
                "(:|:0)?(:1|1|:0001|:0\\.0\\.0\\.1|:1\\.2\\.3\\.04?)?",
            ),
        ) {
            for net in ["::1/128", "fe80::/10", "fc00::/7", "::ab/128"] {
                let net: IpNet = net.parse().unwrap();
                let expression = expression(net).unwrap();
                let regex = regex::Regex::new(&format!("^({expression})$")).unwrap();
                let address = text.parse::<std::net::IpAddr>();
                let inside = address.is_ok_and(|address| net.contains(&address));
                prop_assert_eq!(regex.is_match(&text), inside, "{} {}", &text, net);
            }
        }
    }

    #[test]
    fn texts_of_ipv6_addresses_are_covered() {
        let matches = |net: &str, text: &str| {
            let expression = expression(net.parse().unwrap()).unwrap();
            assert!(expression.len() < 1000, "{}", expression.len());
            regex::Regex::new(&format!("^({expression})$")).unwrap().is_match(text)
        };
        for text in ["::1", "0:0:0:0:0:0:0:1", "0000::0001", "0::0:1", "::0.0.0.1", "0:0::1"] {
            assert!(matches("::1/128", text), "{text}");
        }
        for text in ["fe80::1", "FE80:0:0:0:1:2:3:4", "febf::", "fe80::1.2.3.4", "fe80:1::2:3"] {
            assert!(matches("fe80::/10", text), "{text}");
        }
        for text in ["fe80", "fec0::1", "fe80::1::2", "fe80:1:2:3:4:5:6:7:8", "fe80::1%4", "x"] {
            assert!(!matches("fe80::/10", text), "{text}");
        }
        assert_eq!(expression("2001:db8::/32".parse().unwrap()), None);
        assert_eq!(expression("::/0".parse().unwrap()), None);
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
