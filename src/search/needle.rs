//! What somebody looks for, as a query of the index.

use crate::{
    schema::{Fields, Part},
    words::{Kind, Word, Words},
};
use std::ops::Bound;
use tantivy::{
    Term,
    query::{BooleanQuery, ConstScoreQuery, InvertedIndexRangeQuery, PhraseQuery, Query, TermQuery},
    schema::{Field, IndexRecordOption},
};

/// Characters that a word must have for all words to be found that begin with it.
const BEGINNING_CHARS_MIN: usize = 3;
/// Words of a text that are looked for; further ones are passed over.
const WORDS_MAX: usize = 50;

/// A text to look for: its words in a row. A single word stands for all that begin with it, unless it is in quotation marks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Needle {
    words: Vec<Word>,
    is_quoted: bool,
}

/// The text without the quotation marks that make it exact.
pub fn unquoted(text: &str) -> &str {
    quoted(text).unwrap_or(text)
}

fn quoted(text: &str) -> Option<&str> {
    text.strip_prefix('"')?.strip_suffix('"')
}

impl Needle {
    /// `None` where there is no word in the text, so that the index cannot tell.
    pub fn new(text: &str) -> Option<Self> {
        let inner = quoted(text);
        let mut words: Vec<Word> = Words::of(inner.unwrap_or(text)).take(WORDS_MAX).collect();
        // The last character of a run is a word by itself in the index; the pairs before it say all.
        let mut follows_pair = false;
        words.retain(|word| {
            let is_said = word.kind == Kind::Single && follows_pair;
            follows_pair = word.kind == Kind::Pair;
            !is_said
        });
        (!words.is_empty()).then_some(Self { words, is_quoted: inner.is_some() })
    }

    /// The query of a part.
    pub(crate) fn query(&self, fields: &Fields, part: Part) -> Box<dyn Query> {
        let mut queries: Vec<Box<dyn Query>> = fields
            .of(part)
            .into_iter()
            .map(|(field, worth)| Box::new(ConstScoreQuery::new(self.in_field(field), worth)) as Box<dyn Query>)
            .collect();
        if queries.len() == 1 { queries.remove(0) } else { Box::new(BooleanQuery::union(queries)) }
    }

    /// A word with umlauts is also looked for as it is spelt without.
    fn in_field(&self, field: Field) -> Box<dyn Query> {
        let plain: Vec<&Word> = self.words.iter().filter(|word| word.kind != Kind::SpeltOut).collect();
        let first = self.words_in_field(field, &plain);
        if plain.len() == self.words.len() {
            return first;
        }
        let spelt_out: Vec<&Word> = plain
            .iter()
            .map(|word| {
                let other =
                    self.words.iter().find(|other| other.kind == Kind::SpeltOut && other.position == word.position);
                other.unwrap_or(word)
            })
            .collect();
        Box::new(BooleanQuery::union(vec![first, self.words_in_field(field, &spelt_out)]))
    }

    fn words_in_field(&self, field: Field, words: &[&Word]) -> Box<dyn Query> {
        let term = |word: &Word| Term::from_field_text(field, &word.text);
        match words {
            [word] if self.stands_for_more(word) => Box::new(InvertedIndexRangeQuery::new(
                Bound::Included(term(word)),
                // No word goes on with the last character that there is.
                Bound::Excluded(Term::from_field_text(field, &format!("{}{}", word.text, char::MAX))),
            )),
            [word] => Box::new(TermQuery::new(term(word), IndexRecordOption::Basic)),
            words => {
                Box::new(PhraseQuery::new_with_offset(words.iter().map(|word| (word.position, term(word))).collect()))
            }
        }
    }

    fn stands_for_more(&self, word: &Word) -> bool {
        word.kind == Kind::Single || !self.is_quoted && word.text.chars().count() >= BEGINNING_CHARS_MIN
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        Needle::new(text).map(|needle| needle.words.into_iter().map(|word| word.text).collect()).unwrap_or_default()
    }

    #[test]
    fn runs_are_their_pairs() {
        assert_eq!(words("東京都"), ["東京", "京都"]);
        assert_eq!(words("都"), ["都"]);
        assert_eq!(words("ab 都"), ["ab", "都"]);
        assert_eq!(words("\"two words\""), ["two", "words"]);
        assert_eq!(words("... !"), Vec::<String>::new());
        assert_eq!(unquoted("\"a b\""), "a b");
        assert_eq!(unquoted("\""), "\"");
    }
}
