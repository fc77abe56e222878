//! BODYSTRUCTURE as a tree (RFC 3501 section 7.4.2), and which of its parts are text, embedded images and attachments.

use crate::{envelope::decoded, imap::Value};
use mail::summary;

/// Levels of parts that are looked at; deeper ones are left out.
const DEPTH_MAX: usize = 20;
/// Parts that are looked at in all.
const PARTS_MAX: usize = 500;

/// A part of a message.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Part {
    /// Its number as in `BODY[2.1]`.
    pub(crate) section: String,
    /// Type and subtype in lower case, such as `text/plain`.
    pub(crate) media_type: String,
    /// Parameters of the type, names in lower case.
    pub(crate) parameters: Vec<(String, String)>,
    /// Content-ID without brackets; may be empty.
    pub(crate) id: String,
    /// Content-Transfer-Encoding in lower case.
    pub(crate) encoding: String,
    /// Bytes, still encoded.
    pub(crate) size: u64,
    /// Content-Disposition in lower case; may be empty.
    pub(crate) disposition: String,
    /// Name for saving; may be empty.
    pub(crate) name: String,
    /// Parts of a multipart.
    pub(crate) children: Vec<Part>,
}

impl Part {
    /// Reads a BODYSTRUCTURE.
    pub(crate) fn read(value: &Value) -> Option<Self> {
        let mut left = PARTS_MAX;
        read(value, "", 0, &mut left)
    }

    /// Whether browsers show it as a picture and it cannot run anything.
    pub(crate) fn is_image(&self) -> bool {
        matches!(self.media_type.as_str(), "image/png" | "image/jpeg" | "image/gif" | "image/webp")
    }

    /// Bytes when decoded, as well as can be known before.
    pub(crate) fn decoded_size(&self) -> u64 {
        if self.encoding == "base64" { self.size / 78 * 57 + self.size % 78 * 3 / 4 } else { self.size }
    }

    /// This part and all below it.
    pub(crate) fn walk<'a>(&'a self, visit: &mut dyn FnMut(&'a Part)) {
        visit(self);
        self.children.iter().for_each(|child| child.walk(visit));
    }

    /// The part with that number.
    pub(crate) fn find(&self, section: &str) -> Option<&Part> {
        let mut found = None;
        self.walk(&mut |part| {
            if part.section == section && found.is_none() {
                found = Some(part);
            }
        });
        found
    }

    /// Transfer encoding and charset undone: `bytes` is what `BODY[section]` gave.
    pub(crate) fn text(&self, bytes: &[u8]) -> (summary::Part, String) {
        let (message, part) = self.alone(bytes);
        let text = mail::text::decode_text(&part, message);
        (part, text)
    }

    /// Transfer encoding undone.
    pub(crate) fn decode(&self, bytes: &[u8]) -> Vec<u8> {
        let (message, part) = self.alone(bytes);
        mail::text::decode(&part, message)
    }

    /// The part as a message by itself, for the decoders of [`mail`].
    fn alone<'a>(&self, bytes: &'a [u8]) -> (&'a [u8], summary::Part) {
        let (media_type, subtype) = self.media_type.split_once('/').unwrap_or(("application", "octet-stream"));
        let part = summary::Part {
            body_end: u32::try_from(bytes.len()).unwrap_or(u32::MAX),
            media_type: media_type.to_owned(),
            subtype: subtype.to_owned(),
            parameters: self.parameters.clone(),
            encoding: self.encoding.clone(),
            ..summary::Part::default()
        };
        (bytes, part)
    }
}

fn read(value: &Value, section: &str, depth: usize, left: &mut usize) -> Option<Part> {
    let values = value.list();
    if depth > DEPTH_MAX || *left == 0 || values.is_empty() {
        return None;
    }
    *left -= 1;
    if matches!(values[0], Value::List(_)) { multipart(values, section, depth, left) } else { single(values, section) }
}

fn multipart(values: &[Value], section: &str, depth: usize, left: &mut usize) -> Option<Part> {
    let count = values.iter().take_while(|v| matches!(v, Value::List(_))).count();
    let number = |index: usize| match section {
        "" => format!("{}", index + 1),
        _ => format!("{section}.{}", index + 1),
    };
    let children =
        values[..count].iter().enumerate().filter_map(|(i, v)| read(v, &number(i), depth + 1, left)).collect();
    Some(Part {
        section: section.to_owned(),
        media_type: format!("multipart/{}", lower(values.get(count)?)),
        parameters: parameters(values.get(count + 1)),
        children,
        ..Part::default()
    })
}

