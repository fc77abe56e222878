//! Commands: text with the parts that need it as quoted strings or literals.

/// A command without its tag.
#[derive(Debug, Clone, Default)]
pub(crate) struct Command {
    pub(super) parts: Vec<Part>,
}

#[derive(Debug, Clone)]
pub(super) enum Part {
    Plain(String),
    Literal(Vec<u8>),
}

/// Longest text sent as a quoted string.
const QUOTED_BYTES_MAX: usize = 1000;

impl Command {
    /// A command that begins with these words.
    pub(crate) fn new(words: impl Into<String>) -> Self {
        Self { parts: vec![Part::Plain(words.into())] }
    }

    /// Adds words as they are.
    pub(crate) fn word(mut self, words: &str) -> Self {
        let mut text = String::from(" ");
        text.push_str(words);
        self.plain(&text);
        self
    }

    /// Adds a string, quoted or as a literal as it needs.
    pub(crate) fn string(mut self, text: &str) -> Self {
        let quotable = text.len() <= QUOTED_BYTES_MAX && text.bytes().all(|b| (0x20..0x7f).contains(&b));
        if quotable {
            self.plain(&format!(" \"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"")));
            return self;
        }
        self.literal(text.as_bytes().to_vec())
    }

    /// Adds a mailbox name, in the modified UTF-7 of IMAP4rev1 (RFC 3501 section 5.1.3).
    pub(crate) fn mailbox(self, name: &str) -> Self {
        self.string(&super::utf7::encode(name))
    }

    /// Adds a mailbox name to a list that is open: without a blank before the first.
    pub(crate) fn mailbox_in_list(self, name: &str) -> Self {
        let is_first = matches!(self.parts.last(), Some(Part::Plain(text)) if text.ends_with('('));
        let quoted = format!("\"{}\"", super::utf7::encode(name).replace('\\', "\\\\").replace('"', "\\\""));
        self.glue(if is_first { "" } else { " " }).glue(&quoted)
    }

    /// Adds to what stands last, without a blank.
    pub(crate) fn glue(mut self, text: &str) -> Self {
        self.plain(text);
        self
    }

    /// Adds a literal.
    pub(crate) fn literal(mut self, bytes: Vec<u8>) -> Self {
        self.plain(" ");
        self.parts.push(Part::Literal(bytes));
        self
    }

    /// Closes a parenthesis that the words opened.
    pub(crate) fn close(mut self) -> Self {
        self.plain(")");
        self
    }

    fn plain(&mut self, text: &str) {
        match self.parts.last_mut() {
            Some(Part::Plain(last)) => last.push_str(text),
            _ => self.parts.push(Part::Plain(text.to_owned())),
        }
    }
}
