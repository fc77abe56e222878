//! SEARCH, SORT and THREAD (RFC 3501 section 6.4.4, RFC 4731, RFC 5032, RFC 5256, RFC 7162, RFC 8474, RFC 8514).

use super::{
    SequenceSet,
    lexer::{Lexer, Parse},
};
use store::Flags;

/// Levels of NOT, OR and parentheses.
pub const DEPTH_MAX: usize = 50;
/// Keys in one search, on all levels.
pub const KEYS_MAX: usize = 2000;

/// RFC 6203 section 4.
const RELEVANCY_ALONE: &str = "RELEVANCY only with FUZZY";
const NEWEST_ELSEWHERE: &str = "X-GATEPOST-NEWEST only with ESEARCH";

/// What a SEARCH asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Search {
    /// Whether the answer holds UIDs.
    pub uid: bool,
    /// `RETURN (...)`: an ESEARCH answer with these; `None` for the plain answer.
    pub returns: Option<Vec<Return>>,
    /// What to look for; all must hold.
    pub key: Key,
}

/// `search-return-opt` (RFC 4731).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names are those of the RFC")]
pub enum Return {
    Min,
    Max,
    All,
    Count,
    /// Keep the result as `$` (RFC 5182).
    Save,
    /// A part of the result (RFC 9394).
    Partial(PartialRange),
    /// How relevant each is (RFC 6203 section 4).
    Relevancy,
    /// Of all mailboxes together those that are newest: an extension of ours to RFC 7377.
    Newest(PartialRange),
}

/// `partial-range` (RFC 9394 section 3.1): positions in a result, both from 1, counted from its beginning or from its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PartialRange {
    /// The position nearest to where counting begins.
    pub low: u32,
    /// The one farthest from it.
    pub high: u32,
    /// Counted from the end.
    pub from_end: bool,
}

impl PartialRange {
    /// `1:500` or `-1:-500`
    pub fn parse(lexer: &mut Lexer<'_>) -> Parse<Self> {
        let from_end = lexer.eat(b'-');
        let first = lexer.number_nonzero()?;
        lexer.expect(b':', "`:`")?;
        if from_end {
            lexer.expect(b'-', "`-`")?;
        }
        let last = lexer.number_nonzero()?;
        Ok(Self { low: first.min(last), high: first.max(last), from_end })
    }

    /// The indices that it names of a result of `length`.
    pub fn of(self, length: usize) -> std::ops::Range<usize> {
        let (low, high) = ((self.low as usize - 1).min(length), (self.high as usize).min(length));
        if self.from_end { length - high..length - low } else { low..high }
    }
}

impl std::fmt::Display for PartialRange {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let sign = if self.from_end { "-" } else { "" };
        write!(f, "{sign}{}:{sign}{}", self.low, self.high)
    }
}

/// `search-key`
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names are those of the RFC")]
pub enum Key {
    All,
    And(Vec<Key>),
    /// Not only what is exactly so (RFC 6203).
    Fuzzy(Box<Key>),
    Or(Box<Key>, Box<Key>),
    Not(Box<Key>),
    Sequence(SequenceSet),
    Uid(SequenceSet),
    /// A system flag, by its bit.
    Flag(u8),
    Keyword(String),
    Recent,
    /// Internal date: earlier than, on, or on and later than a day (days since 1970).
    Received(Day),
    /// Date header.
    Sent(Day),
    /// When it came into the mailbox.
    Saved(Day),
    Larger(u32),
    Smaller(u32),
    /// Internal date within, or not within, the last seconds.
    Younger(u32),
    Older(u32),
    From(String),
    To(String),
    Cc(String),
    Bcc(String),
    Subject(String),
    Header(String, String),
    Body(String),
    Text(String),
    ModSeq(u64),
    EmailId(String),
    ThreadId(String),
    SaveDateSupported,
    /// Not written by anybody: the messages that the full-text index has found.
    Found(store::UidSet),
    /// Not written by anybody: messages with attachments.
    HasAttachment,
}

/// A comparison with a day, counted in days since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names say it")]
pub enum Day {
    Before(i64),
    On(i64),
    Since(i64),
}

