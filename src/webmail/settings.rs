//! What a person has chosen, kept with their mail as annotations of their account (RFC 5464), so that it is there on every
//! device. A server without METADATA keeps nothing; the pages are then as they are before anybody chose.

use crate::{
    imap::{Command, Error},
    pool::Lease,
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// All entries are below this one.
const ROOT: &str = "/private/vendor/gatepost/webmail";
/// Senders whose images are shown; the oldest make room.
const SENDERS_MAX: usize = 300;
/// Bytes of a signature.
pub(crate) const SIGNATURE_BYTES_MAX: usize = 8 * 1024;
/// Characters of a name that mail is sent under.
pub(crate) const NAME_CHARS_MAX: usize = 100;

/// Where a message is shown on a wide screen.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Panes {
    /// Beside the list.
    #[default]
    Three,
    /// In place of the list.
    Two,
}

/// When images of other hosts are fetched without asking.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum ImageChoice {
    /// For senders that were allowed.
    #[default]
    Ask,
    /// For everybody.
    Always,
}

/// The choices about reading and writing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Choices {
    /// Whether lists show conversations rather than messages.
    pub(crate) conversations: bool,
    /// Panes on a wide screen.
    pub(crate) panes: Panes,
    /// Images of other hosts.
    pub(crate) images: ImageChoice,
    /// Whether messages are written with formatting.
    pub(crate) rich: bool,
}

impl Default for Choices {
    fn default() -> Self {
        Self { conversations: true, panes: Panes::default(), images: ImageChoice::default(), rich: true }
    }
}

/// How one of the person's addresses presents itself.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Identity {
    /// The address.
    pub(crate) address: String,
    /// Display name; empty for the account's own.
    pub(crate) name: String,
    /// Signature as cleaned HTML; may be empty.
    pub(crate) signature: String,
}

/// Everything that was chosen.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Settings {
    /// About reading and writing.
    pub(crate) choices: Choices,
    /// Addresses, in lower case, whose images are shown; the newest last.
    pub(crate) senders: Vec<String>,
    /// What was chosen for addresses, by address.
    identities: BTreeMap<String, Identity>,
    /// The address that new messages are written from; empty for the account's own.
    pub(crate) from: String,
    /// Whether changes can be kept.
    pub(crate) is_kept: bool,
}

impl Settings {
    /// Asks for them. What cannot be read is as if it had not been chosen.
    pub(crate) async fn load(lease: &mut Lease) -> Result<Self, Error> {
        if !lease.can("METADATA") {
            return Ok(Self::default());
        }
        let command = Command::new("GETMETADATA (DEPTH infinity) \"\"").word(ROOT);
        let done = lease.run(command).await?;
        let mut settings = Self { is_kept: true, ..Self::default() };
        for pair in done.named("METADATA").filter_map(|values| values.get(1)).flat_map(|v| v.list().chunks_exact(2)) {
            if let (Some(name), Some(value)) = (pair[0].text(), pair[1].bytes()) {
                settings.take(name.strip_prefix(ROOT).unwrap_or_default(), value);
            }
        }
        Ok(settings)
    }

    fn take(&mut self, name: &str, value: &[u8]) {
        match name {
            "/choices" => self.choices = serde_json::from_slice(value).unwrap_or_default(),
            "/image-senders" => self.senders = serde_json::from_slice(value).unwrap_or_default(),
            "/from" => self.from = String::from_utf8_lossy(value).into_owned(),
            _ if name.starts_with("/identity/") => {
                if let Ok(identity) = serde_json::from_slice::<Identity>(value) {
                    self.identities.insert(identity.address.clone(), identity);
                }
            }
            _ => {}
        }
    }

    /// What was chosen for an address.
    pub(crate) fn identity(&self, address: &str) -> Identity {
        let chosen = self.identities.get(address).cloned();
        chosen.unwrap_or_else(|| Identity { address: address.to_owned(), ..Identity::default() })
    }

    /// Whether images of that sender are fetched without asking.
    pub(crate) fn allows_images_of(&self, sender: &str) -> bool {
        self.choices.images == ImageChoice::Always || self.senders.contains(&sender.to_lowercase())
    }

    /// Keeps the choices.
    pub(crate) async fn keep_choices(lease: &mut Lease, choices: &Choices) -> Result<(), Error> {
        put(lease, "/choices", json(choices)?).await
    }

    /// Keeps the address to write from.
    pub(crate) async fn keep_from(lease: &mut Lease, address: &str) -> Result<(), Error> {
        put(lease, "/from", address.as_bytes().to_vec()).await
    }

    /// Keeps what was chosen for an address.
    pub(crate) async fn keep_identity(lease: &mut Lease, identity: &Identity) -> Result<(), Error> {
        // Addresses have characters that names of entries cannot have.
        let name = blake3::hash(identity.address.as_bytes()).to_hex();
        put(lease, &format!("/identity/{}", &name[..32]), json(identity)?).await
    }

    /// Allows the images of a sender from now on, or asks again.
    pub(crate) async fn allow_images_of(&mut self, lease: &mut Lease, sender: &str, allow: bool) -> Result<(), Error> {
        let sender = sender.to_lowercase();
        self.senders.retain(|known| *known != sender);
        if allow {
            self.senders.push(sender);
        }
        let too_many = self.senders.len().saturating_sub(SENDERS_MAX);
        self.senders.drain(..too_many);
        let mut value = json(&self.senders)?;
        while value.len() > 12_000 {
            self.senders.remove(0);
            value = json(&self.senders)?;
        }
        put(lease, "/image-senders", value).await
    }
}

fn json(value: &impl Serialize) -> Result<Vec<u8>, Error> {
    serde_json::to_vec(value).map_err(|error| Error::Protocol(error.to_string()))
}

async fn put(lease: &mut Lease, name: &str, value: Vec<u8>) -> Result<(), Error> {
    let command = Command::new(format!("SETMETADATA \"\" ({ROOT}{name}")).literal(value).close();
    lease.run(command).await.map(drop)
}

#[cfg(test)]
mod tests {
    use super::{ImageChoice, Settings};

    #[test]
    fn what_is_kept_comes_back_and_rubbish_does_no_harm() {
        let mut settings = Settings::default();
        settings.take("/choices", br#"{"conversations":false,"unknown":1}"#);
        settings.take("/image-senders", br#"["news@x.test"]"#);
        settings.take("/identity/00", br#"{"address":"a@x.test","name":"A"}"#);
        settings.take("/identity/01", b"rubbish");
        settings.take("/other", b"");
        assert!(!settings.choices.conversations && settings.choices.rich);
        assert_eq!(settings.choices.images, ImageChoice::Ask);
        assert!(settings.allows_images_of("NEWS@x.test") && !settings.allows_images_of("b@x.test"));
        assert_eq!(settings.identity("a@x.test").name, "A");
        assert_eq!(settings.identity("b@x.test").address, "b@x.test");
    }
}
