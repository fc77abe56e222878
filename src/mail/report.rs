//! Delivery status notifications (RFC 3464 in a multipart/report of RFC 6522).

/// What happened to one recipient.
#[derive(Debug, Clone)]
pub struct RecipientStatus {
    /// Final-Recipient.
    pub recipient: String,
    /// Original-Recipient, when another was given first.
    pub original: Option<String>,
    /// `failed`, `delayed`, `delivered`, `relayed`.
    pub action: &'static str,
    /// Enhanced status code (RFC 3463), for example `5.1.1`.
    pub status: String,
    /// Name of the server that answered.
    pub remote: Option<String>,
    /// Its answer in its own words.
    pub diagnostic: Option<String>,
    /// Next attempts end at this time, milliseconds since 1970, for `delayed`.
    pub retry_until: Option<i64>,
}

/// A notification to be written.
#[derive(Debug, Clone)]
pub struct Report<'a> {
    /// Reporting server.
    pub hostname: &'a str,
    /// Who is told: the reverse-path of the message.
    pub to: &'a str,
    /// Arrival of the message, milliseconds since 1970.
    pub arrived: i64,
    /// Now, milliseconds since 1970.
    pub at: i64,
    /// Message-ID of the notification, without brackets.
    pub message_id: &'a str,
    /// The recipients it is about.
    pub recipients: &'a [RecipientStatus],
    /// Header of the original message, which is returned (RFC 3462 text/rfc822-headers).
    pub original_header: &'a [u8],
}

impl Report<'_> {
    /// The whole notification, CRLF line ends.
    pub fn render(&self) -> Vec<u8> {
        todo!()
    }
}