fn single(values: &[Value], section: &str) -> Option<Part> {
    let [kind, subtype, parameter_list, id, _, encoding, size, rest @ ..] = values else { return None };
    let media_type = format!("{}/{}", lower(kind), lower(subtype));
    // Before the extension data stand lines (text), or envelope, structure and lines (messages).
    let extension = match media_type.as_str() {
        "message/rfc822" | "message/global" => rest.get(3..),
        text if text.starts_with("text/") => rest.get(1..),
        _ => Some(rest),
    };
    let disposition = extension.and_then(|e| e.get(1)).map(Value::list).unwrap_or_default();
    let parameters_of_type = parameters(Some(parameter_list));
    let parameters_of_disposition = parameters(disposition.get(1));
    let named = |list: &[(String, String)], name: &str| list.iter().find(|(n, _)| n == name).map(|(_, v)| v.clone());
    let name = named(&parameters_of_disposition, "filename").or_else(|| named(&parameters_of_type, "name"));
    Some(Part {
        // A message that is not multipart has its one part as number 1.
        section: if section.is_empty() { "1".to_owned() } else { section.to_owned() },
        media_type,
        id: id.text().map(|id| id.trim_matches(['<', '>', ' ']).to_owned()).unwrap_or_default(),
        encoding: lower(encoding),
        size: size.number().unwrap_or_default(),
        disposition: disposition.first().map(lower).unwrap_or_default(),
        name: name.map(|name| base_name(&name)).unwrap_or_default(),
        parameters: parameters_of_type,
        children: Vec::new(),
    })
}

fn lower(value: &Value) -> String {
    value.text().unwrap_or_default().to_ascii_lowercase()
}

/// The last step of a path, without what file systems or people would stumble over.
fn base_name(name: &str) -> String {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    last.chars().filter(|c| !c.is_control()).take(200).collect::<String>().trim().to_owned()
}

/// Pairs of name and value; extended values (RFC 2231) and encoded words are decoded.
fn parameters(value: Option<&Value>) -> Vec<(String, String)> {
    let pairs = value.map(Value::list).unwrap_or_default().chunks_exact(2);
    pairs
        .map(|pair| {
            let name = lower(&pair[0]);
            match name.strip_suffix('*') {
                Some(plain) => (plain.to_owned(), extended(&pair[1].text().unwrap_or_default())),
                None => (name, decoded(&pair[1]).unwrap_or_default()),
            }
        })
        .collect()
}

