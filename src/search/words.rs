//! Text as words that are alike when people would say so: without case, accents and points, umlauts also as `ae`, `oe`, `ue`.
//! Scripts that are written without blanks are cut into pairs of characters.

use icu_normalizer::{ComposingNormalizerBorrowed, DecomposingNormalizerBorrowed};
use std::{collections::VecDeque, iter::Peekable, str::Chars};

/// Characters of a word that are kept; longer ones are mostly no words, and are found by their beginning.
const WORD_CHARS_MAX: usize = 40;

const DECOMPOSED: DecomposingNormalizerBorrowed<'static> = DecomposingNormalizerBorrowed::new_nfkd();
const COMPOSED: ComposingNormalizerBorrowed<'static> = ComposingNormalizerBorrowed::new_nfkc();

/// A word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Word {
    /// Its number in the text. Two words of one number are two ways to write the same.
    pub(crate) position: usize,
    /// Its folded letters.
    pub(crate) text: String,
    /// What it was made of.
    pub(crate) kind: Kind,
}

/// What a word was made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Letters and digits.
    Letters,
    /// The same with `ae`, `oe` and `ue` for umlauts.
    SpeltOut,
    /// Two characters of a script without blanks.
    Pair,
    /// The last character of a run of them.
    Single,
}

/// The words of a text, in order.
pub(crate) struct Words<'a> {
    chars: Peekable<Chars<'a>>,
    position: usize,
    ready: VecDeque<Word>,
    /// The last character of a run without blanks, of which the next one makes a pair.
    last: Option<char>,
    buffer: String,
}

impl<'a> Words<'a> {
    pub(crate) fn of(text: &'a str) -> Self {
        Self { chars: text.chars().peekable(), position: 0, ready: VecDeque::new(), last: None, buffer: String::new() }
    }

    fn put(&mut self, text: String, kind: Kind) {
        self.ready.push_back(Word { position: self.position, text, kind });
    }

    /// Takes a character of a script without blanks: the one before it and it are a word.
    fn pair(&mut self, c: char) {
        if let Some(last) = self.last.replace(c) {
            let text = compose(&[last, c]);
            self.put(text, Kind::Pair);
            self.position += 1;
        }
    }

    /// Ends a run of them. Its last character is a word too, so that it can be found by itself.
    fn end_run(&mut self) {
        if let Some(last) = self.last.take() {
            let text = compose(&[last]);
            self.put(text, Kind::Single);
            self.position += 1;
        }
    }

    /// Takes a word of letters and digits.
    fn word(&mut self) {
        self.buffer.clear();
        let mut kept = 0;
        while let Some(&c) = self.chars.peek() {
            if is_silent(c) {
                self.chars.next();
                continue;
            }
            if !is_letter(c) || is_without_blanks(c) {
                break;
            }
            self.chars.next();
            if kept < WORD_CHARS_MAX {
                self.buffer.push(c);
                kept += 1;
            }
        }
        let (plain, spelt_out) = fold(&self.buffer);
        if plain.is_empty() {
            return;
        }
        self.put(plain, Kind::Letters);
        if let Some(spelt_out) = spelt_out {
            self.put(spelt_out, Kind::SpeltOut);
        }
        self.position += 1;
    }
}

impl Iterator for Words<'_> {
    type Item = Word;

    fn next(&mut self) -> Option<Word> {
        loop {
            if let Some(word) = self.ready.pop_front() {
                return Some(word);
            }
            match self.chars.peek().copied() {
                Some(c) if is_without_blanks(c) => {
                    self.chars.next();
                    self.pair(c);
                }
                Some(_) | None if self.last.is_some() => self.end_run(),
                Some(c) if is_letter(c) => self.word(),
                Some(_) => {
                    self.chars.next();
                }
                None => return None,
            }
        }
    }
}

/// A folded word, and the way of writing it without umlauts where it has any.
pub(crate) fn fold(word: &str) -> (String, Option<String>) {
    if word.is_ascii() {
        return (word.to_ascii_lowercase(), None);
    }
    let mut plain = String::with_capacity(word.len());
    let mut spelt_out = String::with_capacity(word.len() + 2);
    let mut has_umlaut = false;
    let mut before = ' ';
    for c in DECOMPOSED.normalize(&word.to_lowercase()).chars() {
        if c == '\u{308}' && matches!(before, 'a' | 'o' | 'u') {
            has_umlaut = true;
            spelt_out.push('e');
        }
        before = c;
        if is_mark(c) || is_silent(c) {
            continue;
        }
        match alike(c) {
            Some(letters) => {
                plain.push_str(letters);
                spelt_out.push_str(letters);
            }
            // Compatibility forms may decompose into capitals.
            None => c.to_lowercase().for_each(|c| {
                plain.push(c);
                spelt_out.push(c);
            }),
        }
    }
    (plain, has_umlaut.then_some(spelt_out))
}

