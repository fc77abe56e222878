//! The header of a message that is answered, handed on or gone on with. Unlike an envelope it has every recipient.

use super::{
    addresses::Person,
    draft::{message_id, one_line},
};
use mail::{encoded_word, header};
use mail_parser::{Address, MessageParser};

/// Recipients that are read of one field.
const PEOPLE_MAX: usize = 1000;

/// What compose needs of a header.
#[derive(Debug, Clone, Default)]
pub(crate) struct Head {
    /// From.
    pub(crate) from: Vec<Person>,
    /// Reply-To.
    pub(crate) reply_to: Vec<Person>,
    /// Mail-Followup-To, by which people on mailing lists say where answers to all go.
    pub(crate) followup_to: Vec<Person>,
    /// To.
    pub(crate) to: Vec<Person>,
    /// Cc.
    pub(crate) cc: Vec<Person>,
    /// Bcc.
    pub(crate) bcc: Vec<Person>,
    /// Addresses the message was delivered to, as servers noted.
    pub(crate) delivered_to: Vec<Person>,
    /// Subject on one line.
    pub(crate) subject: String,
    /// Date, seconds since 1970.
    pub(crate) sent: Option<i64>,
    /// Message-ID without angle brackets.
    pub(crate) message_id: Option<String>,
    /// References, else In-Reply-To; oldest first.
    pub(crate) references: Vec<String>,
}

impl Head {
    /// Reads the header of a message.
    pub(crate) fn read(message: &[u8]) -> Self {
        let block = &message[..header::header_length(message)];
        let Some(parsed) = MessageParser::new().with_minimal_headers().with_address_headers().parse_headers(block)
        else {
            return Self::default();
        };
        let ids = |name: &str| -> Vec<String> {
            let text =
                header::find(block, name).map(|raw| String::from_utf8_lossy(raw).into_owned()).unwrap_or_default();
            text.split(|c: char| c.is_whitespace() || c == ',').filter_map(message_id).collect()
        };
        let references = Some(ids("References")).filter(|ids| !ids.is_empty()).unwrap_or_else(|| ids("In-Reply-To"));
        let text = |name: &str| header::find(block, name).map(|raw| encoded_word::decode(raw, None));
        Self {
            from: people(parsed.from()),
            reply_to: people(parsed.reply_to()),
            followup_to: text("Mail-Followup-To").map(|t| super::addresses::parse(&t).people).unwrap_or_default(),
            to: people(parsed.to()),
            cc: people(parsed.cc()),
            bcc: people(parsed.bcc()),
            delivered_to: text("Delivered-To").map(|t| super::addresses::parse(&t).people).unwrap_or_default(),
            subject: text("Subject").map(|subject| one_line(&subject)).unwrap_or_default(),
            sent: text("Date").and_then(|date| mail::date::parse_rfc5322(&date)).map(|ms| ms.div_euclid(1000)),
            message_id: ids("Message-ID").into_iter().next(),
            references,
        }
    }

    /// The references of a message that answers this one or hands it on.
    pub(crate) fn thread(&self) -> Vec<String> {
        let mut ids: Vec<String> =
            self.references.iter().filter(|id| Some(*id) != self.message_id.as_ref()).cloned().collect();
        ids.extend(self.message_id.clone());
        ids
    }
}

fn people(field: Option<&Address<'_>>) -> Vec<Person> {
    let Some(field) = field else { return Vec::new() };
    field
        .iter()
        .filter_map(|entry| {
            let address = entry.address()?.parse().ok()?;
            Some(Person::new(entry.name().unwrap_or_default(), address))
        })
        .take(PEOPLE_MAX)
        .collect()
}