/// `utf-8''%C3%9C` (RFC 2231 section 4). Other charsets are read as UTF-8 where they are.
fn extended(value: &str) -> String {
    let text = value.splitn(3, '\'').nth(2).unwrap_or(value);
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        let hex = after.get(..2).and_then(|h| std::str::from_utf8(h).ok());
        match hex.and_then(|h| u8::from_str_radix(h, 16).ok()).filter(|_| first == b'%') {
            Some(byte) => {
                bytes.push(byte);
                rest = &after[2..];
            }
            None => {
                bytes.push(first);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// What of a message is shown how.
#[derive(Debug, Default)]
pub(crate) struct Contents<'a> {
    /// The texts in the order they are read in; of alternatives the HTML.
    pub(crate) rich: Vec<&'a Part>,
    /// The same with the plain text of alternatives.
    pub(crate) plain: Vec<&'a Part>,
    /// What is offered for saving.
    pub(crate) attachments: Vec<&'a Part>,
}

impl<'a> Contents<'a> {
    /// Sorts the parts.
    pub(crate) fn of(root: &'a Part) -> Self {
        let mut contents = Self::default();
        contents.add(root, false);
        // Invitations have the same calendar twice: for programs, and as a file for people.
        if contents.attachments.iter().any(|p| p.name.ends_with(".ics")) {
            contents.attachments.retain(|p| p.media_type != "text/calendar" || !p.name.is_empty());
        }
        contents
    }

    /// Whether there is HTML to show.
    pub(crate) fn has_html(&self) -> bool {
        self.rich.iter().any(|p| p.media_type == "text/html")
    }

    /// Whether all that is to read is there as plain text too.
    pub(crate) fn has_plain(&self) -> bool {
        !self.plain.is_empty() && self.plain.iter().all(|p| p.media_type != "text/html")
    }

    fn add(&mut self, part: &'a Part, in_related: bool) {
        match part.media_type.as_str() {
            "multipart/alternative" if !part.children.is_empty() => self.add_alternatives(part, in_related),
            "multipart/related" => part.children.iter().for_each(|child| self.add(child, true)),
            kind if kind.starts_with("multipart/") => {
                part.children.iter().for_each(|child| self.add(child, in_related));
            }
            "text/plain" | "text/html" if part.disposition != "attachment" && part.name.is_empty() => {
                self.rich.push(part);
                self.plain.push(part);
            }
            // An image that the HTML shows is not offered again.
            _ if in_related && part.is_image() && !part.id.is_empty() && part.disposition != "attachment" => {}
            // Signatures can be checked by machines only.
            "application/pgp-signature" | "application/pkcs7-signature" | "application/x-pkcs7-signature" => {}
            _ => self.attachments.push(part),
        }
    }

    /// Rich text is the last alternative that can be shown (RFC 2046 section 5.1.4), plain text the first that is plain.
    fn add_alternatives(&mut self, part: &'a Part, in_related: bool) {
        let sorted: Vec<Self> = part
            .children
            .iter()
            .map(|child| {
                let mut one = Self::default();
                one.add(child, in_related);
                one
            })
            .collect();
        let rich = sorted.iter().rposition(Self::has_html).or_else(|| sorted.iter().rposition(|c| !c.rich.is_empty()));
        let plain = sorted.iter().position(Self::has_plain).or(rich);
        for (index, one) in sorted.into_iter().enumerate() {
            if Some(index) == rich {
                self.rich.extend(one.rich);
            }
            if Some(index) == plain {
                self.plain.extend(one.plain);
            }
            self.attachments.extend(one.attachments);
        }
    }
}

/// Whether a list marks the message as one with attachments.
pub(crate) fn has_attachment(value: &Value) -> bool {
    Part::read(value)
        .is_some_and(|root| Contents::of(&root).attachments.iter().any(|p| p.media_type != "text/calendar"))
}

#[cfg(test)]
mod tests {
    use super::{Contents, Part};
    use crate::imap::parse;
    use bytes::Bytes;

    fn root(text: &'static str) -> Part {
        Part::read(&parse(&Bytes::from_static(text.as_bytes())).expect("a response")[0]).expect("a structure")
    }

    #[test]
    fn a_newsletter_with_a_logo_and_a_file() {
        let root = root(
            r#"(((("text" "plain" ("charset" "utf-8") NIL NIL "7bit" 10 1 NIL NIL NIL NIL)("text" "html" ("charset" "utf-8") NIL NIL "quoted-printable" 20 1 NIL NIL NIL NIL) "alternative" ("boundary" "b") NIL NIL NIL)("image" "png" NIL "<logo@x>" NIL "base64" 780 NIL ("inline" ("filename" "logo.png")) NIL NIL) "related" NIL NIL NIL NIL)("application" "pdf" NIL NIL NIL "base64" 7800 NIL ("attachment" ("filename*" "utf-8''%C3%9Cbersicht.pdf")) NIL NIL) "mixed" NIL NIL NIL NIL)"#,
        );
        let contents = Contents::of(&root);
        assert_eq!(contents.rich.iter().map(|p| p.section.as_str()).collect::<Vec<_>>(), ["1.1.2"]);
        assert_eq!(contents.plain.iter().map(|p| p.section.as_str()).collect::<Vec<_>>(), ["1.1.1"]);
        assert_eq!(contents.attachments.len(), 1);
        assert_eq!(contents.attachments[0].name, "Übersicht.pdf");
        assert_eq!(contents.attachments[0].decoded_size(), 5700);
        assert_eq!(root.find("1.2").map(|p| p.id.as_str()), Some("logo@x"));
    }

    #[test]
    fn one_part_alone_has_the_number_1() {
        let root = root(
            r#"("text" "plain" ("charset" "iso-8859-1" "format" "flowed") NIL NIL "quoted-printable" 4 1 NIL NIL NIL NIL)"#,
        );
        assert_eq!(root.section, "1");
        assert_eq!(root.text(b"Gr=FC=DFe").1, "Grüße");
        assert!(Contents::of(&root).has_plain());
    }

    #[test]
    fn a_forwarded_message_is_an_attachment() {
        let root = root(
            r#"(("text" "plain" NIL NIL NIL "7bit" 4 1 NIL NIL NIL NIL)("message" "rfc822" NIL NIL NIL "7bit" 400 ("d" "s" NIL NIL NIL NIL NIL NIL NIL NIL) ("text" "plain" NIL NIL NIL "7bit" 4 1) 12 NIL ("attachment" ("filename" "a/b.eml")) NIL NIL) "mixed")"#,
        );
        assert_eq!(Contents::of(&root).attachments[0].name, "b.eml");
    }
}
