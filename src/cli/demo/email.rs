//! One message of the demo, and how it is written down: headers, charsets, MIME parts.

use super::people::Person;
use base64::{Engine, engine::general_purpose::STANDARD};
use std::fmt::Write;

/// The charset and transfer encoding that the writer's program uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Charset {
    /// UTF-8, quoted-printable.
    #[default]
    Utf8,
    /// ISO-8859-1, quoted-printable.
    Latin1,
    /// windows-1251, base64.
    Windows1251,
    /// ISO-2022-JP, 7bit.
    Iso2022Jp,
}

/// A file that goes with a message.
#[derive(Debug, Clone)]
pub(crate) struct File {
    pub(crate) name: &'static str,
    pub(crate) media_type: &'static str,
    pub(crate) bytes: Vec<u8>,
    /// Shown within the HTML under this Content-ID instead of as an attachment.
    pub(crate) inline: Option<&'static str>,
}

/// A message.
#[derive(Debug, Clone)]
pub(crate) struct Email {
    pub(crate) from: Person,
    pub(crate) to: Vec<Person>,
    pub(crate) cc: Vec<Person>,
    pub(crate) subject: String,
    /// Milliseconds since 1970.
    pub(crate) at: i64,
    /// Message-ID without brackets.
    pub(crate) id: String,
    /// Message-IDs of the conversation so far, oldest first, without brackets.
    pub(crate) references: Vec<String>,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) text: String,
    pub(crate) html: Option<String>,
    pub(crate) charset: Charset,
    pub(crate) files: Vec<File>,
    /// An iCalendar text and its method.
    pub(crate) calendar: Option<(String, &'static str)>,
}

impl Email {
    pub(crate) fn new(
        from: Person,
        to: &[Person],
        subject: impl Into<String>,
        at: i64,
        text: impl Into<String>,
    ) -> Self {
        Self {
            from,
            to: to.to_vec(),
            cc: Vec::new(),
            subject: subject.into(),
            at,
            id: String::new(),
            references: Vec::new(),
            headers: Vec::new(),
            text: text.into(),
            html: None,
            charset: Charset::default(),
            files: Vec::new(),
            calendar: None,
        }
    }

    /// The message with CRLF line ends, as its writer's program sends it.
    pub(crate) fn render(&self) -> Vec<u8> {
        let mut out = String::new();
        let _ = write!(out, "Date: {}\r\n", mail::date::rfc5322(self.at));
        let _ = write!(out, "From: {}\r\n", self.mailbox(self.from));
        self.mailboxes(&mut out, "To", &self.to);
        self.mailboxes(&mut out, "Cc", &self.cc);
        let _ = write!(out, "Subject: {}\r\nMessage-ID: <{}>\r\n", self.words(&self.subject), self.id);
        if let Some(last) = self.references.last() {
            let all: Vec<String> = self.references.iter().map(|id| format!("<{id}>")).collect();
            let _ = write!(out, "In-Reply-To: <{last}>\r\nReferences: {}\r\n", all.join("\r\n "));
        }
        for (name, value) in &self.headers {
            let _ = write!(out, "{name}: {value}\r\n");
        }
        out.push_str("MIME-Version: 1.0\r\n");
        let mut bytes = out.into_bytes();
        bytes.extend(self.body());
        bytes
    }

    /// The root part with its headers: mixed(related(alternative(text, html, calendar), inline...), attachments...),
    /// each layer only where it holds more than one part.
    fn body(&self) -> Vec<u8> {
        let mut alternatives = vec![self.text_part("plain", &self.text)];
        alternatives.extend(self.html.as_deref().map(|html| self.text_part("html", html)));
        alternatives.extend(self.calendar.as_ref().map(|(text, method)| {
            let head = format!("Content-Type: text/calendar; charset=utf-8; method={method}\r\nContent-Transfer-Encoding: base64\r\n\r\n");
            [head.into_bytes(), base64_lines(text.as_bytes())].concat()
        }));
        let (inline, attached): (Vec<_>, Vec<_>) = self.files.iter().partition(|file| file.inline.is_some());
        let root = self.multipart("alternative", alternatives);
        let mut related = vec![root];
        related.extend(inline.into_iter().map(file_part));
        let root = self.multipart("related", related);
        let mut mixed = vec![root];
        mixed.extend(attached.into_iter().map(file_part));
        self.multipart("mixed", mixed)
    }

    fn multipart(&self, kind: &str, mut parts: Vec<Vec<u8>>) -> Vec<u8> {
        if parts.len() == 1 {
            return parts.remove(0);
        }
        let boundary = format!("={kind}={}=", self.id.split('@').next().unwrap_or("part"));
        let mut out = format!("Content-Type: multipart/{kind}; boundary=\"{boundary}\"\r\n\r\n").into_bytes();
        for part in parts {
            out.extend(format!("--{boundary}\r\n").into_bytes());
            out.extend(part);
            out.extend(b"\r\n");
        }
        out.extend(format!("--{boundary}--\r\n").into_bytes());
        out
    }

    fn text_part(&self, subtype: &str, text: &str) -> Vec<u8> {
        let text = format!("{}\r\n", text.trim_end().replace('\n', "\r\n"));
        let (name, encoding, body) = match self.charset {
            Charset::Utf8 if text.is_ascii() && text.lines().all(|line| line.len() < 900) => {
                ("utf-8", "7bit", text.into_bytes())
            }
            Charset::Utf8 => ("utf-8", "quoted-printable", quoted_printable(text.as_bytes())),
            Charset::Latin1 => {
                ("iso-8859-1", "quoted-printable", quoted_printable(&encoding_rs::WINDOWS_1252.encode(&text).0))
            }
            Charset::Windows1251 => {
                ("windows-1251", "base64", base64_lines(&encoding_rs::WINDOWS_1251.encode(&text).0))
            }
            Charset::Iso2022Jp => ("iso-2022-jp", "7bit", encoding_rs::ISO_2022_JP.encode(&text).0.into_owned()),
        };
        let head =
            format!("Content-Type: text/{subtype}; charset={name}\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n");
        [head.into_bytes(), body].concat()
    }

