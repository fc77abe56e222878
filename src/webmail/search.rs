//! What people type into the search box, as keys of IMAP SEARCH (RFC 3501 section 6.4.4): for one folder exactly, for all
//! folders by the server's index (RFC 6203).

use crate::{
    folders::{Folders, Role},
    imap::Command,
};

/// Characters of a query that are looked at.
pub(crate) const QUERY_CHARS_MAX: usize = 500;
/// Words and conditions of a query that are looked at.
const TERMS_MAX: usize = 30;

const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// One condition.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Key {
    /// Words of IMAP as they are, such as `UNSEEN`.
    Plain(String),
    /// Words of IMAP and a text to look for, which stood in quotation marks or did not.
    Text(&'static str, String, bool),
    /// Attachments.
    Attachment,
    /// A folder.
    In(String),
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Term {
    key: Key,
    not: bool,
}

/// A query that has been read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Query(Vec<Term>);

/// The folders that a query is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Scope {
    /// All.
    All,
    /// These mailboxes.
    Some(Vec<String>),
    /// One of a name that there is not.
    Unknown(String),
}

impl Query {
    /// Reads `from:bob "two words" -is:read after:2026-01-31`. What is no known condition is looked for as text. `None` when
    /// there is nothing to look for.
    pub(crate) fn read(text: &str) -> Option<Self> {
        let text: String = text.chars().filter(|c| !c.is_control()).take(QUERY_CHARS_MAX).collect();
        let terms: Vec<Term> = words(&text).into_iter().filter_map(|w| term(&w)).take(TERMS_MAX).collect();
        (!terms.is_empty()).then_some(Self(terms))
    }

    /// The command; `extended` when the server knows ESEARCH.
    pub(crate) fn command(&self, extended: bool) -> Command {
        let mut command = Command::new(if extended { "UID SEARCH RETURN (ALL)" } else { "UID SEARCH" });
        if !self.is_ascii() {
            command = command.word("CHARSET UTF-8");
        }
        let mut is_all = true;
        for term in &self.0 {
            let negated = if term.not { command.clone().word("NOT") } else { command.clone() };
            command = match &term.key {
                Key::Plain(words) => negated.word(words),
                Key::Text(words, text, _) => negated.word(words).string(text),
                // IMAP has no key for attachments; this is how nearly all messages with one are made.
                Key::Attachment => negated.word("HEADER Content-Type").string("multipart/mixed"),
                // The folder is chosen already.
                Key::In(_) => continue,
            };
            is_all = false;
        }
        if is_all { command.word("ALL") } else { command }
    }

    /// The command over several folders, which answers with the messages from `first` to `last` of all that are found, the
    /// newest first (RFC 7377, and an extension of the server).
    pub(crate) fn command_over(&self, scope: &Scope, first: u64, last: u64) -> Command {
        let mut command = match scope {
            Scope::Some(names) => names
                .iter()
                .fold(Command::new("ESEARCH IN (mailboxes ("), |command, name| command.mailbox_in_list(name))
                .glue("))"),
            _ => Command::new("ESEARCH IN (personal)"),
        };
        command = command.word(&format!("RETURN (X-GATEPOST-NEWEST {first}:{last})"));
        if !self.is_ascii() {
            command = command.word("CHARSET UTF-8");
        }
        let mut is_all = true;
        for term in &self.0 {
            let negated = if term.not { command.clone().word("NOT") } else { command.clone() };
            command = match &term.key {
                Key::Plain(words) => negated.word(words),
                Key::Text(words, text, true) => negated.word("FUZZY").word(words).string(&format!("\"{text}\"")),
                Key::Text(words, text, false) => negated.word("FUZZY").word(words).string(text),
                Key::Attachment => negated.word("FUZZY KEYWORD $HasAttachment"),
                Key::In(_) => continue,
            };
            is_all = false;
        }
        if is_all { command.word("ALL") } else { command }
    }

    fn is_ascii(&self) -> bool {
        !self.0.iter().any(|term| matches!(&term.key, Key::Text(_, text, _) if !text.is_ascii()))
    }

    /// The folders it is about.
    pub(crate) fn scope(&self, folders: &Folders) -> Scope {
        let named = self.0.iter().filter_map(|term| match &term.key {
            Key::In(name) => Some((name, term.not)),
            _ => None,
        });
        let (mut within, mut without) = (Vec::new(), Vec::new());
        for (name, not) in named {
            if EVERYWHERE.contains(&name.to_lowercase().as_str()) {
                continue;
            }
            match folder(folders, name) {
                Some(mailbox) if not => without.push(mailbox),
                Some(mailbox) => within.push(mailbox),
                None => return Scope::Unknown(name.clone()),
            }
        }
        if within.is_empty() && without.is_empty() {
            return Scope::All;
        }
        if within.is_empty() {
            within = folders.iter().filter(|folder| folder.selectable).map(|folder| folder.name.clone()).collect();
        }
        within.retain(|mailbox| !without.contains(mailbox));
        if within.is_empty() { Scope::Unknown(String::new()) } else { Scope::Some(within) }
    }

