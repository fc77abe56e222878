//! FETCH (RFC 3501 section 6.4.5) with the items of RFC 7162, 8474, 8514 and 8970.

use super::{
    SequenceSet,
    lexer::{Lexer, Parse},
    search::PartialRange,
    string,
};
use crate::quirks;

/// Items in one FETCH.
pub const ITEMS_MAX: usize = 256;
/// Levels of a part number.
pub const PART_DEPTH_MAX: usize = 64;
/// Names in HEADER.FIELDS.
pub const FIELDS_MAX: usize = 256;

/// `"FETCH" SP sequence-set SP (...) [SP "(CHANGEDSINCE n)"]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fetch {
    /// Which messages.
    pub set: SequenceSet,
    /// Whether the set holds UIDs.
    pub uid: bool,
    /// What of them.
    pub items: Vec<Item>,
    /// Only those changed after this mod-sequence (RFC 7162 section 3.1.4.1).
    pub changed_since: Option<u64>,
    /// Tell also which have gone since (RFC 7162 section 3.2.6).
    pub vanished: bool,
    /// Only a part of the messages that there are (RFC 9394 section 3.3).
    pub partial: Option<PartialRange>,
}

/// `fetch-att`
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names are those of the RFC")]
pub enum Item {
    Flags,
    Uid,
    InternalDate,
    Size,
    Envelope,
    /// `BODY`: the structure without extension data.
    Body,
    BodyStructure,
    ModSeq,
    EmailId,
    ThreadId,
    /// `X-GATEPOST-THREAD`, an extension of ours: the messages of the conversation in all mailboxes.
    Conversation,
    Preview,
    SaveDate,
    Section(Section),
    /// `BINARY[...]`: a part without its transfer encoding (RFC 3516).
    Binary(Section),
    /// `BINARY.SIZE[...]`
    BinarySize(Vec<u32>),
}

/// `BODY[...]` and the older forms of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Section {
    /// How it was asked for, which is how it is answered.
    pub form: Form,
    /// Part number; empty for the message itself.
    pub part: Vec<u32>,
    /// What of the part.
    pub text: SectionText,
    /// Offset and length in bytes.
    pub partial: Option<(u32, u32)>,
    /// Whether `\Seen` is left alone.
    pub peek: bool,
}

/// The names under which sections are answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names are those of the RFC")]
pub enum Form {
    Body,
    Binary,
    Rfc822,
    Rfc822Header,
    Rfc822Text,
}

/// `section-text`
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SectionText {
    /// Everything.
    All,
    /// `HEADER`
    Header,
    /// `HEADER.FIELDS` (false) or `HEADER.FIELDS.NOT` (true), names as written.
    Fields(Vec<Vec<u8>>, bool),
    /// `TEXT`
    Text,
    /// `MIME`
    Mime,
}

impl Item {
    /// `fetch-att`
    pub fn parse(lexer: &mut Lexer<'_>) -> Parse<Self> {
        parse_item(lexer)
    }
}

impl Fetch {
    /// What comes after `FETCH `.
    pub fn parse(lexer: &mut Lexer<'_>, uid: bool) -> Parse<Self> {
        let set = SequenceSet::parse(lexer)?;
        lexer.space()?;
        let mut items = if lexer.peek() == Some(b'(') {
            lexer.list(false, ITEMS_MAX, |lexer| parse_item(lexer))?
        } else if let Some(items) = parse_macro(lexer) {
            items
        } else {
            vec![parse_item(lexer)?]
        };
        let (mut changed_since, mut vanished, mut partial) = (None, false, None);
        if lexer.peek() == Some(b' ') && lexer.rest().len() > 1 {
            lexer.space()?;
            lexer.list(false, 4, |lexer| {
                if lexer.eat_text("CHANGEDSINCE ") {
                    changed_since = Some(lexer.number64()?);
                } else if uid && lexer.eat_text("VANISHED") {
                    vanished = true;
                } else if uid && lexer.eat_text("PARTIAL ") {
                    partial = Some(PartialRange::parse(lexer)?);
                } else {
                    return lexer.error("CHANGEDSINCE, or VANISHED or PARTIAL of UID FETCH");
                }
                Ok(())
            })?;
            if vanished && changed_since.is_none() {
                return lexer.error("CHANGEDSINCE with VANISHED");
            }
            if changed_since.is_some() && !items.contains(&Item::ModSeq) {
                items.push(Item::ModSeq);
            }
        }
        if uid && !items.contains(&Item::Uid) {
            items.insert(0, Item::Uid);
        }
        Ok(Self { set, uid, items, changed_since, vanished, partial })
    }

