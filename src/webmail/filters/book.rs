//! A script of ours: rules and the vacation, written as Sieve and read back.
//!
//! What the pages show is kept in comments of the script, and the Sieve below each is made from it. Reading takes the comments
//! and writes the whole again: only a script that comes out the same to the byte is one of ours. Whatever somebody has
//! changed by hand is left to the raw editor.

use super::rule::{Action, Condition, Field, Is, Join, Rule};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeSet, fmt::Write as _};

/// Name of the script that the pages write.
pub(crate) const NAME: &str = "Gatepost";
const HEAD: &str = "# Written by Gatepost webmail. Lines that begin with #: are what its pages show.\r\n\
    # After a change by hand the pages show this script as text only.\r\n";

/// An automatic answer.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Vacation {
    pub(crate) enabled: bool,
    /// First day, `2026-12-24`; empty for at once.
    pub(crate) from: String,
    /// Last day; empty for until it is turned off.
    pub(crate) until: String,
    /// Empty for that of the message with words before it.
    pub(crate) subject: String,
    pub(crate) text: String,
    /// Days until the same sender is answered again.
    pub(crate) days: u8,
    /// Offset of the person's time zone, `+0100`.
    pub(crate) zone: String,
}

/// What a script of ours holds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Book {
    pub(crate) vacation: Option<Vacation>,
    pub(crate) rules: Vec<Rule>,
}

impl Book {
    /// Reads a script; `None` when it is not one that [`Book::write`] has written.
    pub(crate) fn read(text: &str) -> Option<Self> {
        let mut book = Self::default();
        for line in text.lines() {
            if let Some(json) = line.strip_prefix("#:vacation ") {
                book.vacation = Some(serde_json::from_str(json).ok()?);
            } else if let Some(json) = line.strip_prefix("#:rule ") {
                book.rules.push(serde_json::from_str(json).ok()?);
            }
        }
        (book.write() == text).then_some(book)
    }

    /// The script.
    pub(crate) fn write(&self) -> String {
        let mut needs = BTreeSet::new();
        let mut body = String::new();
        if let Some(vacation) = &self.vacation {
            let _ = write!(body, "\r\n#:vacation {}\r\n", json(vacation));
            if vacation.enabled {
                vacation.write(&mut needs, &mut body);
            }
        }
        for rule in &self.rules {
            let _ = write!(body, "\r\n#:rule {}\r\n", json(rule));
            if rule.enabled {
                rule.write(&mut needs, &mut body);
            }
        }
        let mut text = HEAD.to_owned();
        if !needs.is_empty() {
            let needs: Vec<_> = needs.iter().map(|name| format!("\"{name}\"")).collect();
            let _ = write!(text, "require [{}];\r\n", needs.join(", "));
        }
        text + &body
    }
}

/// On one line: JSON writes line ends within texts as escapes.
fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

type Needs = BTreeSet<&'static str>;

impl Vacation {
    fn write(&self, needs: &mut Needs, out: &mut String) {
        needs.insert("vacation");
        let mut tests = Vec::new();
        for (date, relation) in [(&self.from, "ge"), (&self.until, "le")] {
            if !date.is_empty() {
                needs.extend(["date", "relational"]);
                let zone = quoted(&self.zone);
                tests.push(format!("currentdate :zone {zone} :value \"{relation}\" \"date\" {}", quoted(date)));
            }
        }
        let mut command = format!("vacation :days {}", self.days.clamp(1, 30));
        if !self.subject.is_empty() {
            let _ = write!(command, " :subject {}", quoted(&self.subject));
        }
        let _ = write!(command, " {};\r\n", quoted(&self.text));
        match tests.len() {
            0 => out.push_str(&command),
            _ => {
                let _ = write!(out, "if allof({}) {{\r\n    {command}}}\r\n", tests.join(", "));
            }
        }
    }
}

impl Rule {
    fn write(&self, needs: &mut Needs, out: &mut String) {
        let tests: Vec<_> = self.conditions.iter().map(|condition| condition.write(needs)).collect();
        let join = match self.join {
            Join::Every => "true".to_owned(),
            Join::All => format!("allof({})", tests.join(", ")),
            Join::Any => format!("anyof({})", tests.join(", ")),
        };
        let _ = write!(out, "if {join} {{\r\n");
        // Flags come first: they are on every copy that is made after them.
        let (flags, rest): (Vec<&Action>, Vec<&Action>) =
            self.actions.iter().partition(|action| matches!(action, Action::Read | Action::Star | Action::Label(_)));
        for action in flags.into_iter().chain(rest) {
            let _ = write!(out, "    {};\r\n", action.write(needs));
        }
        if self.stop {
            out.push_str("    stop;\r\n");
        }
        out.push_str("}\r\n");
    }
}

