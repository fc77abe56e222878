//! The MIME tree of a message with exact byte offsets (RFC 2045, RFC 2046), in one pass over the bytes.
//!
//! What is broken is read so that nothing is hidden: a part ends at the delimiter of any multipart around it or at the
//! end of the message; a multipart in which no part is found has one text/plain child that covers its body; what is
//! nested deeper than [`DEPTH_MAX`] is one application/octet-stream.

use crate::{
    header, parameter,
    summary::{Envelope, Part},
};
use memchr::{memchr, memchr_iter, memmem};

/// Nesting of multiparts and embedded messages.
pub const DEPTH_MAX: usize = 32;
/// Parts of one message. Later ones are left out of the tree; their bytes stay in the body of what holds them.
pub const PARTS_MAX: usize = 2000;
/// Bytes of a boundary; RFC 2046 section 5.1.1 says 70. A longer one counts as none.
pub const BOUNDARY_BYTES_MAX: usize = 250;
/// Bytes kept of a Content-Type name, Content-ID, Content-Description and the like.
const TOKEN_BYTES_MAX: usize = 500;
/// Languages kept of Content-Language.
const LANGUAGES_MAX: usize = 20;

/// What the header of an entity says.
#[derive(Default)]
pub(crate) struct Fields<'a> {
    content_type: Option<&'a [u8]>,
    encoding: Option<&'a [u8]>,
    disposition: Option<&'a [u8]>,
    id: Option<&'a [u8]>,
    description: Option<&'a [u8]>,
    md5: Option<&'a [u8]>,
    language: Option<&'a [u8]>,
    location: Option<&'a [u8]>,
}

impl<'a> Fields<'a> {
    fn read(header: &'a [u8]) -> Self {
        let mut fields = Self::default();
        for (name, value) in header::fields(header) {
            let Some(kind) = name.split_at_checked(8).filter(|(head, _)| head.eq_ignore_ascii_case(b"content-")) else {
                continue;
            };
            let slot = match kind.1.to_ascii_lowercase().as_slice() {
                b"type" => &mut fields.content_type,
                b"transfer-encoding" => &mut fields.encoding,
                b"disposition" => &mut fields.disposition,
                b"id" => &mut fields.id,
                b"description" => &mut fields.description,
                b"md5" => &mut fields.md5,
                b"language" => &mut fields.language,
                b"location" => &mut fields.location,
                _ => continue,
            };
            slot.get_or_insert(value);
        }
        fields
    }

    /// The part without its place and children. `default` is what stands for an absent Content-Type.
    fn into_part(self, default: (&str, &str)) -> Part {
        let (media_type, subtype, parameters) = self.media_type(default);
        let disposition = self.disposition.map(parameter::parse).filter(|(kind, _)| !kind.is_empty());
        Part {
            media_type,
            subtype,
            parameters,
            id: self.id.map(written),
            description: self.description.map(written),
            encoding: self.encoding.map(encoding).filter(|name| !name.is_empty()).unwrap_or_else(|| "7bit".into()),
            md5: self.md5.map(written),
            disposition: disposition.map(|(kind, parameters)| (cut(kind), parameters)),
            language: self.language.map(languages).unwrap_or_default(),
            location: self.location.map(written),
            ..Part::default()
        }
    }

    /// RFC 2045 section 5.2: what cannot be read is text/plain in US-ASCII.
    fn media_type(&self, default: (&str, &str)) -> (String, String, Vec<(String, String)>) {
        let plain = |(media_type, subtype): (&str, &str)| {
            let is_text = media_type == "text";
            let charset = is_text.then(|| ("charset".to_string(), "us-ascii".to_string()));
            (media_type.to_string(), subtype.to_string(), charset.into_iter().collect())
        };
        let Some(raw) = self.content_type else {
            return plain(default);
        };
        let (name, parameters) = parameter::parse(raw);
        let Some((media_type, subtype)) = name.split_once('/') else {
            // `Content-Type: text` was written before MIME had subtypes.
            return match name.as_str() {
                "text" => ("text".into(), "plain".into(), parameters),
                _ => plain(("text", "plain")),
            };
        };
        let (media_type, subtype) = (media_type.trim(), subtype.trim());
        if !is_token(media_type) || !is_token(subtype) {
            return plain(("text", "plain"));
        }
        (media_type.to_string(), subtype.to_string(), parameters)
    }
}

/// RFC 2045 section 5.1 `token`, of a length that fits any real name.
fn is_token(text: &str) -> bool {
    let is_char = |b: u8| b.is_ascii_graphic() && !b"()<>@,;:\\\"/[]?=".contains(&b);
    (1..=127).contains(&text.len()) && text.bytes().all(is_char)
}