impl Day {
    /// Whether a day fits.
    pub fn matches(self, day: i64) -> bool {
        match self {
            Self::Before(bound) => day < bound,
            Self::On(bound) => day == bound,
            Self::Since(bound) => day >= bound,
        }
    }
}

/// `SORT (...)`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sort {
    /// Whether the answer holds UIDs.
    pub uid: bool,
    /// `RETURN (...)` (RFC 5267 ESORT).
    pub returns: Option<Vec<Return>>,
    /// Keys, the first decides first; true: reversed.
    pub order: Vec<(SortKey, bool)>,
    /// What to look for.
    pub key: Key,
}

/// `sort-key` (RFC 5256, RFC 5957).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names are those of the RFC")]
pub enum SortKey {
    Arrival,
    Cc,
    Date,
    From,
    Size,
    Subject,
    To,
    DisplayFrom,
    DisplayTo,
    /// RFC 6203 section 6.
    Relevancy,
}

/// `THREAD ...`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Thread {
    /// Whether the answer holds UIDs.
    pub uid: bool,
    /// How to thread.
    pub algorithm: Algorithm,
    /// What to look for.
    pub key: Key,
}

/// `thread-alg` (RFC 5256).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names are those of the RFC")]
pub enum Algorithm {
    OrderedSubject,
    References,
}

/// A search whose charset is not known here: answered `NO [BADCHARSET]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadCharset;

/// The outer error is one of grammar, the inner one of charset.
pub type ParseSearch<T> = Parse<Result<T, BadCharset>>;

impl Key {
    /// Whether sequence numbers are among it.
    pub fn uses_numbers(&self) -> bool {
        match self {
            Self::Sequence(set) => !set.is_saved_result(),
            Self::And(keys) => keys.iter().any(Self::uses_numbers),
            Self::Or(first, second) => first.uses_numbers() || second.uses_numbers(),
            Self::Not(key) | Self::Fuzzy(key) => key.uses_numbers(),
            _ => false,
        }
    }
}

impl Key {
    /// Whether FUZZY is among it (RFC 6203).
    pub fn is_fuzzy(&self) -> bool {
        match self {
            Self::Fuzzy(_) => true,
            Self::And(keys) => keys.iter().any(Self::is_fuzzy),
            Self::Or(first, second) => first.is_fuzzy() || second.is_fuzzy(),
            Self::Not(key) => key.is_fuzzy(),
            _ => false,
        }
    }
}

impl Search {
    /// What comes after `ESEARCH ` and the mailboxes (RFC 7377): as SEARCH, with UIDs and an extension of ours.
    pub(super) fn parse_over_mailboxes(lexer: &mut Lexer<'_>) -> ParseSearch<Self> {
        Self::parse_any(lexer, true)
    }

    /// What comes after `SEARCH `.
    pub fn parse(lexer: &mut Lexer<'_>, uid: bool) -> ParseSearch<Self> {
        let at = lexer.at();
        let parsed = Self::parse_any(lexer, uid)?;
        match &parsed {
            Ok(search) if asks_for_newest(&search.returns) => Lexer::error_at(at, NEWEST_ELSEWHERE),
            _ => Ok(parsed),
        }
    }

    fn parse_any(lexer: &mut Lexer<'_>, uid: bool) -> ParseSearch<Self> {
        let returns = parse_returns(lexer)?;
        let at = lexer.at();
        if lexer.eat_text("CHARSET ") {
            if lexer.refuses_charset() {
                // RFC 6855 section 3.
                return Lexer::error_at(at, "no CHARSET with UTF8=ACCEPT");
            }
            if !parse_charset(lexer)? {
                return Ok(Err(BadCharset));
            }
        }
        let key = parse_keys(lexer)?;
        if asks_for_relevancy(&returns) && !key.is_fuzzy() {
            return Lexer::error_at(at, RELEVANCY_ALONE);
        }
        Ok(Ok(Self { uid, returns, key }))
    }
}

fn asks_for_newest(returns: &Option<Vec<Return>>) -> bool {
    returns.iter().flatten().any(|of| matches!(of, Return::Newest(_)))
}

fn asks_for_relevancy(returns: &Option<Vec<Return>>) -> bool {
    returns.iter().flatten().any(|of| *of == Return::Relevancy)
}

