//! Dates, sizes and numbers as people of a language write them.

use crate::Language;
use jiff::{Timestamp, Zoned, tz::TimeZone};

const MONTHS_EN: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const MONTHS_DE: [&str; 12] =
    ["Jan.", "Feb.", "März", "Apr.", "Mai", "Juni", "Juli", "Aug.", "Sept.", "Okt.", "Nov.", "Dez."];
const DAYS_EN: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
const DAYS_DE: [&str; 7] = ["Mo.", "Di.", "Mi.", "Do.", "Fr.", "Sa.", "So."];

/// A point in time for a template: short for lists, long for reading, and as a machine writes it.
#[derive(Debug, Clone)]
pub struct Instant {
    /// Time of today, day of this year, or date.
    pub short: String,
    /// Day, date and time.
    pub long: String,
    /// RFC 3339, for `<time datetime>`.
    pub machine: String,
}

/// Writes a point in time, seen from `now`, both milliseconds since 1970.
pub(crate) fn instant(ms: i64, now: i64, language: Language, zone: &TimeZone) -> Instant {
    let at = |ms: i64| Timestamp::from_millisecond(ms).unwrap_or(Timestamp::UNIX_EPOCH).to_zoned(zone.clone());
    let (when, now) = (at(ms), at(now));
    let time = format!("{:02}:{:02}", when.hour(), when.minute());
    let short = if when.date() == now.date() {
        time.clone()
    } else if when.year() == now.year() {
        day(&when, language)
    } else {
        date(&when, language)
    };
    let weekday = usize::from(when.weekday().to_monday_zero_offset().unsigned_abs());
    let long = match language {
        Language::En => format!("{}, {}, {time}", DAYS_EN[weekday], date(&when, language)),
        Language::De => format!("{}, {}, {time}", DAYS_DE[weekday], date(&when, language)),
    };
    Instant { short, long, machine: when.timestamp().to_string() }
}

fn month(when: &Zoned) -> usize {
    usize::from(when.month().unsigned_abs()) - 1
}

fn day(when: &Zoned, language: Language) -> String {
    match language {
        Language::En => format!("{} {}", when.day(), MONTHS_EN[month(when)]),
        Language::De => format!("{}. {}", when.day(), MONTHS_DE[month(when)]),
    }
}

fn date(when: &Zoned, language: Language) -> String {
    format!("{} {}", day(when, language), when.year())
}

/// `1.4 MB`, `820 KB`, `12 B`.
pub(crate) fn size(bytes: u64, language: Language) -> String {
    const UNITS: [&str; 5] = ["B", "KB", "MB", "GB", "TB"];
    let mut value = bytes;
    let mut rest = 0;
    let mut unit = 0;
    while value >= 1000 && unit + 1 < UNITS.len() {
        rest = value % 1024;
        value /= 1024;
        unit += 1;
    }
    let tenth = rest * 10 / 1024;
    if unit > 1 && value < 10 {
        let point = match language {
            Language::En => '.',
            Language::De => ',',
        };
        format!("{value}{point}{tenth} {}", UNITS[unit])
    } else {
        format!("{value} {}", UNITS[unit])
    }
}

/// `12,345`.
pub(crate) fn number(value: u64, language: Language) -> String {
    let separator = match language {
        Language::En => ',',
        Language::De => '.',
    };
    let digits = value.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(separator);
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{instant, number, size};
    use crate::Language::{De, En};
    use jiff::tz::TimeZone;

    #[test]
    fn short_dates_depend_on_today() {
        let now = 1_795_500_000_000; // 24 November 2026, 06:00 UTC
        let zone = TimeZone::UTC;
        let short = |ms, language| instant(ms, now, language, &zone).short;
        assert_eq!(short(now - 3_600_000, En), "05:00");
        assert_eq!(short(now - 86_400_000, En), "23 Nov");
        assert_eq!(short(now - 86_400_000, De), "23. Nov.");
        assert_eq!(short(now - 400 * 86_400_000, De), "20. Okt. 2025");
        assert_eq!(instant(now, now, En, &zone).long, "Tue, 24 Nov 2026, 06:00");
        assert_eq!(short(i64::MAX, En), "1 Jan 1970", "a time that is none does no harm");
    }

    #[test]
    fn sizes_and_numbers() {
        assert_eq!(size(12, En), "12 B");
        assert_eq!(size(820 * 1024, En), "820 KB");
        assert_eq!(size(1_572_864, De), "1,5 MB");
        assert_eq!(size(1000 * 1000, En), "976 KB");
        assert_eq!(number(1_234_567, En), "1,234,567");
        assert_eq!(number(999, De), "999");
    }
}
