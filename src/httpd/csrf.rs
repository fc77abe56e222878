//! The guard against forged requests: a token derived from the session's ticket.
//!
//! The token is `salt || keyed_hash(key, salt)`, fresh in every page, so that a compressed page does not give it away
//! (BREACH) and nothing has to be stored. It comes back in the header `X-CSRF-Token` (htmx) or the field `_csrf` (forms).

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use subtle::ConstantTimeEq;

/// Name of the form field.
pub(crate) const FIELD: &str = "_csrf";
/// Name of the header.
pub(crate) const HEADER: &str = "X-CSRF-Token";
const SALT_BYTES: usize = 12;
const MAC_BYTES: usize = 20;

/// Makes and checks the tokens of one session.
pub struct Csrf {
    key: [u8; 32],
}

impl Csrf {
    /// The guard of a ticket.
    pub(crate) fn of(ticket: &str) -> Self {
        Self { key: blake3::derive_key("gatepost 2026 csrf token", ticket.as_bytes()) }
    }

    fn mac(&self, salt: &[u8]) -> [u8; MAC_BYTES] {
        let hash = blake3::keyed_hash(&self.key, salt);
        std::array::from_fn(|i| hash.as_bytes()[i])
    }

    /// A fresh token.
    pub fn token(&self) -> String {
        let mut bytes = [0u8; SALT_BYTES + MAC_BYTES];
        // Without randomness the salt stays zero: the token is still right, it is only the same each time.
        let _ = getrandom::fill(&mut bytes[..SALT_BYTES]);
        let mac = self.mac(&bytes[..SALT_BYTES]);
        bytes[SALT_BYTES..].copy_from_slice(&mac);
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// Whether a token is of this session.
    pub fn accepts(&self, token: &str) -> bool {
        let mut bytes = [0u8; SALT_BYTES + MAC_BYTES];
        match URL_SAFE_NO_PAD.decode_slice(token, &mut bytes) {
            Ok(n) if n == bytes.len() => bool::from(self.mac(&bytes[..SALT_BYTES]).ct_eq(&bytes[SALT_BYTES..])),
            _ => false,
        }
    }

    /// Whether the request's header carries a token of this session.
    pub fn accepts_header(&self, request: &actix_web::HttpRequest) -> bool {
        request.headers().get(HEADER).and_then(|v| v.to_str().ok()).is_some_and(|t| self.accepts(t))
    }
}

#[cfg(test)]
mod tests {
    use super::Csrf;

    #[test]
    fn tokens_belong_to_their_session_only() {
        let (one, two) = (Csrf::of("one"), Csrf::of("two"));
        let token = one.token();
        assert!(one.accepts(&token));
        assert!(!two.accepts(&token));
        assert_ne!(token, one.token(), "each page has its own");
        assert!(!one.accepts(""));
        assert!(!one.accepts(&token[1..]));
        assert!(!one.accepts(&format!("{token}A")));
    }
}
