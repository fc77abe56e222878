//! The form of an ARC chain (RFC 8617 section 4, RFC 6376 section 3.2), which the library takes more loosely: what is not well
//! formed has failed, whatever its signatures say.

use mail::header;
use std::collections::BTreeMap;

/// Fields of a chain that are looked at; longer chains fail (section 5.1.2 allows 50 sets).
const FIELDS_MAX: usize = 150;

/// Whether the chain of a message is well formed; `None` when it has none.
pub(crate) fn is_well_formed(message: &[u8]) -> Option<bool> {
    let (mut seals, mut signatures, mut results, mut all) = (0_usize, 0_usize, 0_usize, true);
    for field in header::spans(message) {
        let count = match field.name.to_ascii_lowercase().as_slice() {
            b"arc-seal" => {
                all &= is_seal(field.value);
                &mut seals
            }
            b"arc-message-signature" => {
                all &= is_signature(field.value);
                &mut signatures
            }
            b"arc-authentication-results" => &mut results,
            _ => continue,
        };
        *count += 1;
        if seals + signatures + results > FIELDS_MAX {
            return Some(false);
        }
    }
    let is_none = seals + signatures + results == 0;
    (!is_none).then_some(all && seals == signatures && signatures == results)
}

fn is_seal(value: &[u8]) -> bool {
    let Some(tags) = tags(value) else { return false };
    let has_all = ["a", "b", "cv", "d", "i", "s"].iter().all(|name| tags.contains_key(name));
    has_all && !tags.contains_key("h") && is_algorithm(tags["a"])
}

fn is_signature(value: &[u8]) -> bool {
    let Some(tags) = tags(value) else { return false };
    let has_all = ["a", "b", "bh", "d", "h", "i", "s"].iter().all(|name| tags.contains_key(name));
    has_all && is_algorithm(tags["a"]) && tags["h"].split(':').all(|name| !name.trim().eq_ignore_ascii_case("arc-seal"))
}

fn is_algorithm(text: &str) -> bool {
    matches!(text, "rsa-sha256" | "ed25519-sha256")
}

/// A tag-list: names are case-sensitive, and none is there twice.
fn tags(value: &[u8]) -> Option<BTreeMap<&str, &str>> {
    let text = std::str::from_utf8(value).ok()?.trim();
    let text = text.strip_suffix(';').unwrap_or(text);
    let mut tags = BTreeMap::new();
    for tag in text.split(';') {
        let (name, value) = tag.split_once('=')?;
        let (name, value) = (name.trim(), value.trim());
        let is_name = name.starts_with(|c: char| c.is_ascii_alphabetic())
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        if !is_name || tags.insert(name, value).is_some() {
            return None;
        }
    }
    Some(tags)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn tag_lists_are_read_to_the_letter() {
        assert_eq!(tags(b" a=b; c = d=e ;\r\n").unwrap(), BTreeMap::from([("a", "b"), ("c", "d=e")]));
        for wrong in [&b"a=b;;c=d"[..], b"a=b; a=c", b"_=x", b"a", b""] {
            assert_eq!(tags(wrong), None, "{}", wrong.escape_ascii());
        }
        assert_eq!(is_well_formed(b"Subject: x\r\n\r\n"), None);
        assert_eq!(is_well_formed(b"ARC-Seal: i=1\r\n\r\n"), Some(false));
    }

    proptest! {
        #[test]
        fn no_field_panics(value: Vec<u8>) {
            let field = [b"ARC-Seal:".as_slice(), &value].concat();
            let _ = (tags(&value), is_well_formed(&field));
        }
    }
}
