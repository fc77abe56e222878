//! SCRAM-SHA-256 (RFC 5802, RFC 7677), the server's side, without channel binding.

use crate::known::Used;
use aws_lc_rs::{digest, hmac, pbkdf2};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde::{Deserialize, Serialize};
use std::num::NonZeroU32;
use subtle::ConstantTimeEq as _;

/// Iterations of PBKDF2 for new passwords. RFC 7677 section 4 asks for 4096 at least; whoever steals the store would
/// attack these keys rather than the argon2id beside them, so it is as many as a telephone still does without a wait.
pub(crate) const ITERATIONS: NonZeroU32 = NonZeroU32::new(100_000).expect("not zero");

type Digest = [u8; 32];

/// What the server keeps of a password (RFC 5802 section 3).
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Keys {
    salt: [u8; 16],
    iterations: u32,
    stored_key: Digest,
    server_key: Digest,
}

impl Keys {
    pub(crate) fn derive(password: &str, salt: [u8; 16], iterations: NonZeroU32) -> Self {
        let mut salted: Digest = [0; 32];
        pbkdf2::derive(pbkdf2::PBKDF2_HMAC_SHA256, iterations, &salt, password.as_bytes(), &mut salted);
        let client_key = sign(&salted, b"Client Key");
        Self {
            salt,
            iterations: iterations.get(),
            stored_key: hash(&client_key),
            server_key: sign(&salted, b"Server Key"),
        }
    }

    /// Whether a proof over a message was made with the password of these keys.
    fn fits(&self, signed: &[u8], proof: Digest) -> bool {
        let mut client_key = proof;
        client_key.iter_mut().zip(sign(&self.stored_key, signed)).for_each(|(byte, mask)| *byte ^= mask);
        hash(&client_key).ct_eq(&self.stored_key).into()
    }

    /// Keys that no password has, with a salt that depends on the name.
    pub(crate) fn fake(secret: &[u8; 32], name: &str) -> Self {
        let mut hasher = blake3::Hasher::new_keyed(secret);
        hasher.update(name.to_lowercase().as_bytes());
        let mut reader = hasher.finalize_xof();
        let mut keys = Self { salt: [0; 16], iterations: ITERATIONS.get(), stored_key: [0; 32], server_key: [0; 32] };
        reader.fill(&mut keys.salt);
        reader.fill(&mut keys.stored_key);
        reader.fill(&mut keys.server_key);
        keys
    }
}

/// `client-first-message = gs2-header client-first-message-bare` (RFC 5802 section 7).
#[derive(Debug)]
pub(crate) struct First {
    pub(crate) name: String,
    header: String,
    bare: String,
    nonce: String,
}

impl First {
    pub(crate) fn parse(message: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(message).ok()?;
        let (flag, rest) = text.split_once(',')?;
        let (acting, bare) = rest.split_once(',')?;
        // "p=..." asks for a channel binding, which is not announced.
        if !matches!(flag, "n" | "y") {
            return None;
        }
        let mut attributes = bare.split(',');
        let name = saslname(attributes.next()?.strip_prefix("n=")?)?;
        let nonce = attributes.next()?.strip_prefix("r=")?;
        let printable = nonce.bytes().all(|byte| byte.is_ascii_graphic());
        if nonce.is_empty() || !printable {
            return None;
        }
        // Acting for another is not offered.
        if !acting.is_empty() && saslname(acting.strip_prefix("a=")?)? != name {
            return None;
        }
        let header = format!("{flag},{acting},");
        Some(Self { name, header, bare: bare.to_owned(), nonce: nonce.to_owned() })
    }
}

/// `saslname`, in which `=2C` is a comma and `=3D` an equals sign (RFC 5802 section 5.1).
pub(super) fn saslname(text: &str) -> Option<String> {
    let mut name = String::with_capacity(text.len());
    let mut parts = text.split('=');
    name.push_str(parts.next()?);
    for part in parts {
        name.push(match part.get(..2)? {
            "2C" => ',',
            "3D" => '=',
            _ => return None,
        });
        name.push_str(&part[2..]);
    }
    (!name.is_empty() && !name.contains('\0')).then_some(name)
}

/// `client-final-message` (RFC 5802 section 7).
#[derive(Debug)]
pub(crate) struct Final {
    without_proof: String,
    binding: Vec<u8>,
    nonce: String,
    proof: Digest,
}

impl Final {
    pub(crate) fn parse(message: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(message).ok()?;
        let (without_proof, proof) = text.rsplit_once(",p=")?;
        let mut attributes = without_proof.split(',');
        let binding = BASE64_STANDARD.decode(attributes.next()?.strip_prefix("c=")?).ok()?;
        let nonce = attributes.next()?.strip_prefix("r=")?.to_owned();
        let proof = BASE64_STANDARD.decode(proof).ok()?.try_into().ok()?;
        Some(Self { without_proof: without_proof.to_owned(), binding, nonce, proof })
    }
}

