//! Rules as the pages show them: what a message must be like, and what is done with it.

use serde::{Deserialize, Serialize};

/// Rules of one person.
pub(crate) const RULES_MAX: usize = 100;
/// Conditions of a rule, and actions of one.
pub(crate) const ROWS_MAX: usize = 20;
/// Characters of a text in a rule.
pub(crate) const TEXT_CHARS_MAX: usize = 500;

/// A rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Rule {
    /// What the person calls it.
    pub(crate) name: String,
    pub(crate) enabled: bool,
    pub(crate) join: Join,
    pub(crate) conditions: Vec<Condition>,
    pub(crate) actions: Vec<Action>,
    /// Whether rules after it are passed over when it applies.
    pub(crate) stop: bool,
}

/// How conditions go together.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Join {
    #[default]
    All,
    Any,
    /// There are none: it is for every message.
    Every,
}

/// One condition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Condition {
    pub(crate) field: Field,
    /// Name of the header field, for [`Field::Header`].
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) header: String,
    pub(crate) is: Is,
    pub(crate) value: String,
}

/// What is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Field {
    From,
    /// To and Cc.
    To,
    Subject,
    /// List-Id.
    List,
    Header,
    Body,
    /// Kilobytes.
    Size,
}

/// How it is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Is {
    Contains,
    ContainsNot,
    Equals,
    EqualsNot,
    Begins,
    Ends,
    /// For sizes.
    Over,
    /// For sizes.
    Under,
}

/// What is done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "do", content = "with")]
pub(crate) enum Action {
    /// Into a folder.
    Move(String),
    /// Into a folder too.
    Copy(String),
    Read,
    Star,
    /// An IMAP keyword.
    Label(String),
    Redirect(String),
    /// Sent on, and kept.
    Forward(String),
    /// Refused with these words.
    Reject(String),
    Trash,
    Discard,
}

/// Every field with the name it has in forms and texts.
pub(crate) const FIELDS: [(&str, Field); 7] = [
    ("from", Field::From),
    ("to", Field::To),
    ("subject", Field::Subject),
    ("list", Field::List),
    ("header", Field::Header),
    ("body", Field::Body),
    ("size", Field::Size),
];

/// Every comparison likewise.
pub(crate) const COMPARISONS: [(&str, Is); 8] = [
    ("contains", Is::Contains),
    ("contains-not", Is::ContainsNot),
    ("equals", Is::Equals),
    ("equals-not", Is::EqualsNot),
    ("begins", Is::Begins),
    ("ends", Is::Ends),
    ("over", Is::Over),
    ("under", Is::Under),
];

/// Every action likewise.
pub(crate) const ACTIONS: [&str; 10] =
    ["move", "copy", "read", "star", "label", "redirect", "forward", "trash", "discard", "reject"];

/// Why a rule cannot be: the key of its text.
pub(crate) type Wrong = &'static str;

impl Field {
    pub(crate) fn read(word: &str) -> Option<Self> {
        FIELDS.iter().find(|(name, _)| *name == word).map(|(_, field)| *field)
    }
    pub(crate) fn word(self) -> &'static str {
        FIELDS.iter().find(|(_, field)| *field == self).map_or("", |(word, _)| word)
    }
}

impl Is {
    pub(crate) fn read(word: &str) -> Option<Self> {
        COMPARISONS.iter().find(|(name, _)| *name == word).map(|(_, is)| *is)
    }
    pub(crate) fn word(self) -> &'static str {
        COMPARISONS.iter().find(|(_, is)| *is == self).map_or("", |(word, _)| word)
    }
}

