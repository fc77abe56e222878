//! What a host name, an address, a duration and a size are, and how the last two are written.

use ipnet::IpNet;
use std::{
    net::{IpAddr, SocketAddr},
    time::Duration,
};

/// A host name: labels of letters, digits and hyphens. International names are written in their ASCII form.
pub(crate) fn hostname(text: &str) -> Result<String, String> {
    if text.parse::<IpAddr>().is_ok() {
        return Err(format!("must be a name such as \"mail.example.org\", not the address {text:?}"));
    }
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    if text.len() > 253 || !text.split('.').all(is_label) {
        let shown: String = text.chars().take(60).collect();
        return Err(format!(
            "must be a name such as \"mail.example.org\" of letters, digits and hyphens (international names as xn--...), \
             not {shown:?}"
        ));
    }
    Ok(text.to_ascii_lowercase())
}

/// A host name or an IP address without port.
pub(crate) fn host(text: &str) -> Result<String, String> {
    match text.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>() {
        Ok(address) => Ok(address.to_string()),
        Err(_) => hostname(text).map_err(|_| "must be a host name or an IP address, without a port".to_string()),
    }
}

/// An address with port; `port` stands in where there is none.
pub(crate) fn socket(text: &str, port: Option<u16>) -> Result<SocketAddr, String> {
    if let Ok(address) = text.parse::<SocketAddr>() {
        if address.port() == 0 {
            return Err(format!("must have a port from 1 to 65535, not {text:?}"));
        }
        return Ok(address);
    }
    match (text.parse::<IpAddr>(), port) {
        (Ok(address), Some(port)) => Ok(SocketAddr::new(address, port)),
        (_, Some(_)) => {
            Err(format!("must be IP addresses such as \"192.0.2.1\" or \"[2001:db8::1]:53\", not {text:?}"))
        }
        (_, None) => Err(format!("must be addresses with a port such as \"0.0.0.0:25\" or \"[::]:25\", not {text:?}")),
    }
}

/// A network such as `10.0.0.0/8`, or one address.
pub(crate) fn network(text: &str) -> Result<IpNet, String> {
    let wrong = || format!("must be networks such as \"10.0.0.0/8\", \"2001:db8::/32\" or \"192.0.2.1\", not {text:?}");
    match text.parse::<IpNet>() {
        // Bits beyond the prefix are a slip of which it cannot be told what was meant.
        Ok(network) if network.addr() == network.network() => Ok(network),
        Ok(network) => Err(format!("has bits beyond its prefix: write {} for the whole network", network.trunc())),
        Err(_) => text.parse::<IpAddr>().map(IpNet::from).map_err(|_| wrong()),
    }
}

/// An account of an authority: an e-mail address, with or without `mailto:`.
pub(crate) fn contact(text: &str) -> Result<String, String> {
    let address = text.strip_prefix("mailto:").unwrap_or(text);
    let is_plain = address.bytes().all(|byte| byte.is_ascii_graphic()) && !address.contains(['<', '>', ',', '"']);
    match address.split_once('@') {
        Some((local, domain)) if is_plain && !local.is_empty() && hostname(domain).is_ok() => Ok(address.to_string()),
        _ => Err("must be an e-mail address such as \"postmaster@example.org\"".into()),
    }
}

/// A URL of an ACME directory.
pub(crate) fn https_url(text: &str) -> Result<String, String> {
    let is_url = text.strip_prefix("https://").is_some_and(|rest| !rest.is_empty() && !rest.starts_with('/'));
    if is_url && text.bytes().all(|byte| byte.is_ascii_graphic()) {
        Ok(text.to_string())
    } else {
        Err("must be a URL that begins with https://".into())
    }
}

/// Whole numbers with the units d, h, m, s, the greatest first: `48h`, `1h30m`.
pub(crate) fn duration(text: &str) -> Option<Duration> {
    let mut rest = text.trim();
    let mut seconds = 0_u64;
    let mut unit_before = u64::MAX;
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let number: u64 = rest[..digits].parse().ok()?;
        let unit = match rest.as_bytes().get(digits)? {
            b'd' => 86_400,
            b'h' => 3600,
            b'm' => 60,
            b's' => 1,
            _ => return None,
        };
        if unit >= unit_before {
            return None;
        }
        unit_before = unit;
        seconds = seconds.checked_add(number.checked_mul(unit)?)?;
        rest = &rest[digits + 1..];
    }
    Some(Duration::from_secs(seconds))
}

/// Inverse of [`duration`], in the greatest unit that fits.
pub(crate) fn duration_text(duration: Duration) -> String {
    let seconds = duration.as_secs();
    let units = [(86_400, "d"), (3600, "h"), (60, "m")];
    match units.iter().find(|(unit, _)| seconds > 0 && seconds.is_multiple_of(*unit)) {
        Some((unit, name)) => format!("{}{name}", seconds / unit),
        None => format!("{seconds}s"),
    }
}

const UNITS: [(&str, u64); 4] = [("TB", 1 << 40), ("GB", 1 << 30), ("MB", 1 << 20), ("KB", 1 << 10)];

/// A number with KB, MB, GB or TB, steps of 1024; in any case, with or without a blank, also written MiB.
pub(crate) fn size(text: &str) -> Option<u64> {
    let text = text.trim();
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let number: u64 = text[..digits].parse().ok()?;
    let unit = text[digits..].trim_start().to_ascii_uppercase().replace("IB", "B");
    if unit.is_empty() || unit == "B" {
        return Some(number);
    }
    let (_, factor) = UNITS.iter().find(|(name, _)| *name == unit || name[..1] == unit)?;
    number.checked_mul(*factor)
}

/// Inverse of [`size`], in the greatest unit that divides it.
pub(crate) fn size_text(bytes: u64) -> String {
    match UNITS.iter().find(|(_, factor)| bytes > 0 && bytes.is_multiple_of(*factor)) {
        Some((name, factor)) => format!("{}{name}", bytes / factor),
        None => format!("{bytes} bytes"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn durations() {
        for (text, seconds) in [("48h", 172_800), ("30m", 1800), ("1h30m", 5400), ("2d", 172_800), ("0s", 0)] {
            assert_eq!(duration(text), Some(Duration::from_secs(seconds)), "{text}");
        }
        for text in ["", "h", "5", "5x", "-5h", "1.5h", "30m1h", "1h1h", "99999999999999999999d", "9999999999999999d"] {
            assert_eq!(duration(text), None, "{text}");
        }
    }

    #[test]
    fn sizes() {
        for (text, bytes) in
            [("50MB", 50 << 20), ("50 MiB", 50 << 20), ("1g", 1 << 30), ("7", 7), ("7b", 7), ("2kb", 2048)]
        {
            assert_eq!(size(text), Some(bytes), "{text}");
        }
        for text in ["", "MB", "5XB", "-5MB", "1.5MB", "99999999TB"] {
            assert_eq!(size(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn written_forms_read_back(seconds: u32, bytes in 0_u64..1 << 60) {
            let given = Duration::from_secs(seconds.into());
            prop_assert_eq!(duration(&duration_text(given)), Some(given));
            prop_assert_eq!(size(size_text(bytes).trim_end_matches(" bytes")), Some(bytes));
        }

        #[test]
        fn no_text_panics(text in ".*") {
            let _ = (duration(&text), size(&text), hostname(&text), host(&text), socket(&text, Some(1)));
            let _ = (contact(&text), https_url(&text));
        }
    }
}
