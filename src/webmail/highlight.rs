//! Marks in a text what somebody looked for: whole words that are alike or begin alike, whatever their case and accents.

/// A part of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Piece {
    /// The part.
    pub(crate) text: String,
    /// Whether it was looked for.
    pub(crate) is_hit: bool,
}

/// What was looked for, as folded words.
#[derive(Debug, Clone, Default)]
pub(crate) struct Marks {
    words: Vec<Vec<char>>,
}

impl Marks {
    /// Of texts; each word of them is marked.
    pub(crate) fn new<'a>(texts: impl Iterator<Item = &'a str>) -> Self {
        let words = texts.flat_map(|text| text.split(|c: char| !c.is_alphanumeric()));
        Self { words: words.map(folded).filter(|word| !word.is_empty()).collect() }
    }

    /// The text in pieces.
    pub(crate) fn pieces(&self, text: &str) -> Vec<Piece> {
        let mut pieces: Vec<Piece> = Vec::new();
        let mut rest = text;
        let mut put = |text: &str, is_hit: bool| match pieces.last_mut() {
            _ if text.is_empty() => {}
            Some(last) if last.is_hit == is_hit => last.text.push_str(text),
            _ => pieces.push(Piece { text: text.to_owned(), is_hit }),
        };
        while !rest.is_empty() {
            let begin = rest.find(char::is_alphanumeric).unwrap_or(rest.len());
            put(&rest[..begin], false);
            rest = &rest[begin..];
            let end = rest.find(|c: char| !c.is_alphanumeric()).unwrap_or(rest.len());
            let (word, after) = rest.split_at(end);
            let hit = self.hit(word);
            put(&word[..hit.start], false);
            put(&word[hit.clone()], true);
            put(&word[hit.end..], false);
            rest = after;
        }
        pieces
    }

    /// The part of a word that was looked for; empty for none.
    fn hit(&self, word: &str) -> std::ops::Range<usize> {
        let chars = folded(word);
        let is_hit = self.words.iter().any(|wanted| chars.starts_with(wanted));
        if is_hit {
            return 0..word.len();
        }
        // Scripts without blanks have words within.
        let within = self.words.iter().find_map(|wanted| {
            let is_dense = wanted.iter().all(|c| *c >= '\u{e00}');
            let at = is_dense.then(|| chars.windows(wanted.len()).position(|window| window == wanted.as_slice()))??;
            Some((at, wanted.len()))
        });
        let place = |index: usize| word.char_indices().nth(index).map_or(word.len(), |(at, _)| at);
        within.map_or(0..0, |(at, length)| place(at)..place(at + length))
    }
}

/// Small letters without accents. `ß` stays one letter, so that places in a word stay what they are.
fn folded(word: &str) -> Vec<char> {
    word.chars().map(|c| plain(c.to_lowercase().next().unwrap_or(c))).collect()
}

fn plain(c: char) -> char {
    match c {
        'à' | 'á' | 'â' | 'ã' | 'ä' | 'å' | 'ā' | 'ă' | 'ą' => 'a',
        'ç' | 'ć' | 'č' => 'c',
        'ď' | 'đ' => 'd',
        'è' | 'é' | 'ê' | 'ë' | 'ē' | 'ę' | 'ě' => 'e',
        'ì' | 'í' | 'î' | 'ï' | 'ī' | 'ı' => 'i',
        'ł' | 'ľ' => 'l',
        'ñ' | 'ń' | 'ň' => 'n',
        'ò' | 'ó' | 'ô' | 'õ' | 'ö' | 'ø' | 'ō' | 'ő' => 'o',
        'ř' | 'ŕ' => 'r',
        'ś' | 'š' | 'ş' | 'ș' => 's',
        'ť' | 'ț' | 'ţ' => 't',
        'ù' | 'ú' | 'û' | 'ü' | 'ū' | 'ů' | 'ű' => 'u',
        'ý' | 'ÿ' => 'y',
        'ź' | 'ż' | 'ž' => 'z',
        c => c,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn marked(words: &str, text: &str) -> String {
        let marks = Marks::new([words].into_iter());
        let show = |piece: Piece| if piece.is_hit { format!("[{}]", piece.text) } else { piece.text };
        marks.pieces(text).into_iter().map(show).collect()
    }

    #[test]
    fn words_are_marked() {
        assert_eq!(
            marked("report", "Quarterly reports, REPORT! misreport"),
            "Quarterly [reports], [REPORT]! misreport"
        );
        assert_eq!(marked("muller a@b", "Jürgen Müller <a@b>"), "Jürgen [Müller] <[a]@[b]>");
        assert_eq!(marked("京都", "東京都"), "東[京都]");
        assert_eq!(marked("", "any text"), "any text");
    }

    proptest::proptest! {
        #[test]
        fn nothing_is_lost(words in "\\PC{0,20}", text in "\\PC{0,40}") {
            let pieces = Marks::new([words.as_str()].into_iter()).pieces(&text);
            assert_eq!(pieces.iter().map(|piece| piece.text.as_str()).collect::<String>(), text);
        }
    }
}
