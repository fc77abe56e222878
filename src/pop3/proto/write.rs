//! Lines of replies.

/// Decimal digits, without the detour by a formatter: listings have a line for each of many messages.
pub fn number(out: &mut Vec<u8>, mut number: u64) {
    let mut digits = [0; 20];
    let mut at = digits.len();
    loop {
        at -= 1;
        digits[at] = b'0' + (number % 10) as u8;
        number /= 10;
        if number == 0 {
            break;
        }
    }
    out.extend_from_slice(&digits[at..]);
}

/// Eight hexadecimal digits.
pub fn hex(out: &mut Vec<u8>, number: u32) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    for shift in (0..8).rev() {
        out.push(DIGITS[(number >> (4 * shift)) as usize & 15]);
    }
}

/// `+OK text`
pub fn ok(out: &mut Vec<u8>, text: &str) {
    line(out, "+OK", "", text);
}

/// `-ERR [code] text`
pub fn err(out: &mut Vec<u8>, code: &str, text: &str) {
    line(out, "-ERR", code, text);
}

/// Texts are ours; what a client gave may stand in one, so a line end in it does not become one here.
fn line(out: &mut Vec<u8>, status: &str, code: &str, text: &str) {
    out.extend_from_slice(status.as_bytes());
    if !code.is_empty() {
        out.extend_from_slice(b" [");
        out.extend_from_slice(code.as_bytes());
        out.push(b']');
    }
    if !text.is_empty() {
        out.push(b' ');
        out.extend(text.bytes().map(|byte| if byte.is_ascii_control() { b' ' } else { byte }));
    }
    out.extend_from_slice(b"\r\n");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_lines() {
        let mut out = Vec::new();
        for value in [0, 9, 10, u64::MAX] {
            number(&mut out, value);
            out.push(b' ');
        }
        hex(&mut out, 0x0012_abcd);
        err(&mut out, "IN-USE", "a\r\nb");
        ok(&mut out, "");
        assert_eq!(
            String::from_utf8(out).unwrap(),
            "0 9 10 18446744073709551615 0012abcd-ERR [IN-USE] a  b\r\n+OK\r\n"
        );
    }
}
