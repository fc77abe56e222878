//! The Received trace header (RFC 5321 section 4.4).

/// What a Received header says.
#[derive(Debug, Clone)]
pub struct Received<'a> {
    /// Name given in EHLO or HELO.
    pub helo: &'a str,
    /// Client address.
    pub client: std::net::IpAddr,
    /// Our host name.
    pub by: &'a str,
    /// `ESMTP`, `ESMTPS`, `ESMTPSA` ... (RFC 3848; with UTF8: RFC 6531 section 4.3).
    pub with: &'a str,
    /// TLS version and cipher, when TLS was used.
    pub tls: Option<&'a str>,
    /// Trace id.
    pub id: &'a str,
    /// The one recipient; left out when there are several (RFC 5321 section 7.2 guards blind copies).
    pub recipient: Option<&'a str>,
    /// When, milliseconds since 1970.
    pub at: i64,
}

impl Received<'_> {
    /// The header with folding and a final CRLF.
    pub fn render(&self) -> String {
        todo!()
    }
}
