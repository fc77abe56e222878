//! Messages that carry a ticket: OAUTHBEARER (RFC 7628 section 3.1) and XOAUTH2, which came before it.

/// Which of the two.
#[derive(Debug, Clone, Copy)]
pub(super) enum Kind {
    OAuthBearer,
    XOAuth2,
}

/// What a client presents.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Bearer {
    /// The name it claims.
    pub(super) name: Option<String>,
    pub(super) token: String,
}

impl Kind {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::OAuthBearer => "OAUTHBEARER",
            Self::XOAuth2 => "XOAUTH2",
        }
    }

    /// Sent as a challenge before the exchange fails (RFC 7628 section 3.2.2); XOAUTH2's older form has a number.
    pub(super) fn refusal(self) -> &'static str {
        match self {
            Self::OAuthBearer => r#"{"status":"invalid_token"}"#,
            Self::XOAuth2 => r#"{"status":"401","schemes":"bearer"}"#,
        }
    }

    pub(super) fn parse(self, message: &[u8]) -> Option<Bearer> {
        let text = std::str::from_utf8(message).ok()?;
        match self {
            Self::OAuthBearer => {
                // client-resp = (gs2-header kvsep *kvpair kvsep) / kvsep
                let (header, pairs) = text.split_once('\x01')?;
                let name = gs2_name(header)?;
                Some(Bearer { name, token: token(pairs)? })
            }
            Self::XOAuth2 => {
                // user=NAME kvsep auth=Bearer TOKEN kvsep kvsep
                let (user, pairs) = text.split_once('\x01')?;
                let name = user.strip_prefix("user=")?;
                Some(Bearer { name: Some(name.to_owned()), token: token(pairs)? })
            }
        }
    }
}

/// The authorisation identity of `n,a=NAME,`: no channel binding is possible with a ticket.
fn gs2_name(header: &str) -> Option<Option<String>> {
    let mut parts = header.split(',');
    match (parts.next()?, parts.next()?, parts.next()?, parts.next()) {
        ("n" | "y", "", "", None) => Some(None),
        ("n" | "y", name, "", None) => super::scram::saslname(name.strip_prefix("a=")?).map(Some),
        _ => None,
    }
}

/// The token of `auth=Bearer TOKEN`; other pairs (host, port) are passed over. Both forms end in two separators.
fn token(pairs: &str) -> Option<String> {
    let pairs = pairs.strip_suffix("\x01\x01")?;
    let auth = pairs.split('\x01').find_map(|pair| pair.strip_prefix("auth="))?;
    let (scheme, token) = auth.split_once(' ')?;
    (scheme.eq_ignore_ascii_case("Bearer") && !token.is_empty()).then(|| token.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_of_the_rfc_are_read() {
        // RFC 7628 section 4.1.
        let message = "n,a=user@example.com,\x01host=server.example.com\x01port=143\x01auth=Bearer vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg==\x01\x01";
        let bearer = Kind::OAuthBearer.parse(message.as_bytes()).unwrap();
        assert_eq!(bearer.name.as_deref(), Some("user@example.com"));
        assert_eq!(bearer.token, "vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg==");
        let message = "user=a@example.com\x01auth=Bearer abc\x01\x01";
        let bearer = Kind::XOAuth2.parse(message.as_bytes()).unwrap();
        assert_eq!(bearer, Bearer { name: Some("a@example.com".into()), token: "abc".into() });
    }

    #[test]
    fn other_messages_are_not() {
        for message in [
            "",
            "\x01",
            "n,,",
            "n,,\x01auth=Bearer x",
            "p=tls-unique,,\x01auth=Bearer x\x01\x01",
            "n,,\x01auth=Basic x\x01\x01",
        ] {
            assert_eq!(Kind::OAuthBearer.parse(message.as_bytes()), None, "{message:?}");
            assert_eq!(Kind::XOAuth2.parse(message.as_bytes()), None, "{message:?}");
        }
    }
}
