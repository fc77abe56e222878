//! Reverse and forward paths of MAIL and RCPT (RFC 5321 section 4.1.2).

use mail::address::Address;

/// What stands between the angle brackets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Path {
    /// `<>`
    Null,
    /// `<Postmaster>` without a domain, which every server takes (RFC 5321 section 4.5.1).
    Postmaster,
    /// `<local@domain>`; a source route before it has been dropped (RFC 5321 section 4.1.2 asks to ignore it).
    Mailbox(Address),
}

/// Why a path cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PathError {
    /// No `<...>`.
    Syntax,
    /// What is between the brackets is no address.
    Address,
}

/// Reads a path at the start of `text`; returns it with what follows.
///
/// Quirk: spaces before the bracket (`MAIL FROM: <a@b>`) are passed over, since many devices send them.
///
/// # Errors
/// See [`PathError`].
pub fn parse(text: &str) -> Result<(Path, &str), PathError> {
    let text = text.trim_start_matches(' ').strip_prefix('<').ok_or(PathError::Syntax)?;
    let end = closing_bracket(text).ok_or(PathError::Syntax)?;
    let (inner, rest) = (&text[..end], &text[end + 1..]);
    if !rest.is_empty() && !rest.starts_with(' ') {
        return Err(PathError::Syntax);
    }
    let path = match without_route(inner) {
        "" => Path::Null,
        postmaster if postmaster.eq_ignore_ascii_case("postmaster") => Path::Postmaster,
        address => Path::Mailbox(address.parse().map_err(|_| PathError::Address)?),
    };
    Ok((path, rest))
}

/// Index of the `>` that is not within a quoted string.
fn closing_bracket(text: &str) -> Option<usize> {
    let (mut quoted, mut escaped) = (false, false);
    for (index, byte) in text.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b'>' if !quoted => return Some(index),
            _ => {}
        }
    }
    None
}

/// `user@domain` of `@relay,@relay:user@domain`.
fn without_route(inner: &str) -> &str {
    if !inner.starts_with('@') {
        return inner;
    }
    inner.split_once(':').map_or(inner, |(_, address)| address)
}