/// Letters that no decomposition takes apart.
fn alike(c: char) -> Option<&'static str> {
    Some(match c {
        'ß' => "ss",
        'æ' => "ae",
        'œ' => "oe",
        'ø' => "o",
        'đ' | 'ð' => "d",
        'ł' => "l",
        'ħ' => "h",
        'ı' => "i",
        'þ' => "th",
        'ς' => "σ",
        _ => return None,
    })
}

fn compose(chars: &[char]) -> String {
    let text: String = chars.iter().collect();
    COMPOSED.normalize(&text).to_lowercase()
}

/// Accents, points and the like.
fn is_mark(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36f}' | '\u{591}'..='\u{5c7}' | '\u{64b}'..='\u{65f}' | '\u{670}' | '\u{1ab0}'..='\u{1aff}')
}

/// What has no face and parts no word.
fn is_silent(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}' | '\u{fe00}'..='\u{fe0f}')
}

/// Signs that kill or join a vowel in the scripts of India belong to the word.
fn is_letter(c: char) -> bool {
    c.is_alphanumeric()
        || is_mark(c)
        || matches!(
            c,
            '\u{94d}' | '\u{9cd}' | '\u{a4d}' | '\u{acd}' | '\u{b4d}' | '\u{bcd}' | '\u{c4d}' | '\u{ccd}' | '\u{d4d}'
        )
}

/// Scripts that put no blanks between words: Thai, Lao, Burmese, Khmer, Chinese, Japanese; and Korean, whose endings make one.
fn is_without_blanks(c: char) -> bool {
    matches!(c,
        '\u{e00}'..='\u{eff}' | '\u{1000}'..='\u{109f}' | '\u{1780}'..='\u{17ff}'
        | '\u{1100}'..='\u{11ff}' | '\u{3005}'..='\u{3007}' | '\u{3040}'..='\u{30ff}' | '\u{3105}'..='\u{312f}'
        | '\u{3130}'..='\u{318f}' | '\u{31f0}'..='\u{31ff}' | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}'
        | '\u{ac00}'..='\u{d7af}' | '\u{f900}'..='\u{faff}' | '\u{ff66}'..='\u{ff9f}' | '\u{20000}'..='\u{3134f}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn words(text: &str) -> Vec<String> {
        Words::of(text).map(|word| format!("{}{}", word.position, word.text)).collect()
    }

    #[test]
    fn words_are_folded() {
        assert_eq!(words("Hello, WORLD-wide 2nd"), ["0hello", "1world", "2wide", "32nd"]);
        assert_eq!(words("Müller Strasse Straße"), ["0muller", "0mueller", "1strasse", "2strasse"]);
        assert_eq!(words("Mu\u{308}ller"), ["0muller", "0mueller"]);
        assert_eq!(words("résumé naïve Øre ŁÓDŹ İstanbul"), ["0resume", "1naive", "2ore", "3lodz", "4istanbul"]);
        assert_eq!(words("ｆｕｌｌ ﬁn Ⅷ"), ["0full", "1fin", "2viii"]);
        assert_eq!(words("Ελλάς ΕΛΛΑΣ ёлка"), ["0ελλασ", "1ελλασ", "2елка"]);
        assert_eq!(words("alice@example.test"), ["0alice", "1example", "2test"]);
        assert_eq!(words("soft\u{ad}hyphen"), ["0softhyphen"]);
        assert_eq!(words("— … !"), Vec::<String>::new());
    }

    #[test]
    fn scripts_without_blanks_are_pairs() {
        assert_eq!(words("東京都 in"), ["0東京", "1京都", "2都", "3in"]);
        assert_eq!(words("a東b"), ["0a", "1東", "2b"]);
        assert_eq!(words("ｶﾀｶﾅ"), ["0カタ", "1タカ", "2カナ", "3ナ"]);
        assert_eq!(words("한국어"), ["0한국", "1국어", "2어"]);
    }

    #[test]
    fn long_words_are_cut() {
        assert_eq!(words(&"x".repeat(5000)), [format!("0{}", "x".repeat(WORD_CHARS_MAX))]);
    }

    proptest! {
        #[test]
        fn any_text_does(text in "\\PC{0,60}") {
            let mut last = 0;
            for word in Words::of(&text) {
                prop_assert!(!word.text.is_empty() && word.position >= last);
                last = word.position;
            }
        }
    }
}