    /// The texts that are looked for.
    pub(crate) fn words(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter(|term| !term.not).filter_map(|term| match &term.key {
            Key::Text(_, text, _) => Some(text.as_str()),
            _ => None,
        })
    }
}

/// What people call all folders together.
const EVERYWHERE: [&str; 5] = ["anywhere", "all", "everywhere", "überall", "alle"];

/// The mailbox of a name as people write it: its own, or what all call it.
fn folder(folders: &Folders, name: &str) -> Option<String> {
    let wanted = name.to_lowercase();
    let role = match wanted.as_str() {
        "inbox" | "posteingang" => Some(Role::Inbox),
        "sent" | "gesendet" => Some(Role::Sent),
        "drafts" | "draft" | "entwürfe" | "entwurf" => Some(Role::Drafts),
        "archive" | "archiv" => Some(Role::Archive),
        "junk" | "spam" => Some(Role::Junk),
        "trash" | "bin" | "papierkorb" => Some(Role::Trash),
        _ => None,
    };
    let of_role = role.and_then(|role| folders.of_role(role)).map(str::to_owned);
    of_role.or_else(|| {
        let mut selectable = folders.iter().filter(|folder| folder.selectable);
        let by_end = |full: &str| full.rsplit('/').next() == Some(wanted.as_str());
        let found = selectable.clone().find(|folder| folder.name.to_lowercase() == wanted);
        found
            .or_else(|| selectable.find(|folder| by_end(&folder.name.to_lowercase())))
            .map(|folder| folder.name.clone())
    })
}

/// Splits at blanks outside of quotation marks, which go.
fn words(text: &str) -> Vec<Word> {
    let mut words = Vec::new();
    let mut word = Word::default();
    let mut quoted = false;
    for c in text.chars() {
        match c {
            '"' => {
                quoted = !quoted;
                word.quote_at.get_or_insert(word.text.len());
            }
            c if c.is_whitespace() && !quoted => words.push(std::mem::take(&mut word)),
            c => word.text.push(c),
        }
    }
    words.push(word);
    words.retain(|w| !w.text.is_empty());
    words
}

#[derive(Debug, Default)]
struct Word {
    text: String,
    /// Where the first quotation mark stood: what begins with one is text, whatever it looks like.
    quote_at: Option<usize>,
}

fn term(word: &Word) -> Option<Term> {
    let (not, text) = match word.text.strip_prefix('-') {
        Some(rest) if word.quote_at != Some(0) && !rest.is_empty() => (true, rest),
        _ => (false, word.text.as_str()),
    };
    let condition = (word.quote_at != Some(0)).then(|| text.split_once(':')).flatten();
    let is_quoted = word.quote_at.is_some();
    let key = condition.and_then(|(name, value)| condition_key(&name.to_lowercase(), value, is_quoted));
    let key = key.or_else(|| (!text.trim().is_empty()).then(|| Key::Text("TEXT", text.to_owned(), is_quoted)))?;
    Some(Term { key, not })
}

/// The key of `name:value`; German names are known too.
fn condition_key(name: &str, value: &str, is_quoted: bool) -> Option<Key> {
    if value.is_empty() {
        return None;
    }
    let text = |words: &'static str| Some(Key::Text(words, value.to_owned(), is_quoted));
    match name {
        "from" | "von" => text("FROM"),
        "to" | "an" => text("TO"),
        "cc" => text("CC"),
        "bcc" => text("BCC"),
        "subject" | "betreff" => text("SUBJECT"),
        "body" => text("BODY"),
        "is" | "ist" => state(&value.to_lowercase()),
        "has" | "hat" => match value.to_lowercase().as_str() {
            "attachment" | "attachments" | "anhang" | "anhänge" => Some(Key::Attachment),
            _ => None,
        },
        "in" => Some(Key::In(value.to_owned())),
        "before" | "vor" => Some(Key::Plain(format!("BEFORE {}", day(value)?))),
        "after" | "since" | "nach" | "seit" => Some(Key::Plain(format!("SINCE {}", day(value)?))),
        "larger" | "größer" | "groesser" => Some(Key::Plain(format!("LARGER {}", bytes(value)?))),
        "smaller" | "kleiner" => Some(Key::Plain(format!("SMALLER {}", bytes(value)?))),
        _ => None,
    }
}