    fn mailboxes(&self, out: &mut String, header: &str, people: &[Person]) {
        if !people.is_empty() {
            let all: Vec<String> = people.iter().map(|&person| self.mailbox(person)).collect();
            let _ = write!(out, "{header}: {}\r\n", all.join(",\r\n "));
        }
    }

    fn mailbox(&self, person: Person) -> String {
        let name = if person.name.contains(['&', '.', ',']) {
            format!("\"{}\"", person.name)
        } else {
            self.words(person.name)
        };
        format!("{name} <{}>", person.address)
    }

    /// RFC 2047 encoded words in the message's charset, where the text is not ASCII.
    fn words(&self, text: &str) -> String {
        if text.is_ascii() {
            return text.to_owned();
        }
        // No encoded word may be longer than 75 characters, nor split a character: twelve of any kind always fit.
        let characters: Vec<char> = text.chars().collect();
        let word = |piece: &[char]| {
            let piece: String = piece.iter().collect();
            let (name, bytes) = match self.charset {
                Charset::Utf8 => ("utf-8", piece.into_bytes()),
                Charset::Latin1 => ("iso-8859-1", encoding_rs::WINDOWS_1252.encode(&piece).0.into_owned()),
                Charset::Windows1251 => ("windows-1251", encoding_rs::WINDOWS_1251.encode(&piece).0.into_owned()),
                Charset::Iso2022Jp => ("iso-2022-jp", encoding_rs::ISO_2022_JP.encode(&piece).0.into_owned()),
            };
            format!("=?{name}?B?{}?=", STANDARD.encode(bytes))
        };
        characters.chunks(12).map(word).collect::<Vec<_>>().join("\r\n ")
    }
}

fn file_part(file: &File) -> Vec<u8> {
    let disposition = if file.inline.is_some() { "inline" } else { "attachment" };
    let mut head = format!(
        "Content-Type: {}; name=\"{}\"\r\nContent-Disposition: {disposition}; filename=\"{}\"\r\nContent-Transfer-Encoding: base64\r\n",
        file.media_type, file.name, file.name
    );
    if let Some(id) = file.inline {
        let _ = write!(head, "Content-ID: <{id}>\r\n");
    }
    head.push_str("\r\n");
    [head.into_bytes(), base64_lines(&file.bytes)].concat()
}

fn base64_lines(bytes: &[u8]) -> Vec<u8> {
    let encoded = STANDARD.encode(bytes);
    encoded.as_bytes().chunks(76).flat_map(|line| [line, b"\r\n"].concat()).collect()
}

/// RFC 2045 section 6.7, of a text with CRLF line ends.
fn quoted_printable(bytes: &[u8]) -> Vec<u8> {
    let mut out = String::new();
    for (index, line) in bytes.split(|&byte| byte == b'\n').enumerate() {
        if index > 0 {
            out.push_str("\r\n");
        }
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let mut column = 0;
        for (at, &byte) in line.iter().enumerate() {
            let plain =
                matches!(byte, b'!'..=b'<' | b'>'..=b'~') || (matches!(byte, b' ' | b'\t') && at + 1 < line.len());
            let width = if plain { 1 } else { 3 };
            if column + width > 75 {
                out.push_str("=\r\n");
                column = 0;
            }
            if plain {
                out.push(char::from(byte));
            } else {
                let _ = write!(out, "={byte:02X}");
            }
            column += width;
        }
    }
    out.into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::demo::people::{ALICE, HELOISE, YUKI};

    fn summary(email: &Email) -> mail::summary::Summary {
        mail::summary::summarize(&email.render())
    }

    #[test]
    fn every_charset_reads_back_as_it_was_written() {
        for (charset, from, subject, text) in [
            (Charset::Utf8, ALICE, "Herbst 🍂 und Rosen", "Grüße 🌹\nsecond line"),
            (Charset::Latin1, HELOISE, "Été à la pépinière", "Voilà, c'est prêt = fini."),
            (Charset::Windows1251, ALICE, "Черенки яблони", "Привет, как дела?"),
            (Charset::Iso2022Jp, YUKI, "庭園の写真について", "こんにちは、お元気ですか。"),
        ] {
            let mut email = Email::new(from, &[ALICE], subject, 0, text);
            email.id = "one@example.test".into();
            email.charset = charset;
            let summary = summary(&email);
            assert_eq!(summary.envelope.subject.as_deref(), Some(subject), "{charset:?}");
            assert_eq!(summary.envelope.from[0].name.as_deref(), Some(from.name), "{charset:?}");
            assert!(summary.preview.starts_with(text.lines().next().unwrap()), "{charset:?}: {}", summary.preview);
        }
    }

    #[test]
    fn layers_of_mime_stand_only_where_they_are_needed() {
        let mut email = Email::new(ALICE, &[HELOISE], "Plan", 0, "See the plan.");
        email.id = "two@example.test".into();
        assert_eq!(summary(&email).structure.unwrap().media_type, "text");
        email.html = Some("<p>See the plan.</p>".into());
        email.files.push(File { name: "plan.png", media_type: "image/png", bytes: vec![1, 2, 3], inline: None });
        let root = summary(&email).structure.unwrap();
        assert_eq!((root.subtype.as_str(), root.children.len()), ("mixed", 2));
        assert_eq!(root.children[0].subtype, "alternative");
        assert!(summary(&email).has_attachment);
    }
}