impl Sort {
    /// What comes after `SORT `.
    pub fn parse(lexer: &mut Lexer<'_>, uid: bool) -> ParseSearch<Self> {
        let at = lexer.at();
        let returns = parse_returns(lexer)?;
        if asks_for_newest(&returns) {
            return Lexer::error_at(at, NEWEST_ELSEWHERE);
        }
        let order = lexer.list(false, 32, |lexer| {
            let reverse = lexer.eat_text("REVERSE ");
            Ok((parse_sort_key(lexer)?, reverse))
        })?;
        lexer.space()?;
        if !parse_charset(lexer)? {
            return Ok(Err(BadCharset));
        }
        let key = parse_keys(lexer)?;
        let is_by_relevancy = order.iter().any(|(key, _)| *key == SortKey::Relevancy);
        if (is_by_relevancy || asks_for_relevancy(&returns)) && !key.is_fuzzy() {
            return Lexer::error_at(at, RELEVANCY_ALONE);
        }
        Ok(Ok(Self { uid, returns, order, key }))
    }
}

impl Thread {
    /// What comes after `THREAD `.
    pub fn parse(lexer: &mut Lexer<'_>, uid: bool) -> ParseSearch<Self> {
        let algorithm = if lexer.eat_text("REFERENCES ") {
            Algorithm::References
        } else if lexer.eat_text("ORDEREDSUBJECT ") {
            Algorithm::OrderedSubject
        } else {
            return lexer.error("REFERENCES or ORDEREDSUBJECT");
        };
        if !parse_charset(lexer)? {
            return Ok(Err(BadCharset));
        }
        Ok(Ok(Self { uid, algorithm, key: parse_keys(lexer)? }))
    }
}

fn parse_sort_key(lexer: &mut Lexer<'_>) -> Parse<SortKey> {
    let at = lexer.at();
    Ok(match lexer.atom("a sort key")?.to_ascii_uppercase().as_str() {
        "ARRIVAL" => SortKey::Arrival,
        "CC" => SortKey::Cc,
        "DATE" => SortKey::Date,
        "FROM" => SortKey::From,
        "SIZE" => SortKey::Size,
        "SUBJECT" => SortKey::Subject,
        "TO" => SortKey::To,
        "DISPLAYFROM" => SortKey::DisplayFrom,
        "DISPLAYTO" => SortKey::DisplayTo,
        "RELEVANCY" => SortKey::Relevancy,
        _ => return Lexer::error_at(at, "a sort key"),
    })
}

fn parse_returns(lexer: &mut Lexer<'_>) -> Parse<Option<Vec<Return>>> {
    if !lexer.eat_text("RETURN ") {
        return Ok(None);
    }
    let at = lexer.at();
    let mut returns = lexer.list(true, 8, |lexer| {
        let at = lexer.at();
        Ok(match lexer.atom("a return option")?.to_ascii_uppercase().as_str() {
            "MIN" => Return::Min,
            "MAX" => Return::Max,
            "ALL" => Return::All,
            "COUNT" => Return::Count,
            "SAVE" => Return::Save,
            "PARTIAL" => {
                lexer.space()?;
                Return::Partial(PartialRange::parse(lexer)?)
            }
            "RELEVANCY" => Return::Relevancy,
            "X-GATEPOST-NEWEST" => {
                lexer.space()?;
                Return::Newest(PartialRange::parse(lexer)?)
            }
            _ => return Lexer::error_at(at, "MIN, MAX, ALL, COUNT, SAVE, PARTIAL or RELEVANCY"),
        })
    })?;
    let partials = returns.iter().filter(|of| matches!(of, Return::Partial(_))).count();
    if partials > 1 || partials == 1 && returns.contains(&Return::All) {
        return Lexer::error_at(at, "one PARTIAL, and no ALL beside it");
    }
    lexer.space()?;
    if returns.is_empty() {
        returns.push(Return::All);
    }
    Ok(Some(returns))
}