    /// Whether an item sets `\Seen`.
    pub fn sets_seen(&self) -> bool {
        self.items.iter().any(|item| matches!(item, Item::Section(section) | Item::Binary(section) if !section.peek))
    }
}

fn parse_macro(lexer: &mut Lexer<'_>) -> Option<Vec<Item>> {
    let macros: [(&str, &[Item]); 3] = [
        ("ALL", &[Item::Flags, Item::InternalDate, Item::Size, Item::Envelope]),
        ("FAST", &[Item::Flags, Item::InternalDate, Item::Size]),
        ("FULL", &[Item::Flags, Item::InternalDate, Item::Size, Item::Envelope, Item::Body]),
    ];
    macros.into_iter().find(|(name, _)| lexer.eat_text(name)).map(|(_, items)| items.to_vec())
}

fn parse_item(lexer: &mut Lexer<'_>) -> Parse<Item> {
    let at = lexer.at();
    let name =
        lexer.take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-')).to_ascii_uppercase();
    let item = match name.as_slice() {
        b"FLAGS" => Item::Flags,
        b"UID" => Item::Uid,
        b"INTERNALDATE" => Item::InternalDate,
        b"RFC822.SIZE" => Item::Size,
        b"ENVELOPE" => Item::Envelope,
        b"BODYSTRUCTURE" => Item::BodyStructure,
        b"MODSEQ" => Item::ModSeq,
        b"EMAILID" => Item::EmailId,
        b"THREADID" => Item::ThreadId,
        b"X-GATEPOST-THREAD" => Item::Conversation,
        b"SAVEDATE" => Item::SaveDate,
        b"PREVIEW" => {
            let _lazy = lexer.eat_text(" (LAZY)");
            Item::Preview
        }
        b"RFC822" => older(Form::Rfc822, SectionText::All, false),
        b"RFC822.HEADER" => older(Form::Rfc822Header, SectionText::Header, true),
        b"RFC822.TEXT" => older(Form::Rfc822Text, SectionText::Text, false),
        b"BODY" if lexer.peek() != Some(b'[') => Item::Body,
        b"BODY" => Item::Section(parse_section(lexer, false)?),
        b"BODY.PEEK" => Item::Section(parse_section(lexer, true)?),
        b"BINARY" => Item::Binary(parse_binary(lexer, false)?),
        b"BINARY.PEEK" => Item::Binary(parse_binary(lexer, true)?),
        b"BINARY.SIZE" => {
            let section = parse_binary(lexer, true)?;
            if section.partial.is_some() {
                return Lexer::error_at(at, "no partial with BINARY.SIZE");
            }
            Item::BinarySize(section.part)
        }
        _ => return Lexer::error_at(at, "a FETCH item"),
    };
    Ok(item)
}

fn older(form: Form, text: SectionText, peek: bool) -> Item {
    Item::Section(Section { form, part: Vec::new(), text, partial: None, peek })
}