impl Condition {
    /// Checks what a form says.
    pub(crate) fn checked(field: Field, header: &str, is: Is, value: &str) -> Result<Self, Wrong> {
        let value = line(value);
        let header = header.trim();
        let plain = |byte: u8| byte.is_ascii_graphic() && byte != b':';
        if field == Field::Header && (header.is_empty() || header.len() > 100 || !header.bytes().all(plain)) {
            return Err("filter-wrong-header");
        }
        let for_sizes = matches!(is, Is::Over | Is::Under);
        if (field == Field::Size) != for_sizes {
            return Err("filter-wrong-comparison");
        }
        if for_sizes && value.parse::<u32>().is_err() {
            return Err("filter-wrong-size");
        }
        if value.is_empty() {
            return Err("filter-wrong-value");
        }
        if field == Field::Body && matches!(is, Is::Begins | Is::Ends | Is::Equals | Is::EqualsNot) {
            return Err("filter-wrong-body");
        }
        let header = if field == Field::Header { header.to_owned() } else { String::new() };
        Ok(Self { field, header, is, value })
    }
}

impl Action {
    /// Checks what a form says: the action by its word, its folder and its text.
    pub(crate) fn checked(word: &str, folder: &str, text: &str) -> Result<Self, Wrong> {
        let text = line(text);
        let folder = || if folder.is_empty() { Err("filter-wrong-folder") } else { Ok(folder.to_owned()) };
        let address = || match text.parse::<mail::address::Address>() {
            Ok(address) => Ok(address.to_string()),
            Err(_) => Err("filter-wrong-address"),
        };
        Ok(match word {
            "move" => Self::Move(folder()?),
            "copy" => Self::Copy(folder()?),
            "read" => Self::Read,
            "star" => Self::Star,
            "label" => {
                let plain = |byte: u8| byte.is_ascii_graphic() && !b"(){%*\"\\]".contains(&byte);
                if text.is_empty() || text.len() > 64 || !text.bytes().all(plain) {
                    return Err("filter-wrong-label");
                }
                Self::Label(text)
            }
            "redirect" => Self::Redirect(address()?),
            "forward" => Self::Forward(address()?),
            "reject" if text.is_empty() => return Err("filter-wrong-reason"),
            "reject" => Self::Reject(text),
            "trash" => Self::Trash,
            "discard" => Self::Discard,
            _ => return Err("filter-wrong-action"),
        })
    }

    pub(crate) fn word(&self) -> &'static str {
        match self {
            Self::Move(_) => "move",
            Self::Copy(_) => "copy",
            Self::Read => "read",
            Self::Star => "star",
            Self::Label(_) => "label",
            Self::Redirect(_) => "redirect",
            Self::Forward(_) => "forward",
            Self::Reject(_) => "reject",
            Self::Trash => "trash",
            Self::Discard => "discard",
        }
    }

    /// What it is done with: folder, label, address, words.
    pub(crate) fn with(&self) -> &str {
        match self {
            Self::Move(with)
            | Self::Copy(with)
            | Self::Label(with)
            | Self::Redirect(with)
            | Self::Forward(with)
            | Self::Reject(with) => with,
            Self::Read | Self::Star | Self::Trash | Self::Discard => "",
        }
    }

    /// Whether the message goes somewhere else than the Inbox by it.
    fn takes_away(&self) -> bool {
        matches!(self, Self::Move(_) | Self::Redirect(_) | Self::Trash | Self::Discard)
    }
}

impl Rule {
    /// Whether its parts go together.
    pub(crate) fn check(&self) -> Result<(), Wrong> {
        if self.name.is_empty() {
            return Err("filter-wrong-name");
        }
        if self.join != Join::Every && self.conditions.is_empty() {
            return Err("filter-wrong-no-condition");
        }
        if self.actions.is_empty() {
            return Err("filter-wrong-no-action");
        }
        let refuses = self.actions.iter().any(|action| matches!(action, Action::Reject(_)));
        if refuses && self.actions.len() > 1 {
            return Err("filter-wrong-reject-alone");
        }
        if self.actions.iter().filter(|action| action.takes_away()).count() > 1 {
            return Err("filter-wrong-twice");
        }
        Ok(())
    }
}

/// A text on one line, within its bound.
pub(crate) fn line(text: &str) -> String {
    let text: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(TEXT_CHARS_MAX).collect();
    text.trim().to_owned()
}
