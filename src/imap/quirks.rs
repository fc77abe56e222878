//! Where the grammar is wider than the RFC because real clients are. Each quirk has a name, its clients and the reason; there
//! is no tolerance anywhere else.

use crate::proto::Lexer;

/// Lines that end in LF alone: people typing in `nc` and home-made scripts. Literals are unaffected, and after STARTTLS
/// nothing that came before is read.
pub const BARE_LF_ENDS_LINE: bool = true;

/// `BODY[TEXT]<0>` without a length: old Outlook for Mac asks so; it is read as "to the end".
pub const PARTIAL_WITHOUT_LENGTH: bool = true;

/// A space before the line end: old Outlook (`NOOP `) and some phones (`UID SEARCH ... `).
pub fn eat_trailing_space(lexer: &mut Lexer<'_>) {
    if lexer.rest() == b" " {
        let _ = lexer.eat(b' ');
    }
}

/// UTF-8 in atoms, mostly mailbox names typed by scripts; RFC 9051 clients send it quoted.
pub fn is_unquoted_8bit(byte: u8) -> bool {
    byte >= 0x80
}