/// The charset and the space after it; whether it is one we know.
fn parse_charset(lexer: &mut Lexer<'_>) -> Parse<bool> {
    let charset = lexer.astring()?;
    lexer.space()?;
    Ok([&b"UTF-8"[..], b"US-ASCII"].iter().any(|known| charset.eq_ignore_ascii_case(known)))
}

fn parse_keys(lexer: &mut Lexer<'_>) -> Parse<Key> {
    let mut left = KEYS_MAX;
    let mut keys = vec![parse_key(lexer, 0, &mut left)?];
    while lexer.peek() == Some(b' ') && lexer.rest().len() > 1 {
        lexer.space()?;
        keys.push(parse_key(lexer, 0, &mut left)?);
    }
    Ok(if keys.len() == 1 { keys.remove(0) } else { Key::And(keys) })
}

fn parse_key(lexer: &mut Lexer<'_>, depth: usize, left: &mut usize) -> Parse<Key> {
    if depth >= DEPTH_MAX || *left == 0 {
        return lexer.error("a simpler search");
    }
    *left -= 1;
    if lexer.peek() == Some(b'(') {
        let mut keys = lexer.list(false, KEYS_MAX, |lexer| parse_key(lexer, depth + 1, left))?;
        return Ok(if keys.len() == 1 { keys.remove(0) } else { Key::And(keys) });
    }
    if SequenceSet::starts(lexer) {
        return Ok(Key::Sequence(SequenceSet::parse(lexer)?));
    }
    let at = lexer.at();
    let name = lexer.atom("a search key")?.to_ascii_uppercase();
    if let Some(key) = plain_key(&name) {
        return Ok(key);
    }
    match name.as_str() {
        "NOT" => {
            lexer.space()?;
            Ok(Key::Not(Box::new(parse_key(lexer, depth + 1, left)?)))
        }
        "FUZZY" => {
            lexer.space()?;
            Ok(Key::Fuzzy(Box::new(parse_key(lexer, depth + 1, left)?)))
        }
        "OR" => {
            lexer.space()?;
            let first = parse_key(lexer, depth + 1, left)?;
            lexer.space()?;
            Ok(Key::Or(Box::new(first), Box::new(parse_key(lexer, depth + 1, left)?)))
        }
        _ => {
            if lexer.peek() != Some(b' ') {
                return Lexer::error_at(at, "a search key");
            }
            lexer.space()?;
            key_with_argument(lexer, at, &name)
        }
    }
}

fn plain_key(name: &str) -> Option<Key> {
    let not = |key| Key::Not(Box::new(key));
    Some(match name {
        "ALL" => Key::All,
        "ANSWERED" => Key::Flag(Flags::ANSWERED),
        "DELETED" => Key::Flag(Flags::DELETED),
        "DRAFT" => Key::Flag(Flags::DRAFT),
        "FLAGGED" => Key::Flag(Flags::FLAGGED),
        "SEEN" => Key::Flag(Flags::SEEN),
        "UNANSWERED" => not(Key::Flag(Flags::ANSWERED)),
        "UNDELETED" => not(Key::Flag(Flags::DELETED)),
        "UNDRAFT" => not(Key::Flag(Flags::DRAFT)),
        "UNFLAGGED" => not(Key::Flag(Flags::FLAGGED)),
        "UNSEEN" => not(Key::Flag(Flags::SEEN)),
        "RECENT" => Key::Recent,
        "OLD" => not(Key::Recent),
        "NEW" => Key::And(vec![Key::Recent, not(Key::Flag(Flags::SEEN))]),
        "SAVEDATESUPPORTED" => Key::SaveDateSupported,
        _ => return None,
    })
}

