//! SurgeMail's lists of addresses as networks. There `*` matches any run of characters *as text*, so that `10.0.0.1*` is
//! also 10.0.0.10 and 10.0.0.199: such an item becomes what its writer most likely meant, with a warning.

use ipnet::{IpNet, Ipv4Net};
use std::net::{IpAddr, Ipv4Addr};

/// A list as networks.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Networks {
    /// Those that match; an exception stands in `except`.
    pub networks: Vec<IpNet>,
    /// Those that items with `!` take out again.
    pub except: Vec<IpNet>,
    /// What could not be said by networks, or matches more than it seems to, in words.
    pub warnings: Vec<String>,
}

/// Reads a comma list. Of several items that match an address the last one counts there, so a `*` behind exceptions undoes them.
pub fn networks(list: &str) -> Networks {
    let mut read = Networks::default();
    for item in list.split(',').map(str::trim).filter(|item| !item.is_empty()) {
        let (negated, pattern) = item.strip_prefix('!').map_or((false, item), |pattern| (true, pattern));
        match network(pattern) {
            Ok((network, warning)) => {
                read.warnings.extend(warning);
                if negated { read.except.push(network) } else { read.networks.push(network) }
            }
            Err(problem) => read.warnings.push(problem),
        }
    }
    read
}

/// One item: the network, and what is to be said about it.
fn network(pattern: &str) -> Result<(IpNet, Option<String>), String> {
    if pattern == "*" {
        let all = IpNet::V4(Ipv4Net::default());
        return Ok((all, Some("\"*\" is every address there is".into())));
    }
    if let Ok(network) = pattern.parse::<IpNet>() {
        return Ok((network.trunc(), None));
    }
    if let Ok(address) = pattern.parse::<IpAddr>() {
        return Ok((address.into(), None));
    }
    let Some(prefix) = pattern.strip_suffix('*') else {
        return Err(match pattern.contains('-') {
            true => format!("\"{pattern}\": a range inside a number is no network; write the networks that it covers"),
            false => format!("\"{pattern}\" is neither an address nor a network; names are not looked up"),
        });
    };
    if let Ok(address) = prefix.parse::<Ipv4Addr>() {
        let also = also(address);
        let warning = also.map(|also| format!("\"{pattern}\" would also match {also}; only {address} was taken"));
        return Ok((IpAddr::V4(address).into(), warning));
    }
    let octets: Option<Vec<u8>> =
        prefix.strip_suffix('.').map(|octets| octets.split('.').map_while(|o| o.parse().ok()).collect());
    match octets {
        Some(octets) if (1..=3).contains(&octets.len()) && octets.len() == prefix.matches('.').count() => {
            let mut address = [0; 4];
            address[..octets.len()].copy_from_slice(&octets);
            let length = 8 * octets.len() as u8;
            Ok((Ipv4Net::new_assert(address.into(), length).into(), None))
        }
        _ => Err(format!(
            "\"{pattern}\" does not end at a dot, so it matches as text across networks; write the network that is meant"
        )),
    }
}

/// Other addresses that a `*` behind this one matches.
fn also(address: Ipv4Addr) -> Option<String> {
    let [a, b, c, d] = address.octets();
    let more: Vec<String> = match d {
        1..=9 => {
            let mut more = vec![format!("{a}.{b}.{c}.{d}0 to .{d}9")];
            more.extend(match d {
                1 => Some(format!("{a}.{b}.{c}.100 to .199")),
                2 => Some(format!("{a}.{b}.{c}.200 to .255")),
                _ => None,
            });
            more
        }
        10..=24 => vec![format!("{a}.{b}.{c}.{d}0 to .{d}9")],
        25 => vec![format!("{a}.{b}.{c}.250 to .255")],
        _ => Vec::new(),
    };
    (!more.is_empty()).then(|| more.join(" and "))
}

#[cfg(test)]
mod tests {
    use super::networks;

    fn shown(list: &str) -> Vec<String> {
        networks(list).networks.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn addresses_networks_and_whole_octets_are_taken() {
        assert_eq!(shown("192.0.2.1, 10.1.0.0/16,2001:db8::/32"), ["192.0.2.1/32", "10.1.0.0/16", "2001:db8::/32"]);
        assert_eq!(shown("10.*,192.168.7.*"), ["10.0.0.0/8", "192.168.7.0/24"]);
        assert!(networks("10.*").warnings.is_empty());
    }

    #[test]
    fn a_star_that_matches_more_than_it_seems_is_told() {
        let read = networks("10.0.0.1*,10.0.0.30*");
        assert_eq!(read.networks.len(), 2);
        assert_eq!(
            read.warnings,
            ["\"10.0.0.1*\" would also match 10.0.0.10 to .19 and 10.0.0.100 to .199; only 10.0.0.1 was taken"]
        );
    }

    #[test]
    fn what_no_network_says_is_told_and_not_taken() {
        let read = networks("*,!10.0.*,10.0.1-120.5,192.16*,filter.example.org");
        assert_eq!((read.networks.len(), read.except.len()), (1, 1));
        assert_eq!(read.warnings.len(), 4, "{:?}", read.warnings);
    }
}