/// A value as written, on one line and without control characters.
pub(crate) fn written(raw: &[u8]) -> String {
    let text = String::from_utf8_lossy(&raw[..raw.len().min(4 * TOKEN_BYTES_MAX)]);
    cut(crate::encoded_word::clean(&text.replace(['\r', '\n'], "")))
}

fn cut(mut text: String) -> String {
    text.truncate(text.floor_char_boundary(TOKEN_BYTES_MAX));
    text
}

fn encoding(raw: &[u8]) -> String {
    let mut name = parameter::parse(raw).0;
    name.retain(|c| c.is_ascii_graphic() && c != '"');
    name.truncate(40);
    name
}

fn languages(raw: &[u8]) -> Vec<String> {
    let tags = written(raw);
    tags.split(',').map(|tag| tag.trim().to_string()).filter(|tag| !tag.is_empty()).take(LANGUAGES_MAX).collect()
}

/// The tree of a message. `envelope` reads the envelope of an embedded message from its header and tree.
pub(crate) fn walk(message: &[u8], envelope: &dyn Fn(&[u8], &Part) -> Envelope) -> Part {
    // Offsets are 32 bits; a message is bounded far below that.
    let message = &message[..message.len().min(u32::MAX as usize)];
    let mut walker =
        Walker { message, boundaries: Vec::new(), parts: 0, lines: Lines { message, at: 0, count: 0 }, envelope };
    walker.entity(0, 0, ("text", "plain")).0
}

/// What ended a part.
#[derive(Clone, Copy)]
enum Stop {
    /// The end of the message.
    End,
    /// A delimiter line.
    Delimiter {
        /// Index of the boundary.
        level: usize,
        /// First byte of the line.
        start: usize,
        /// First byte after the line.
        end: usize,
        /// Whether it is the last one of its multipart.
        is_closing: bool,
    },
}

struct Walker<'a> {
    message: &'a [u8],
    /// Boundaries of the multiparts that are open, outermost first.
    boundaries: Vec<Vec<u8>>,
    parts: usize,
    lines: Lines<'a>,
    envelope: &'a dyn Fn(&[u8], &Part) -> Envelope,
}

