//! Date-times of mail: RFC 5322 section 3.3 and IMAP (RFC 3501 section 9 `date-time`). All instants are milliseconds since 1970 UTC.

use jiff::{
    Timestamp,
    civil::{self, DateTime},
    tz::Offset,
};

const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const WEEKDAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
/// Bytes of a Date header that are looked at.
pub const DATE_BYTES_MAX: usize = 200;

/// The civil time in UTC; instants before year 0 or after 9999 are drawn to the nearest one inside.
fn civil_utc(ms: i64) -> DateTime {
    let first = civil::datetime(0, 1, 1, 0, 0, 0, 0);
    let timestamp = Timestamp::from_millisecond(ms).unwrap_or(if ms < 0 { Timestamp::MIN } else { Timestamp::MAX });
    Offset::UTC.to_datetime(timestamp).max(first)
}

/// `Tue, 24 Nov 2026 04:36:00 +0000`.
pub fn rfc5322(ms: i64) -> String {
    let at = civil_utc(ms);
    let weekday = WEEKDAYS[at.weekday().to_monday_zero_offset() as usize];
    format!("{weekday}, {} {} {:04} {} +0000", at.day(), month_name(at), at.year(), clock(at))
}

/// `"24-Nov-2026 04:36:00 +0000"`, with the quotes.
pub fn imap(ms: i64) -> String {
    let at = civil_utc(ms);
    format!("\"{:2}-{}-{:04} {} +0000\"", at.day(), month_name(at), at.year(), clock(at))
}

fn month_name(at: DateTime) -> &'static str {
    MONTHS[(at.month() - 1) as usize]
}

fn clock(at: DateTime) -> String {
    format!("{:02}:{:02}:{:02}", at.hour(), at.minute(), at.second())
}

/// A date-time of RFC 3339, such as `2026-11-24T04:36:00Z`, in at most 40 octets.
pub fn parse_rfc3339(text: &str) -> Option<i64> {
    let fits = text.len() <= 40 && text.as_bytes().get(10).is_some_and(|byte| byte.eq_ignore_ascii_case(&b'T'));
    text.parse::<Timestamp>().ok().filter(|_| fits).map(Timestamp::as_millisecond)
}

/// `2026-11-24T04:36:00Z`.
pub fn rfc3339(ms: i64) -> String {
    let at = civil_utc(ms);
    format!("{:04}-{:02}-{:02}T{}Z", at.year(), at.month(), at.day(), clock(at))
}

/// Inverse of [`imap`], without the quotes; also accepts a leading space for the day.
pub fn parse_imap(text: &str) -> Option<i64> {
    let mut words = text.trim_start_matches(' ').split(' ');
    let (date, time, zone) = (words.next()?, words.next()?, words.next()?);
    if words.next().is_some() || !text.is_ascii() {
        return None;
    }
    let at = imap_date(date)?.to_datetime(parse_clock(time)?);
    to_ms(at, zone_seconds(zone).filter(|_| zone.len() == 5)?)
}

/// An IMAP `date` of SEARCH (`24-Nov-2026`, without quotes) as the first instant of that day in UTC.
pub fn parse_imap_date(text: &str) -> Option<i64> {
    to_ms(imap_date(text)?.to_datetime(civil::Time::midnight()), 0)
}

fn imap_date(text: &str) -> Option<civil::Date> {
    let mut fields = text.split('-');
    let (day, month, year) = (fields.next()?, fields.next()?, fields.next()?);
    if fields.next().is_some() || !(1..=2).contains(&day.len()) || year.len() != 4 || month.len() != 3 {
        return None;
    }
    civil::Date::new(number(year)?, parse_month(month)?, number(day)?).ok()
}

