//! The DKIM-Signature field (RFC 6376 section 3.5).

use super::canonical;
use aws_lc_rs::{
    rand::SystemRandom,
    signature::{Ed25519KeyPair, RSA_PKCS1_SHA256, RsaKeyPair},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use directory::dkim::{Algorithm, SigningKey};
use mail::header;
use std::fmt::Write;

/// Fields that are signed wherever they stand.
const SIGNED: [&str; 24] = [
    "From",
    "Sender",
    "Reply-To",
    "Subject",
    "Date",
    "Message-ID",
    "To",
    "Cc",
    "MIME-Version",
    "Content-Type",
    "Content-Transfer-Encoding",
    "Content-Disposition",
    "In-Reply-To",
    "References",
    "Resent-Date",
    "Resent-From",
    "Resent-To",
    "Resent-Message-ID",
    "List-Id",
    "List-Unsubscribe",
    "List-Unsubscribe-Post",
    "List-Post",
    "Auto-Submitted",
    "Feedback-ID",
];
/// Fields that nobody may add either: one more than there are is named (RFC 6376 section 8.15).
const SEALED: [&str; 9] =
    ["From", "Reply-To", "Subject", "Date", "To", "Cc", "MIME-Version", "Content-Type", "Content-Transfer-Encoding"];
/// Fields of one name that are signed; more are no mail that people write.
const SAME_MAX: usize = 20;
/// Length at which lines of the field are folded.
const LINE_CHARS: usize = 76;

/// A key ready to sign.
pub struct Key {
    /// Selector.
    pub selector: String,
    pair: Pair,
}

enum Pair {
    Rsa(Box<RsaKeyPair>),
    Ed25519(Box<Ed25519KeyPair>),
}

impl Key {
    /// Reads a key; `None` when it is damaged.
    pub fn new(key: &SigningKey) -> Option<Self> {
        let pair = match key.algorithm {
            Algorithm::Rsa => Pair::Rsa(Box::new(RsaKeyPair::from_pkcs8(&key.pkcs8).ok()?)),
            Algorithm::Ed25519 => Pair::Ed25519(Box::new(Ed25519KeyPair::from_pkcs8(&key.pkcs8).ok()?)),
        };
        Some(Self { selector: key.selector.clone(), pair })
    }

    fn algorithm(&self) -> &'static str {
        match self.pair {
            Pair::Rsa(_) => "rsa-sha256",
            Pair::Ed25519(_) => "ed25519-sha256",
        }
    }

    fn sign(&self, text: &[u8]) -> Option<Vec<u8>> {
        match &self.pair {
            Pair::Rsa(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), text, &mut signature).ok()?;
                Some(signature)
            }
            // RFC 8463 section 3: what is signed is the hash.
            Pair::Ed25519(pair) => {
                let hash = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, text);
                Some(pair.sign(hash.as_ref()).as_ref().to_vec())
            }
        }
    }
}

/// A whole DKIM-Signature field with its line end. `head`: the header block of the message; `body_hash`: of its body;
/// `domain` in A-labels; `at` in seconds since 1970. `None` when the cryptography fails.
pub fn signature(key: &Key, domain: &str, head: &[u8], body_hash: &[u8; 32], at: i64) -> Option<String> {
    let (names, mut text) = signed_fields(head);
    let mut value =
        format!("v=1; a={}; c=relaxed/relaxed; d={domain}; s={};\r\n\tt={at}; ", key.algorithm(), key.selector);
    fold(&mut value, "h=", &names.join(":"), ':');
    value.push_str(";\r\n\t");
    let _ = write!(value, "bh={};\r\n\t", STANDARD.encode(body_hash));
    value.push_str("b=");
    let mut field = Vec::new();
    canonical::field(b"DKIM-Signature", value.as_bytes(), &mut field);
    // The field itself is signed without its line end (RFC 6376 section 3.7).
    text.extend_from_slice(field.strip_suffix(b"\r\n").unwrap_or(&field));
    let signature = STANDARD.encode(key.sign(&text)?);
    let mut lines = signature.as_bytes().chunks(LINE_CHARS - 4);
    if let Some(first) = lines.next() {
        value.push_str(&String::from_utf8_lossy(first));
    }
    for line in lines {
        let _ = write!(value, "\r\n\t {}", String::from_utf8_lossy(line));
    }
    Some(format!("DKIM-Signature: {value}\r\n"))
}

/// The names for `h=`, and the fields in relaxed form in that order.
fn signed_fields(head: &[u8]) -> (Vec<&'static str>, Vec<u8>) {
    let fields: Vec<(&[u8], &[u8])> = header::fields(head).collect();
    let (mut names, mut text) = (Vec::new(), Vec::new());
    for name in SIGNED {
        // From the bottom up (RFC 6376 section 5.4.2).
        let same =
            fields.iter().rev().filter(|(found, _)| found.trim_ascii_end().eq_ignore_ascii_case(name.as_bytes()));
        for (found, value) in same.take(SAME_MAX) {
            canonical::field(found, value, &mut text);
            names.push(name);
        }
        if SEALED.contains(&name) {
            names.push(name);
        }
    }
    (names, text)
}

/// Appends a tag, folded after separators.
fn fold(out: &mut String, tag: &str, value: &str, separator: char) {
    out.push_str(tag);
    let mut length = tag.len() + 24;
    for part in value.split_inclusive(separator) {
        if length + part.len() > LINE_CHARS {
            out.push_str("\r\n\t ");
            length = 2;
        }
        out.push_str(part);
        length += part.len();
    }
}
