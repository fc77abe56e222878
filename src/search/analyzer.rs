//! [`Words`] as the index library wants them.

use crate::words::Words;
use tantivy::tokenizer::{Token, TokenStream, Tokenizer};

/// Name under which a schema asks for it.
pub(crate) const NAME: &str = "words";

/// Cuts text into folded words.
#[derive(Debug, Clone, Default)]
pub(crate) struct Analyzer;

/// The words of one text.
pub(crate) struct Stream<'a> {
    words: Words<'a>,
    token: Token,
}

impl Tokenizer for Analyzer {
    type TokenStream<'a> = Stream<'a>;

    fn token_stream<'a>(&'a mut self, text: &'a str) -> Stream<'a> {
        Stream { words: Words::of(text), token: Token::default() }
    }
}

impl TokenStream for Stream<'_> {
    fn advance(&mut self) -> bool {
        let Some(word) = self.words.next() else { return false };
        self.token.position = word.position;
        self.token.text = word.text;
        true
    }

    fn token(&self) -> &Token {
        &self.token
    }

    fn token_mut(&mut self) -> &mut Token {
        &mut self.token
    }
}