/// The instant of a Date header. Takes what RFC 5322 section 4.3 calls obsolete, and the common faults: no weekday, no
/// seconds, no zone (then UTC), dashes in the date, the order of C's `asctime`, comments.
pub fn parse_rfc5322(text: &str) -> Option<i64> {
    let text = without_comments(text.get(..text.floor_char_boundary(DATE_BYTES_MAX)).unwrap_or(text));
    let (mut day, mut month, mut year, mut time, mut zone) = (None::<i8>, None, None::<i16>, None, None);
    for word in text.split(|c: char| c.is_whitespace() || c == ',').filter(|word| !word.is_empty()) {
        if word.contains(':') && time.is_none() {
            let digits = word.find(|c: char| !c.is_ascii_digit() && c != ':' && c != '.').unwrap_or(word.len());
            time = Some(parse_clock(&word[..digits])?);
            zone = zone.or_else(|| zone_seconds(&word[digits..]));
        } else if month.is_none() && day.is_none() && word.bytes().filter(|b| *b == b'-').count() == 2 {
            let mut fields = word.split('-');
            day = number(fields.next()?);
            month = Some(parse_month(fields.next()?)?);
            year = parse_year(fields.next()?);
        } else if month.is_none() && parse_month(word).is_some() {
            month = parse_month(word);
        } else if day.is_none() && word.len() <= 2 && number::<i8>(word).is_some() {
            day = number(word);
        } else if year.is_none() && (day.is_some() || word.len() == 4) && parse_year(word).is_some() {
            year = parse_year(word);
        } else if time.is_some() && zone.is_none() {
            zone = zone_seconds(word);
        }
    }
    let date = civil::Date::new(year?, month?, day?).ok()?;
    to_ms(date.to_datetime(time.unwrap_or(civil::Time::midnight())), zone.unwrap_or(0))
}

fn to_ms(at: DateTime, offset_seconds: i32) -> Option<i64> {
    Some(Offset::UTC.to_timestamp(at).ok()?.as_millisecond() - i64::from(offset_seconds) * 1000)
}

/// A number that is all digits.
fn number<T: std::str::FromStr>(text: &str) -> Option<T> {
    if text.is_empty() || !text.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    text.parse().ok()
}

fn parse_month(text: &str) -> Option<i8> {
    let name = text.get(..3)?;
    let at = MONTHS.iter().position(|month| month.eq_ignore_ascii_case(name))?;
    text.bytes().all(|b| b.is_ascii_alphabetic()).then_some(at as i8 + 1)
}

/// RFC 5322 section 4.3: two digits are 1950 to 2049, three are years since 1900.
fn parse_year(text: &str) -> Option<i16> {
    let year: i16 = number(text)?;
    match text.len() {
        2 if year < 50 => Some(2000 + year),
        2 | 3 => Some(1900 + year),
        4 => Some(year),
        _ => None,
    }
}

/// `hh:mm` or `hh:mm:ss`; a leap second counts as the second before it, fractions are dropped.
fn parse_clock(text: &str) -> Option<civil::Time> {
    let text = text.split('.').next()?;
    let mut fields = text.split(':');
    let (hour, minute) = (number(fields.next()?)?, number(fields.next()?)?);
    let second = fields.next().map_or(Some(0), number::<i8>)?;
    if fields.next().is_some() || second > 60 {
        return None;
    }
    civil::Time::new(hour, minute, second.min(59), 0).ok()
}

/// Seconds east of UTC. Unknown letters count as UTC, as RFC 5322 section 4.3 says.
fn zone_seconds(text: &str) -> Option<i32> {
    let text = text.strip_prefix("GMT").or_else(|| text.strip_prefix("UTC")).filter(|t| !t.is_empty()).unwrap_or(text);
    if let Some(digits) = text.strip_prefix(['+', '-']) {
        let digits: String = digits.chars().filter(|c| *c != ':').collect();
        let value: i32 = number(&digits)?;
        let (hours, minutes) = if digits.len() <= 2 { (value, 0) } else { (value / 100, value % 100) };
        if digits.len() > 4 || hours > 23 || minutes > 59 {
            return None;
        }
        let seconds = hours * 3600 + minutes * 60;
        return Some(if text.starts_with('-') { -seconds } else { seconds });
    }
    let hours = match text.to_ascii_uppercase().as_str() {
        "EDT" => -4,
        "EST" | "CDT" => -5,
        "CST" | "MDT" => -6,
        "MST" | "PDT" => -7,
        "PST" => -8,
        "CET" | "MET" | "BST" => 1,
        "CEST" | "MEST" | "EET" => 2,
        "JST" | "KST" => 9,
        word if !word.is_empty() && word.bytes().all(|b| b.is_ascii_alphabetic()) => 0,
        _ => return None,
    };
    Some(hours * 3600)
}

