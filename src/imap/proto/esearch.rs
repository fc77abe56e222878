//! ESEARCH over several mailboxes (RFC 7377).

use super::{
    lexer::{Lexer, Parse},
    mailbox_name,
    notify::{Filter, NAMES_MAX, parse_filter},
    search::{BadCharset, ParseSearch, Search},
};

/// Groups of mailboxes in one command.
const SOURCES_MAX: usize = 64;

/// What an ESEARCH asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Esearch {
    /// Where; nothing for the selected mailbox.
    pub sources: Vec<Source>,
    /// What. It answers with UIDs.
    pub search: Search,
}

/// `filter-mailboxes` with what RFC 7377 adds to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// As in NOTIFY.
    Filter(Filter),
    /// Mailboxes and those directly below them.
    SubtreeOne(Vec<String>),
}

impl Esearch {
    /// What comes after `ESEARCH `.
    pub fn parse(lexer: &mut Lexer<'_>) -> ParseSearch<Self> {
        let mut sources = Vec::new();
        if lexer.eat_text("IN ") {
            lexer.expect(b'(', "`(`")?;
            sources.push(parse_source(lexer)?);
            while lexer.eat(b' ') {
                let at = lexer.at();
                if lexer.peek() == Some(b'(') {
                    // RFC 7377 section 2.2: no scope option is defined.
                    return Lexer::error_at(at, "no scope options");
                }
                if sources.len() >= SOURCES_MAX {
                    return lexer.error("fewer groups of mailboxes");
                }
                sources.push(parse_source(lexer)?);
            }
            lexer.expect(b')', "`)`")?;
            lexer.space()?;
        }
        Ok(match Search::parse_over_mailboxes(lexer)? {
            Ok(search) => Ok(Self { sources, search }),
            Err(BadCharset) => Err(BadCharset),
        })
    }
}

fn parse_source(lexer: &mut Lexer<'_>) -> Parse<Source> {
    if lexer.eat_text("SUBTREE-ONE ") {
        let names = match lexer.peek() {
            Some(b'(') => lexer.list(false, NAMES_MAX, mailbox_name::parse)?,
            _ => vec![mailbox_name::parse(lexer)?],
        };
        return Ok(Source::SubtreeOne(names));
    }
    let at = lexer.at();
    match parse_filter(lexer)? {
        Filter::SelectedDelayed => Lexer::error_at(at, "SELECTED"),
        filter => Ok(Source::Filter(filter)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proto::search::{Key, Return};

    fn parse(text: &str) -> Option<Esearch> {
        let mut lexer = Lexer::new(text.as_bytes());
        let parsed = Esearch::parse(&mut lexer).ok()?.ok()?;
        lexer.end().ok().map(|()| parsed)
    }

    #[test]
    fn sources_are_read() {
        let all =
            parse("IN (mailboxes \"folder1\" subtree (a b) subtree-one c personal) RETURN (COUNT) unseen").unwrap();
        assert_eq!(
            all.sources,
            [
                Source::Filter(Filter::Mailboxes(vec!["folder1".into()])),
                Source::Filter(Filter::Subtree(vec!["a".into(), "b".into()])),
                Source::SubtreeOne(vec!["c".into()]),
                Source::Filter(Filter::Personal),
            ]
        );
        assert_eq!(all.search.returns, Some(vec![Return::Count]));
        let bare = parse("FUZZY subject x").unwrap();
        assert_eq!(bare.sources, []);
        assert_eq!(bare.search.key, Key::Fuzzy(Box::new(Key::Subject("x".into()))));
        assert!(bare.search.uid);
    }

    #[test]
    fn what_is_no_source_is_refused() {
        for bad in ["IN () all", "IN (nowhere) all", "IN (personal) ", "IN (selected-delayed) all", "IN personal all"] {
            assert_eq!(parse(bad), None, "{bad}");
        }
    }
}
