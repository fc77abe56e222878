//! Sizes as people write and read them: `500M`, `2 GB`, `1.5 GiB`.

/// Bytes of a size as written: a number and optionally K, M, G or T (powers of 1024), with or without `B` or `iB`.
///
/// # Errors
/// Says what is allowed.
pub fn parse(text: &str) -> Result<u64, String> {
    let wrong = || format!("\"{text}\" is not a size: write a number with K, M, G or T, for example 500M or 2G");
    let text_trimmed = text.trim();
    let digits = text_trimmed.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text_trimmed.len());
    let (number, unit) = text_trimmed.split_at(digits);
    let unit = unit.trim().to_ascii_uppercase();
    let unit = unit.strip_suffix("IB").or_else(|| unit.strip_suffix('B')).unwrap_or(&unit);
    let shift = match unit {
        "" => 0,
        "K" => 10,
        "M" => 20,
        "G" => 30,
        "T" => 40,
        _ => return Err(wrong()),
    };
    let number: f64 = number.parse().map_err(|_| wrong())?;
    let bytes = number * f64::from(2u32).powi(shift);
    // Above 2^53 a float no longer counts single bytes, and no disk here is that large.
    if !(0.0..9e15).contains(&bytes) {
        return Err(wrong());
    }
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked above")]
    Ok(bytes as u64)
}

/// A size for reading: `512 B`, `1.5 MB`, `20 GB` (powers of 1024, as mail programs count).
pub fn show(bytes: u64) -> String {
    const UNITS: [&str; 5] = ["B", "kB", "MB", "GB", "TB"];
    let mut unit = 0;
    #[allow(clippy::cast_precision_loss, reason = "it is shown with two digits")]
    let mut number = bytes as f64;
    while number >= 1024.0 && unit + 1 < UNITS.len() {
        number /= 1024.0;
        unit += 1;
    }
    if unit == 0 || number >= 10.0 {
        format!("{number:.0} {}", UNITS[unit])
    } else {
        format!("{number:.1} {}", UNITS[unit])
    }
}

#[cfg(test)]
mod tests {
    use super::{parse, show};

    #[test]
    fn sizes_are_read_as_people_write_them() {
        for (text, bytes) in [("0", 0), ("500M", 500 << 20), ("2 GB", 2 << 30), ("1.5GiB", 3 << 29), ("10k", 10_240)] {
            assert_eq!(parse(text), Ok(bytes), "{text}");
        }
        for text in ["", "G", "-1", "five", "1X", "1e99", "999999999T"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn sizes_are_shown_short() {
        assert_eq!(show(512), "512 B");
        assert_eq!(show(3 << 19), "1.5 MB");
        assert_eq!(show(20 << 30), "20 GB");
    }
}
