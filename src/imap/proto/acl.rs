//! SETACL, DELETEACL, GETACL, LISTRIGHTS and MYRIGHTS (RFC 4314).

use super::{
    lexer::{Lexer, Parse},
    mailbox_name,
};
use store::Rights;

/// What is asked about who may do what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Acl {
    /// The mailbox.
    pub mailbox: String,
    /// What is asked.
    pub ask: Ask,
}

/// A command of RFC 4314.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names are those of the RFC")]
pub enum Ask {
    Set { identifier: String, change: Change, rights: Rights },
    Delete { identifier: String },
    Get,
    List { identifier: String },
    Mine,
}

/// What SETACL does to the rights that there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names say it")]
pub enum Change {
    Replace,
    Add,
    Remove,
}

impl Acl {
    /// What comes after one of the verbs.
    pub fn parse(lexer: &mut Lexer<'_>, verb: &str) -> Parse<Self> {
        let mailbox = mailbox_name::parse(lexer)?;
        let identifier = |lexer: &mut Lexer<'_>| -> Parse<String> {
            lexer.space()?;
            Ok(lexer.astring_utf8()?.into_owned())
        };
        let ask = match verb {
            "SETACL" => {
                let identifier = identifier(lexer)?;
                lexer.space()?;
                let at = lexer.at();
                let text = lexer.astring_utf8()?;
                let (change, letters) = match text.as_bytes().first() {
                    Some(b'+') => (Change::Add, &text[1..]),
                    Some(b'-') => (Change::Remove, &text[1..]),
                    _ => (Change::Replace, &text[..]),
                };
                let Some(rights) = Rights::parse(letters) else {
                    return Lexer::error_at(at, "rights out of lrswipkxteacd");
                };
                Ask::Set { identifier, change, rights }
            }
            "DELETEACL" => Ask::Delete { identifier: identifier(lexer)? },
            "LISTRIGHTS" => Ask::List { identifier: identifier(lexer)? },
            "MYRIGHTS" => Ask::Mine,
            _ => Ask::Get,
        };
        Ok(Self { mailbox, ask })
    }
}