impl Walker<'_> {
    /// Reads the entity whose header begins at `start`.
    fn entity(&mut self, start: usize, depth: usize, default: (&str, &str)) -> (Part, Stop) {
        self.parts += 1;
        let (mut body_start, mut stop) = self.header(start);
        if let Some(stop) = stop {
            // A header that a delimiter cuts short ends where a body would: before the line end that is the delimiter's.
            body_start = self.body_end(start, stop);
        }
        let mut part = Fields::read(&self.message[start..body_start]).into_part(default);
        let lines_before = self.lines.up_to(body_start);
        let is_multipart = part.media_type == "multipart";
        if (is_multipart || part.is_embedded_message()) && depth >= DEPTH_MAX {
            (part.media_type, part.subtype) = ("application".into(), "octet-stream".into());
        }
        if part.is_embedded_message() && !is_identity(&part.encoding) {
            // RFC 2046 section 5.2.1 forbids the encoding; without decoding there is no message inside.
            (part.media_type, part.subtype) = ("application".into(), "octet-stream".into());
        }
        if stop.is_none() && part.is_embedded_message() {
            let (child, end) = self.entity(body_start, depth + 1, ("text", "plain"));
            let header = &self.message[child.header_start as usize..child.body_start as usize];
            part.envelope = Some(Box::new((self.envelope)(header, &child)));
            part.children.push(child);
            stop = Some(end);
        } else if stop.is_none() && part.media_type == "multipart" {
            stop = Some(self.multipart(&mut part, body_start, depth));
        }
        let stop = stop.unwrap_or_else(|| self.scan(body_start));
        // A child without a body ends with its blank line, which may be the line end before the delimiter too.
        let child_end = part.children.last().map_or(0, |child| child.body_end as usize);
        let body_end = self.body_end(body_start, stop).max(child_end);
        (part.header_start, part.body_start, part.body_end) = (start as u32, body_start as u32, body_end as u32);
        part.lines = (self.lines.up_to(body_end) - lines_before) as u32;
        if part.children.is_empty() && (part.media_type == "multipart" || part.is_embedded_message()) {
            self.fill(&mut part);
        }
        (part, stop)
    }

    /// First byte of the body, and the delimiter that cut the header short, if one did.
    fn header(&self, start: usize) -> (usize, Option<Stop>) {
        let mut at = start;
        loop {
            let rest = &self.message[at..];
            if rest.starts_with(b"\r\n") {
                return (at + 2, None);
            }
            if rest.starts_with(b"\n") {
                return (at + 1, None);
            }
            if let Some(stop) = self.delimiter(at) {
                return (at, Some(stop));
            }
            match memchr(b'\n', rest) {
                Some(end) => at += end + 1,
                None => return (self.message.len(), None),
            }
        }
    }

    /// Reads the children of a multipart whose body begins at `body_start`.
    fn multipart(&mut self, part: &mut Part, body_start: usize, depth: usize) -> Stop {
        let Some(boundary) = boundary(part) else {
            return self.scan(body_start);
        };
        let level = self.boundaries.len();
        self.boundaries.push(boundary);
        let default = if part.subtype == "digest" { ("message", "rfc822") } else { ("text", "plain") };
        let mut stop = self.scan(body_start);
        loop {
            match stop {
                Stop::Delimiter { level: of, end, is_closing: false, .. } if of == level && self.parts < PARTS_MAX => {
                    let (child, next) = self.entity(end, depth + 1, default);
                    part.children.push(child);
                    stop = next;
                }
                Stop::Delimiter { level: of, end, .. } if of == level => {
                    // The epilogue runs to the next delimiter of a multipart around this one.
                    self.boundaries.truncate(level);
                    return self.scan(end);
                }
                _ => {
                    self.boundaries.truncate(level);
                    return stop;
                }
            }
        }
    }

    /// Gives a multipart or embedded message without children the one that covers its body.
    fn fill(&mut self, part: &mut Part) {
        let mut child = Fields::default().into_part(("text", "plain"));
        (child.header_start, child.body_start) = (part.body_start, part.body_start);
        (child.body_end, child.lines) = (part.body_end, part.lines);
        if part.is_embedded_message() {
            part.envelope = Some(Box::default());
        }
        self.parts += 1;
        part.children.push(child);
    }

    /// The next delimiter line at or after `at`, which is the start of a line.
    fn scan(&self, at: usize) -> Stop {
        if self.boundaries.is_empty() {
            return Stop::End;
        }
        if let Some(stop) = self.delimiter(at) {
            return stop;
        }
        let rest = &self.message[at..];
        memmem::find_iter(rest, b"\n--").find_map(|found| self.delimiter(at + found + 1)).unwrap_or(Stop::End)
    }

    /// The delimiter line that begins at `start`, if one does. Of several boundaries that the line begins with
    /// (RFC 2046 section 5.1.1 asks for no more) the longest counts, of equal ones the innermost.
    fn delimiter(&self, start: usize) -> Option<Stop> {
        let line = self.message.get(start..)?.strip_prefix(b"--")?;
        let (level, boundary) = self
            .boundaries
            .iter()
            .enumerate()
            .filter(|(_, boundary)| line.starts_with(boundary))
            .max_by_key(|(level, boundary)| (boundary.len(), *level))?;
        let is_closing = line[boundary.len()..].starts_with(b"--");
        let end = memchr(b'\n', line).map_or(self.message.len(), |end| start + 2 + end + 1);
        Some(Stop::Delimiter { level, start, end, is_closing })
    }

    /// The line end before a delimiter belongs to the delimiter.
    fn body_end(&self, body_start: usize, stop: Stop) -> usize {
        let Stop::Delimiter { start, .. } = stop else {
            return self.message.len();
        };
        let body = &self.message[body_start..start];
        let body = body.strip_suffix(b"\n").map_or(body, |body| body.strip_suffix(b"\r").unwrap_or(body));
        body_start + body.len()
    }
}

impl Part {
    /// Whether the body is a message of its own (RFC 2046 section 5.2.1, RFC 6532 section 3.7).
    pub fn is_embedded_message(&self) -> bool {
        self.media_type == "message" && matches!(self.subtype.as_str(), "rfc822" | "global")
    }
}

fn is_identity(encoding: &str) -> bool {
    !matches!(encoding, "base64" | "quoted-printable" | "x-uuencode" | "uuencode" | "x-uue")
}

fn boundary(part: &Part) -> Option<Vec<u8>> {
    let boundary = part.parameter("boundary")?.trim_end();
    (1..=BOUNDARY_BYTES_MAX).contains(&boundary.len()).then(|| boundary.as_bytes().to_vec())
}

/// Counts line feeds from the start of the message; asked in rising order, each byte is looked at once.
struct Lines<'a> {
    message: &'a [u8],
    at: usize,
    count: usize,
}

impl Lines<'_> {
    fn up_to(&mut self, offset: usize) -> usize {
        if offset >= self.at {
            self.count += memchr_iter(b'\n', &self.message[self.at..offset]).count();
        } else {
            self.count -= memchr_iter(b'\n', &self.message[offset..self.at]).count();
        }
        self.at = offset;
        self.count
    }
}