/// `section ["<" number "." nz-number ">"]`
fn parse_section(lexer: &mut Lexer<'_>, peek: bool) -> Parse<Section> {
    lexer.expect(b'[', "`[`")?;
    let mut part = Vec::new();
    let mut text = SectionText::All;
    while lexer.peek() != Some(b']') {
        if lexer.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            if part.len() >= PART_DEPTH_MAX {
                return lexer.error("fewer levels of parts");
            }
            part.push(lexer.number_nonzero()?);
            if !lexer.eat(b'.') {
                break;
            }
        } else {
            text = parse_section_text(lexer, !part.is_empty())?;
            break;
        }
    }
    lexer.expect(b']', "`]`")?;
    let partial = if lexer.eat(b'<') {
        let offset = lexer.number()?;
        let length = if lexer.eat(b'.') {
            lexer.number_nonzero()?
        } else if quirks::PARTIAL_WITHOUT_LENGTH {
            u32::MAX
        } else {
            return lexer.error("`.`");
        };
        lexer.expect(b'>', "`>`")?;
        Some((offset, length))
    } else {
        None
    };
    Ok(Section { form: Form::Body, part, text, partial, peek })
}

/// RFC 3516: `"BINARY" [".PEEK"] section-binary [partial]`, where a section is only a part number.
fn parse_binary(lexer: &mut Lexer<'_>, peek: bool) -> Parse<Section> {
    let at = lexer.at();
    let section = parse_section(lexer, peek)?;
    if section.text != SectionText::All {
        return Lexer::error_at(at, "only a number of a part");
    }
    Ok(Section { form: Form::Binary, ..section })
}

fn parse_section_text(lexer: &mut Lexer<'_>, in_part: bool) -> Parse<SectionText> {
    for (name, not) in [("HEADER.FIELDS.NOT ", true), ("HEADER.FIELDS ", false)] {
        if lexer.eat_text(name) {
            let names = lexer.list(false, FIELDS_MAX, |lexer| lexer.astring().map(std::borrow::Cow::into_owned))?;
            return Ok(SectionText::Fields(names, not));
        }
    }
    if lexer.eat_text("HEADER") {
        Ok(SectionText::Header)
    } else if lexer.eat_text("TEXT") {
        Ok(SectionText::Text)
    } else if in_part && lexer.eat_text("MIME") {
        Ok(SectionText::Mime)
    } else {
        lexer.error("HEADER, HEADER.FIELDS, TEXT, or MIME or a number of a part")
    }
}

impl Section {
    /// The name of the data item in a FETCH response.
    pub fn write_name(&self, out: &mut Vec<u8>) {
        match self.form {
            Form::Rfc822 => return out.extend_from_slice(b"RFC822"),
            Form::Rfc822Header => return out.extend_from_slice(b"RFC822.HEADER"),
            Form::Rfc822Text => return out.extend_from_slice(b"RFC822.TEXT"),
            Form::Body => out.extend_from_slice(b"BODY["),
            Form::Binary => out.extend_from_slice(b"BINARY["),
        }
        for (index, number) in self.part.iter().enumerate() {
            if index > 0 {
                out.push(b'.');
            }
            string::write_number(out, u64::from(*number));
        }
        if !self.part.is_empty() && self.text != SectionText::All {
            out.push(b'.');
        }
        match &self.text {
            SectionText::All => {}
            SectionText::Header => out.extend_from_slice(b"HEADER"),
            SectionText::Text => out.extend_from_slice(b"TEXT"),
            SectionText::Mime => out.extend_from_slice(b"MIME"),
            SectionText::Fields(names, not) => {
                out.extend_from_slice(if *not { b"HEADER.FIELDS.NOT (" } else { b"HEADER.FIELDS (" });
                for (index, name) in names.iter().enumerate() {
                    if index > 0 {
                        out.push(b' ');
                    }
                    string::write_astring(out, name);
                }
                out.push(b')');
            }
        }
        out.push(b']');
        if let Some((offset, _)) = self.partial {
            out.push(b'<');
            string::write_number(out, u64::from(offset));
            out.push(b'>');
        }
    }
}