/// The server between its two messages. There is one salt for a name, but a password and app passwords under it: the
/// proof shows which of them the client has.
#[derive(Debug)]
pub(crate) struct Server {
    first: First,
    salt: [u8; 16],
    iterations: u32,
    keys: Vec<(Used, Keys)>,
    nonce: String,
}

impl Server {
    /// `None` without keys. Keys of another salt than the first's can never fit and are left out.
    pub(crate) fn new(first: First, mut keys: Vec<(Used, Keys)>, random: &[u8]) -> Option<Self> {
        let nonce = format!("{}{}", first.nonce, BASE64_STANDARD.encode(random));
        let (salt, iterations) = keys.first().map(|(_, keys)| (keys.salt, keys.iterations))?;
        keys.retain(|(_, keys)| keys.salt == salt && keys.iterations == iterations);
        Some(Self { first, salt, iterations, keys, nonce })
    }

    pub(crate) fn first_message(&self) -> String {
        format!("r={},s={},i={}", self.nonce, BASE64_STANDARD.encode(self.salt), self.iterations)
    }

    /// What the client has, and the server's last message, when the client's proof is right.
    pub(crate) fn verify(&self, last: &Final) -> Option<(Used, String)> {
        if last.nonce != self.nonce || last.binding != self.first.header.as_bytes() {
            return None;
        }
        let signed = format!("{},{},{}", self.first.bare, self.first_message(), last.without_proof);
        let (used, keys) = self.keys.iter().find(|(_, keys)| keys.fits(signed.as_bytes(), last.proof))?;
        Some((*used, format!("v={}", BASE64_STANDARD.encode(sign(&keys.server_key, signed.as_bytes())))))
    }
}

fn sign(key: &[u8], message: &[u8]) -> Digest {
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), message);
    tag.as_ref().try_into().expect("HMAC-SHA-256 has 32 bytes")
}

fn hash(bytes: &[u8]) -> Digest {
    digest::digest(&digest::SHA256, bytes).as_ref().try_into().expect("SHA-256 has 32 bytes")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 7677 section 3.
    fn example() -> Server {
        let salt = BASE64_STANDARD.decode("W22ZaJ0SNY7soEsUEjb6gQ==").unwrap().try_into().unwrap();
        let keys = Keys::derive("pencil", salt, NonZeroU32::new(4096).unwrap());
        let first = First::parse(b"n,,n=user,r=rOprNGfwEbeRWgbNEkqO").unwrap();
        assert_eq!(first.name, "user");
        let other = Keys { stored_key: [1; 32], ..keys.clone() };
        let mut server = Server::new(first, vec![(None, other), (Some(7), keys)], b"").unwrap();
        server.nonce.push_str("%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0");
        server
    }

    const PROOF: &str = "dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=";
    const NONCE: &str = "rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0";

    #[test]
    fn the_example_of_the_rfc() {
        let server = example();
        assert_eq!(server.first_message(), format!("r={NONCE},s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096"));
        let last = Final::parse(format!("c=biws,r={NONCE},p={PROOF}").as_bytes()).unwrap();
        let signature = "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=".to_owned();
        assert_eq!(server.verify(&last).unwrap(), (Some(7), signature));
    }

    #[test]
    fn another_nonce_binding_or_proof_is_refused() {
        let wrong_proof = PROOF.replace('d', "e");
        for message in [
            format!("c=biws,r={NONCE}x,p={PROOF}"),
            format!("c=eSws,r={NONCE},p={PROOF}"),
            format!("c=biws,r={NONCE},p={wrong_proof}"),
        ] {
            let last = Final::parse(message.as_bytes()).unwrap();
            assert_eq!(example().verify(&last), None, "{message}");
        }
    }

    #[test]
    fn malformed_messages_are_refused() {
        for message in [
            "",
            "n,,",
            "n,,n=user",
            "n,,r=x,n=user",
            "p=tls-unique,,n=user,r=x",
            "n,,n=a=2X,r=x",
            "n,a=other,n=user,r=x",
            "n,,m=ext,n=user,r=x",
        ] {
            assert!(First::parse(message.as_bytes()).is_none(), "{message}");
        }
        for message in ["", "c=biws", "c=biws,r=x", "c=?,r=x,p=AA==", "c=biws,r=x,p=AA=="] {
            assert!(Final::parse(message.as_bytes()).is_none(), "{message}");
        }
        assert_eq!(saslname("a=2Cb=3Dc").as_deref(), Some("a,b=c"));
    }
}