fn state(value: &str) -> Option<Key> {
    let key = match value {
        "unread" | "ungelesen" => "UNSEEN",
        "read" | "gelesen" => "SEEN",
        "starred" | "flagged" | "markiert" => "FLAGGED",
        "answered" | "beantwortet" => "ANSWERED",
        "draft" | "entwurf" => "DRAFT",
        _ => return None,
    };
    Some(Key::Plain(key.to_owned()))
}

/// `2026-01-31` or `31.1.2026` as IMAP writes it: `31-Jan-2026`.
fn day(value: &str) -> Option<String> {
    let number = |text: &str| text.parse::<i16>().ok();
    let parts: Vec<&str> = value.split(['-', '.', '/']).collect();
    let (year, month, day) = match parts.as_slice() {
        [year, month, day] if value.contains('.') && year.len() <= 2 => (number(day)?, number(month)?, number(year)?),
        [year, month, day] => (number(year)?, number(month)?, number(day)?),
        [year, month] => (number(year)?, number(month)?, 1),
        [year] if year.len() == 4 => (number(year)?, 1, 1),
        _ => return None,
    };
    let date = jiff::civil::Date::new(year, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()?;
    let month = MONTHS[usize::from(date.month().unsigned_abs()) - 1];
    (year >= 1).then(|| format!("{}-{month}-{year:04}", date.day()))
}

/// `5M`, `300k`, `1000`.
fn bytes(value: &str) -> Option<u32> {
    let lower = value.to_lowercase();
    let lower = lower.trim_end_matches('b');
    let (digits, unit) = match lower.strip_suffix('k') {
        Some(digits) => (digits, 1024),
        None => lower.strip_suffix('m').map_or((lower, 1), |digits| (digits, 1024 * 1024)),
    };
    digits.parse::<u32>().ok()?.checked_mul(unit)
}

#[cfg(test)]
mod tests {
    use super::{Query, Scope};

    fn sent(text: &str) -> String {
        Query::read(text).map(|q| format!("{:?}", q.command(false))).unwrap_or_default()
    }

    #[test]
    fn conditions_become_keys() {
        let all = sent(r#"from:bob subject:"two words" -is:read has:attachment before:2026-01-31 after:1.2.2025 rest"#);
        for key in [
            r#"FROM \"bob\""#,
            r#"SUBJECT \"two words\""#,
            "NOT SEEN",
            r#"HEADER Content-Type \"multipart/mixed\""#,
            "BEFORE 31-Jan-2026",
            "SINCE 1-Feb-2025",
            r#"TEXT \"rest\""#,
        ] {
            assert!(all.contains(key), "{key} in {all}");
        }
    }

    fn sent_over(text: &str) -> String {
        Query::read(text).map(|q| format!("{:?}", q.command_over(&Scope::All, 1, 50))).unwrap_or_default()
    }

    #[test]
    fn over_all_folders_texts_are_fuzzy() {
        let all = sent_over(r#"from:bob -"two words" has:attachment larger:2k in:archive"#);
        for key in [
            "ESEARCH IN (personal) RETURN (X-GATEPOST-NEWEST 1:50)",
            r#"FUZZY FROM \"bob\""#,
            r#"NOT FUZZY TEXT \"\\\"two words\\\"\""#,
            "FUZZY KEYWORD $HasAttachment",
            "LARGER 2048",
        ] {
            assert!(all.contains(key), "{key} in {all}");
        }
        let named = Query::read("x").unwrap().command_over(&Scope::Some(vec!["A b".into(), "Ü".into()]), 51, 100);
        let named = format!("{named:?}");
        assert!(named.contains(r#"IN (mailboxes (\"A b\" \"&ANw-\")) RETURN"#), "{named}");
        assert!(sent("in:archive").contains("ALL"));
    }

    #[test]
    fn anything_else_is_text() {
        assert!(sent("before:soon").contains(r#"TEXT \"before:soon\""#));
        assert!(sent("\"from:bob\"").contains(r#"TEXT \"from:bob\""#));
        assert!(sent("grüße").contains("CHARSET UTF-8"));
        assert_eq!(sent("  \r\n \"\" "), "");
        assert!(!sent("a\r\nb LOGOUT").contains('\r'));
    }

    proptest::proptest! {
        #[test]
        fn any_text_does_no_harm(text in "\\PC{0,80}") {
            let _ = (sent(&text), sent_over(&text));
        }
    }
}