fn without_comments(text: &str) -> String {
    let mut depth = 0_u32;
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '(' => depth += 1,
            ')' => {
                depth = depth.saturating_sub(1);
                out.push(' ');
            }
            c if depth == 0 => out.push(c),
            _ => {}
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const AT: i64 = 1_795_494_960_000;

    #[test]
    fn dates_are_written() {
        assert_eq!(rfc5322(AT), "Tue, 24 Nov 2026 04:36:00 +0000");
        assert_eq!(imap(AT), "\"24-Nov-2026 04:36:00 +0000\"");
        assert_eq!(imap(0), "\" 1-Jan-1970 00:00:00 +0000\"");
        assert_eq!(rfc5322(i64::MAX), "Thu, 30 Dec 9999 22:00:00 +0000");
        assert_eq!(rfc5322(i64::MIN), "Sat, 1 Jan 0000 00:00:00 +0000");
    }

    #[test]
    fn header_dates_are_read_leniently() {
        for text in [
            "Tue, 24 Nov 2026 04:36:00 +0000",
            "24 Nov 2026 04:36 GMT",
            "Tue, 24 Nov 26 05:36:00 +0100 (CET)",
            "Tue, 24 Nov 2026 04:36:00",
            "Tuesday, 24-Nov-26 04:36:00 UTC",
            "Tue Nov 24 04:36:00 2026",
            "Tue, 24 November 2026 04:36:00.123 GMT+0000",
            "Mon, 23 Nov 2026 23:36:00 EST",
            "Tue,24 Nov 2026 04:36:00 -0000",
            "24 Nov (a (comment)) 2026 04:36:00 Z",
            "Tue, 24 Nov 2026 06:06:00 +01:30",
        ] {
            assert_eq!(parse_rfc5322(text), Some(AT), "{text}");
        }
        for text in ["", "yesterday", "32 Nov 2026 04:36:00 +0000", "24 Nov 2026 25:00:00 +0000", "Nov", "1 2 3"] {
            assert_eq!(parse_rfc5322(text), None, "{text}");
        }
    }

    #[test]
    fn imap_dates_are_read_strictly() {
        assert_eq!(parse_imap("24-Nov-2026 05:36:00 +0100"), Some(AT));
        assert_eq!(parse_imap(" 1-Jan-1970 00:00:00 +0000"), Some(0));
        assert_eq!(parse_imap("24-Nov-2026"), None);
        assert_eq!(parse_imap("24-Nov-2026 05:36:00 GMT"), None);
        assert_eq!(parse_imap_date("1-jan-1970"), Some(0));
        assert_eq!(parse_imap_date("31-Feb-1970"), None);
    }

    proptest! {
        #[test]
        fn written_dates_read_back(seconds in 0_i64..250_000_000_000) {
            let ms = seconds * 1000;
            prop_assert_eq!(parse_rfc5322(&rfc5322(ms)), Some(ms));
            prop_assert_eq!(parse_imap(imap(ms).trim_matches('"')), Some(ms));
        }

        #[test]
        fn no_text_panics(text in ".*", words in "[0-9a-zA-Z:+ ,()-]*") {
            let _ = (parse_rfc5322(&text), parse_imap(&text), parse_rfc5322(&words), parse_imap(&words));
        }
    }
}
