//! Recipients as a person types them: names and addresses between commas, semicolons or line ends.

use mail::address::Address;

/// Characters kept of a display name.
const NAME_CHARS_MAX: usize = 200;

/// Someone mail goes to or came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Person {
    /// Display name on one line; may be empty.
    pub(crate) name: String,
    /// Where mail reaches them.
    pub(crate) address: Address,
}

impl Person {
    /// A person; the name is cut and put on one line.
    pub(crate) fn new(name: &str, address: Address) -> Self {
        let name: String = super::draft::one_line(name).chars().take(NAME_CHARS_MAX).collect();
        let name = name.trim().to_owned();
        // A name that only repeats the address says nothing.
        let name = if name.eq_ignore_ascii_case(&address.to_string()) { String::new() } else { name };
        Self { name, address }
    }

    /// As it is typed: [`parse`] reads it back.
    pub(crate) fn typed(&self) -> String {
        if self.name.is_empty() {
            return self.address.to_string();
        }
        if self.name.contains(['"', ',', ';', '<', '>', '(', ')', '@', ':', '\\']) {
            return format!("\"{}\" <{}>", self.name.replace('\\', "\\\\").replace('"', "\\\""), self.address);
        }
        format!("{} <{}>", self.name, self.address)
    }
}

/// What a field of recipients says.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Recipients {
    /// Those that can be read, in order.
    pub(crate) people: Vec<Person>,
    /// What is no address, as typed.
    pub(crate) faults: Vec<String>,
}

/// Reads a field.
pub(crate) fn parse(typed: &str) -> Recipients {
    let mut recipients = Recipients::default();
    for entry in entries(typed) {
        match person(&entry) {
            Some(person) => recipients.people.push(person),
            None => recipients.faults.push(entry),
        }
    }
    recipients
}

/// People as they are typed, with a comma and a blank between.
pub(crate) fn typed(people: &[Person]) -> String {
    people.iter().map(Person::typed).collect::<Vec<_>>().join(", ")
}

/// Cuts at separators outside of quotes and angle brackets. A quote that is never closed is an ordinary character.
fn entries(typed: &str) -> Vec<String> {
    let mut entries = Vec::new();
    let mut entry = String::new();
    let mut chars = typed.char_indices().peekable();
    let (mut is_quoted, mut is_angle) = (false, false);
    while let Some((at, c)) = chars.next() {
        let rest = &typed[at + c.len_utf8()..];
        match c {
            '\\' if is_quoted => {
                entry.push(c);
                entry.extend(chars.next().map(|(_, c)| c));
                continue;
            }
            '"' if is_quoted => is_quoted = false,
            '"' if closes(rest) => is_quoted = true,
            '<' if !is_quoted && rest.contains('>') => is_angle = true,
            '>' if !is_quoted => is_angle = false,
            ',' | ';' | '\n' | '\r' if !is_quoted && !is_angle => {
                entries.push(std::mem::take(&mut entry));
                continue;
            }
            _ => {}
        }
        entry.push(c);
    }
    entries.push(entry);
    entries.iter().map(|entry| entry.trim()).filter(|entry| !entry.is_empty()).map(str::to_owned).collect()
}

/// Whether a quote that was opened before `rest` is closed in it.
fn closes(rest: &str) -> bool {
    let mut chars = rest.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => _ = chars.next(),
            '"' => return true,
            '\n' | '\r' => return false,
            _ => {}
        }
    }
    false
}

/// `Name <local@domain>`, `"Name" <local@domain>`, `<local@domain>` or `local@domain`.
fn person(entry: &str) -> Option<Person> {
    let Some(inner) = entry.strip_suffix('>') else {
        return Some(Person::new("", entry.strip_prefix("mailto:").unwrap_or(entry).parse().ok()?));
    };
    let (name, address) = inner.rsplit_once('<')?;
    Some(Person::new(&unquoted(name.trim()), address.trim().parse().ok()?))
}

fn unquoted(name: &str) -> String {
    let Some(inner) = name.strip_prefix('"').and_then(|n| n.strip_suffix('"')) else { return name.to_owned() };
    let mut text = String::with_capacity(inner.len());
    let mut chars = inner.chars();
    while let Some(c) = chars.next() {
        text.extend(if c == '\\' { chars.next() } else { Some(c) });
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{Person, parse, typed};
    use proptest::prelude::*;

    fn shown(text: &str) -> (String, Vec<String>) {
        let recipients = parse(text);
        (typed(&recipients.people), recipients.faults)
    }

    #[test]
    fn what_people_type_is_read() {
        for (text, wanted) in [
            ("bob@example.test", "bob@example.test"),
            ("Bob <bob@example.test>; ann@example.test,", "Bob <bob@example.test>, ann@example.test"),
            ("\"Doe, Jane\" <jane@example.test>, <x@y.test>", "\"Doe, Jane\" <jane@example.test>, x@y.test"),
            ("Jörg <joerg@müller.test>\nb@c.test", "Jörg <joerg@müller.test>, b@c.test"),
            ("bob@example.test <BOB@example.test>", "BOB@example.test"),
            ("6\" nails <nails@example.test>, b@c.test", "\"6\\\" nails\" <nails@example.test>, b@c.test"),
        ] {
            assert_eq!(shown(text), (wanted.to_owned(), vec![]), "{text}");
        }
    }

    #[test]
    fn what_is_no_address_is_named() {
        assert_eq!(shown("bob, a@b.test, x@"), ("a@b.test".into(), vec!["bob".into(), "x@".into()]));
        assert_eq!(shown("Bob <bob>"), (String::new(), vec!["Bob <bob>".into()]));
        assert_eq!(shown(" , ;\n"), (String::new(), vec![]));
    }

    proptest! {
        #[test]
        fn typed_people_are_read_back(names in prop::collection::vec("\\PC{0,30}", 1..5)) {
            let address = |i: usize| format!("p{i}@example.test").parse().unwrap();
            let people: Vec<Person> = names.iter().enumerate().map(|(i, n)| Person::new(n, address(i))).collect();
            let read = parse(&typed(&people));
            prop_assert_eq!(read.faults, Vec::<String>::new());
            prop_assert_eq!(read.people, people);
        }

        #[test]
        fn any_text_does_no_harm(text in ".{0,200}") {
            let _ = parse(&text);
        }
    }
}