fn key_with_argument(lexer: &mut Lexer<'_>, at: usize, name: &str) -> Parse<Key> {
    Ok(match name {
        "KEYWORD" => Key::Keyword(lexer.atom("a keyword")?.to_owned()),
        "UNKEYWORD" => Key::Not(Box::new(Key::Keyword(lexer.atom("a keyword")?.to_owned()))),
        "BEFORE" => Key::Received(Day::Before(parse_date(lexer)?)),
        "ON" => Key::Received(Day::On(parse_date(lexer)?)),
        "SINCE" => Key::Received(Day::Since(parse_date(lexer)?)),
        "SENTBEFORE" => Key::Sent(Day::Before(parse_date(lexer)?)),
        "SENTON" => Key::Sent(Day::On(parse_date(lexer)?)),
        "SENTSINCE" => Key::Sent(Day::Since(parse_date(lexer)?)),
        "SAVEDBEFORE" => Key::Saved(Day::Before(parse_date(lexer)?)),
        "SAVEDON" => Key::Saved(Day::On(parse_date(lexer)?)),
        "SAVEDSINCE" => Key::Saved(Day::Since(parse_date(lexer)?)),
        "LARGER" => Key::Larger(lexer.number()?),
        "SMALLER" => Key::Smaller(lexer.number()?),
        "YOUNGER" => Key::Younger(lexer.number_nonzero()?),
        "OLDER" => Key::Older(lexer.number_nonzero()?),
        "UID" => Key::Uid(SequenceSet::parse(lexer)?),
        "FROM" => Key::From(needle(lexer)?),
        "TO" => Key::To(needle(lexer)?),
        "CC" => Key::Cc(needle(lexer)?),
        "BCC" => Key::Bcc(needle(lexer)?),
        "SUBJECT" => Key::Subject(needle(lexer)?),
        "BODY" => Key::Body(needle(lexer)?),
        "TEXT" => Key::Text(needle(lexer)?),
        "HEADER" => {
            let field = lexer.astring_utf8()?.to_ascii_lowercase();
            lexer.space()?;
            Key::Header(field, needle(lexer)?)
        }
        "MODSEQ" => {
            // RFC 7162 section 3.1.5: the entry, when given, is that of a flag; we keep one mod-sequence for all of them.
            if lexer.peek() == Some(b'"') {
                lexer.string()?;
                lexer.space()?;
                lexer.atom("priv, shared or all")?;
                lexer.space()?;
            }
            Key::ModSeq(lexer.number64()?)
        }
        "EMAILID" => Key::EmailId(lexer.astring_utf8()?.into_owned()),
        "THREADID" => Key::ThreadId(lexer.astring_utf8()?.into_owned()),
        _ => return Lexer::error_at(at, "a search key"),
    })
}

/// What is looked for, in lower case.
fn needle(lexer: &mut Lexer<'_>) -> Parse<String> {
    Ok(lexer.astring_utf8()?.to_lowercase())
}

/// `date`: `1-Feb-1994`, quoted or not, as days since 1970.
pub fn parse_date(lexer: &mut Lexer<'_>) -> Parse<i64> {
    let at = lexer.at();
    let quoted = lexer.eat(b'"');
    let day = lexer.number()?;
    lexer.expect(b'-', "`-`")?;
    let month_name = lexer.word(|byte| byte.is_ascii_alphabetic(), "a month")?;
    lexer.expect(b'-', "`-`")?;
    let year = lexer.number()?;
    if quoted {
        lexer.expect(b'"', "a closing quote")?;
    }
    match month(month_name) {
        Some(month) if (1..=31).contains(&day) && year <= 9999 => {
            Ok(days_from_civil(i64::from(year), month, i64::from(day)))
        }
        _ => Lexer::error_at(at, "a date like 1-Feb-1994"),
    }
}

/// Number of a month by its English abbreviation, from 1.
pub fn month(name: &str) -> Option<i64> {
    const NAMES: [&str; 12] = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
    let index = NAMES.iter().position(|month| month.eq_ignore_ascii_case(name))?;
    i64::try_from(index + 1).ok()
}

/// Days since 1970 of a day of the Gregorian calendar; a day past the end of its month runs on into the next.
pub fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = year - i64::from(month <= 2);
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_days_since_1970() {
        for (text, days) in [("1-Jan-1970", 0), ("\"1-feb-1994\"", 8797), ("29-Feb-2000", 11016), ("31-Dec-1969", -1)] {
            assert_eq!(parse_date(&mut Lexer::new(text.as_bytes())), Ok(days), "{text}");
        }
        for bad in ["0-Jan-1970", "1-Foo-1970", "32-Jan-1970", "1 Jan 1970", "\"1-Jan-1970"] {
            assert!(parse_date(&mut Lexer::new(bad.as_bytes())).is_err(), "{bad}");
        }
    }
}