impl Condition {
    fn write(&self, needs: &mut Needs) -> String {
        if self.field == Field::Size {
            let relation = if self.is == Is::Over { ":over" } else { ":under" };
            return format!("size {relation} {}K", self.value.parse::<u32>().unwrap_or_default());
        }
        let (not, kind, value) = match self.is {
            Is::ContainsNot => ("not ", ":contains", self.value.clone()),
            Is::Equals => ("", ":is", self.value.clone()),
            Is::EqualsNot => ("not ", ":is", self.value.clone()),
            Is::Begins => ("", ":matches", format!("{}*", glob(&self.value))),
            Is::Ends => ("", ":matches", format!("*{}", glob(&self.value))),
            Is::Contains | Is::Over | Is::Under => ("", ":contains", self.value.clone()),
        };
        let value = quoted(&value);
        let exact = matches!(self.is, Is::Equals | Is::EqualsNot) && self.value.contains('@');
        match self.field {
            Field::Body => {
                needs.insert("body");
                format!("{not}body :text {kind} {value}")
            }
            // An address is compared with the address alone; other words with the whole field.
            Field::From if exact => format!("{not}address {kind} \"from\" {value}"),
            Field::To if exact => format!("{not}address {kind} [\"to\", \"cc\"] {value}"),
            Field::From => format!("{not}header {kind} \"from\" {value}"),
            Field::To => format!("{not}header {kind} [\"to\", \"cc\"] {value}"),
            Field::Subject => format!("{not}header {kind} \"subject\" {value}"),
            Field::List => format!("{not}header {kind} \"list-id\" {value}"),
            Field::Header | Field::Size => format!("{not}header {kind} {} {value}", quoted(&self.header)),
        }
    }
}

impl Action {
    fn write(&self, needs: &mut Needs) -> String {
        let with = quoted(self.with());
        match self {
            Self::Move(_) => {
                needs.extend(["fileinto", "mailbox"]);
                format!("fileinto :create {with}")
            }
            Self::Copy(_) => {
                needs.extend(["fileinto", "mailbox", "copy"]);
                format!("fileinto :copy :create {with}")
            }
            Self::Read => {
                needs.insert("imap4flags");
                r#"addflag "\\Seen""#.to_owned()
            }
            Self::Star => {
                needs.insert("imap4flags");
                r#"addflag "\\Flagged""#.to_owned()
            }
            Self::Label(_) => {
                needs.insert("imap4flags");
                format!("addflag {with}")
            }
            Self::Redirect(_) => format!("redirect {with}"),
            Self::Forward(_) => {
                needs.insert("copy");
                format!("redirect :copy {with}")
            }
            Self::Reject(_) => {
                needs.insert("reject");
                format!("reject {with}")
            }
            Self::Trash => {
                needs.extend(["fileinto", "special-use"]);
                r#"fileinto :specialuse "\\Trash" "Trash""#.to_owned()
            }
            Self::Discard => "discard".to_owned(),
        }
    }
}

/// A quoted string (RFC 5228 section 2.4.2). Lines end in CRLF.
fn quoted(text: &str) -> String {
    let text = text.replace("\r\n", "\n").replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\r\n");
    format!("\"{text}\"")
}

/// A text in a pattern of `:matches` as itself.
fn glob(text: &str) -> String {
    text.chars().fold(String::new(), |mut out, c| {
        if matches!(c, '*' | '?' | '\\') {
            out.push('\\');
        }
        out.push(c);
        out
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn book() -> Book {
        let condition = |field, is, value: &str| Condition { field, header: String::new(), is, value: value.into() };
        let rule = Rule {
            name: "Rust \u{2014} \"lists\"".into(),
            enabled: true,
            join: Join::Any,
            conditions: vec![
                condition(Field::List, Is::Contains, "rust-lang"),
                condition(Field::Subject, Is::Begins, "[a*b] \"x\\"),
                condition(Field::Size, Is::Over, "500"),
            ],
            actions: vec![Action::Move("Lists/Rust".into()), Action::Read],
            stop: true,
        };
        let vacation = Vacation {
            enabled: true,
            from: "2026-12-24".into(),
            until: "2027-01-06".into(),
            subject: "Away".into(),
            text: "Hello,\n\"back\" soon.\n".into(),
            days: 7,
            zone: "+0100".into(),
        };
        Book { vacation: Some(vacation), rules: vec![rule.clone(), Rule { enabled: false, ..rule }] }
    }

    #[test]
    fn what_is_written_is_read_back() {
        assert_eq!(Book::read(&book().write()), Some(book()));
        assert_eq!(Book::read(&Book::default().write()), Some(Book::default()));
    }

    #[test]
    fn what_somebody_changed_is_not_ours() {
        let text = book().write();
        for changed in [
            text.replace("stop;", "keep;"),
            text.replace("    fileinto", "   fileinto"),
            format!("{text}# mine\r\n"),
            "keep;\r\n".to_owned(),
            String::new(),
            text.replace("\"name\":", "\"nam\":"),
        ] {
            assert_eq!(Book::read(&changed), None, "{changed}");
        }
    }

    #[test]
    fn the_sieve_is_what_the_rule_says() {
        let text = book().write();
        for line in [
            "require [\"date\", \"fileinto\", \"imap4flags\", \"mailbox\", \"relational\", \"vacation\"];",
            "if anyof(header :contains \"list-id\" \"rust-lang\", header :matches \"subject\" \"[a\\\\*b] \\\"x\\\\\\\\*\", size :over 500K) {",
            "    addflag \"\\\\Seen\";\r\n    fileinto :create \"Lists/Rust\";\r\n    stop;\r\n}",
            "    vacation :days 7 :subject \"Away\" \"Hello,\r\n\\\"back\\\" soon.\r\n\";",
        ] {
            assert!(text.contains(line), "{line} is not in {text}");
        }
    }
}
