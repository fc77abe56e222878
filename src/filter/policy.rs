//! What is done with mail: for everybody, for a domain, for an account. What is nearer to the account wins.

use crate::score::Score;
use config::Limits;
use serde::{Deserialize, Serialize};
use std::{fmt, net::IpAddr};
use store::{AccountId, Store, Tx};

/// Score that is never reached.
const NEVER: Score = Score(i32::MAX);

/// Whose policy.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Scope {
    /// Everybody's.
    Global,
    /// A domain's.
    Domain(String),
    /// An account's.
    Account(AccountId),
}

impl Scope {
    fn key(&self) -> Vec<u8> {
        let rest = match self {
            Self::Global => vec![b'g'],
            Self::Domain(domain) => [b"d/", domain.to_ascii_lowercase().as_bytes()].concat(),
            Self::Account(account) => [b"a/".as_slice(), &account.0.to_be_bytes()].concat(),
        };
        [b"filter/policy/".as_slice(), &rest].concat()
    }
}

/// What is done when a domain's DMARC policy asks for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum DmarcMode {
    /// What the domain asks.
    #[default]
    Apply,
    /// Into Junk at most.
    Junk,
    /// Nothing; it only counts.
    Ignore,
}

/// What is done with files that may do harm.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum FileMode {
    /// They only count.
    Score,
    /// Into Junk.
    #[default]
    Junk,
    /// The message is refused.
    Reject,
}

/// Who is asked to come again later.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum GreylistMode {
    /// Nobody.
    #[default]
    Off,
    /// Clients without a good name, or with a bad one on a list.
    Suspicious,
    /// Everybody who is not known.
    All,
}

/// What one scope says; what it leaves out is said by the next one outward.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Overrides {
    tag_at: Option<Score>,
    junk_at: Option<Score>,
    reject_at: Option<Score>,
    dmarc: Option<DmarcMode>,
    files: Option<FileMode>,
    greylist: Option<GreylistMode>,
    only_known: Option<bool>,
    /// Senders whose mail is taken.
    pub allow: Vec<String>,
    /// Senders whose mail is refused.
    pub block: Vec<String>,
}

/// Settings of a policy with what they may be.
pub const SETTINGS: [(&str, &str); 7] = [
    ("tag_at", "a score such as 4.5, or off"),
    ("junk_at", "a score such as 5, or off"),
    ("reject_at", "a score such as 15, or off"),
    ("dmarc", "apply, junk or ignore"),
    ("files", "score, junk or reject"),
    ("greylist", "off, suspicious or all"),
    ("only_known", "yes or no"),
];

impl Overrides {
    /// What a scope says.
    ///
    /// # Errors
    /// Machine faults.
    pub fn load(store: &Store, scope: &Scope) -> Result<Self, store::Error> {
        Ok(store.record(&scope.key())?.unwrap_or_default())
    }

    /// As [`Overrides::load`], within a commit.
    ///
    /// # Errors
    /// Machine faults.
    pub fn load_in(tx: &Tx<'_>, scope: &Scope) -> Result<Self, store::Error> {
        Ok(tx.record(&scope.key())?.unwrap_or_default())
    }

    /// Writes it.
    ///
    /// # Errors
    /// Machine faults.
    pub fn save(&self, tx: &mut Tx<'_>, scope: &Scope) -> Result<(), store::Error> {
        if *self == Self::default() {
            tx.record_remove(&scope.key());
            return Ok(());
        }
        tx.record_put(&scope.key(), self)
    }

    /// Changes a setting; `default` leaves it to the next scope outward.
    ///
    /// # Errors
    /// What is allowed.
    pub fn set(&mut self, name: &str, value: &str) -> Result<(), String> {
        let known = SETTINGS.iter().find(|(known, _)| *known == name);
        let Some((_, allowed)) = known else {
            let names: Vec<&str> = SETTINGS.iter().map(|(name, _)| *name).collect();
            return Err(format!("there is no setting {name:?}; there are {}", names.join(", ")));
        };
        let clear = value == "default";
        let wrong = || format!("{name} must be {allowed}, or default, not {value:?}");
        let score = || if value == "off" { Some(NEVER) } else { Score::parse(value) };
        macro_rules! take {
            ($field:ident, $read:expr) => {
                self.$field = if clear { None } else { Some($read.ok_or_else(wrong)?) }
            };
        }
        match name {
            "tag_at" => take!(tag_at, score()),
            "junk_at" => take!(junk_at, score()),
            "reject_at" => take!(reject_at, score()),
            "dmarc" => take!(
                dmarc,
                one(value, &[("apply", DmarcMode::Apply), ("junk", DmarcMode::Junk), ("ignore", DmarcMode::Ignore)])
            ),
            "files" => take!(
                files,
                one(value, &[("score", FileMode::Score), ("junk", FileMode::Junk), ("reject", FileMode::Reject)])
            ),
            "greylist" => take!(
                greylist,
                one(
                    value,
                    &[("off", GreylistMode::Off), ("suspicious", GreylistMode::Suspicious), ("all", GreylistMode::All)]
                )
            ),
            _ => take!(only_known, one(value, &[("yes", true), ("no", false)])),
        }
        Ok(())
    }

    /// What the scope says of each setting; `default` where it says nothing.
    pub fn shown(&self) -> Vec<(&'static str, String)> {
        let score = |score: Option<Score>| match score {
            None => "default".to_owned(),
            Some(NEVER) => "off".to_owned(),
            Some(score) => score.to_string(),
        };
        let word = |word: Option<String>| word.map_or_else(|| "default".to_owned(), |word| word.to_lowercase());
        vec![
            ("tag_at", score(self.tag_at)),
            ("junk_at", score(self.junk_at)),
            ("reject_at", score(self.reject_at)),
            ("dmarc", word(self.dmarc.map(|mode| format!("{mode:?}")))),
            ("files", word(self.files.map(|mode| format!("{mode:?}")))),
            ("greylist", word(self.greylist.map(|mode| format!("{mode:?}")))),
            ("only_known", word(self.only_known.map(|only| if only { "yes" } else { "no" }.to_owned()))),
        ]
    }

    /// Puts an entry on a list, or takes it off; whether that changed anything.
    ///
    /// # Errors
    /// What an entry may be; a full list.
    pub fn list(&mut self, allow: bool, entry: &str, add: bool) -> Result<bool, String> {
        let entry = Entry::parse(entry)?.to_string();
        let list = if allow { &mut self.allow } else { &mut self.block };
        let at = list.iter().position(|known| *known == entry);
        match (at, add) {
            (Some(at), false) => {
                list.remove(at);
            }
            (None, true) if list.len() >= Limits::POLICY_ENTRIES_MAX => {
                return Err(format!("the list is full: it takes {} entries", Limits::POLICY_ENTRIES_MAX));
            }
            (None, true) => list.push(entry),
            _ => return Ok(false),
        }
        Ok(true)
    }
}

fn one<T: Copy>(value: &str, choices: &[(&str, T)]) -> Option<T> {
    choices.iter().find(|(name, _)| *name == value).map(|(_, choice)| *choice)
}

/// An entry of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entry {
    /// An address.
    Address(String),
    /// A domain with all below it.
    Domain(String),
    /// A network of clients: first address, length of the prefix.
    Network(IpAddr, u8),
    /// A domain whose ARC seals are trusted.
    Sealer(String),
}

impl Entry {
    /// Reads `carol@example.org`, `example.org`, `192.0.2.0/24`, `2001:db8::1` or `arc:example.org`.
    ///
    /// # Errors
    /// What is allowed.
    pub fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim().to_lowercase();
        let wrong = || format!("{text:?} is no address, domain, network (192.0.2.0/24) or arc:domain");
        // One label alone would mean all domains below it, and what looks like an address is a network.
        let is_domain = |name: &String| {
            name.contains('.') && !name.contains(['[', ':', '/', '@']) && name.parse::<IpAddr>().is_err()
        };
        let domain = |name: &str| mail::address::parse_domain(name).ok().filter(is_domain).ok_or_else(wrong);
        if let Some(sealer) = text.strip_prefix("arc:") {
            return Ok(Self::Sealer(domain(sealer)?));
        }
        let (address, prefix) = text.split_once('/').map_or((text.as_str(), None), |(a, p)| (a, Some(p)));
        if let Ok(address) = address.parse::<IpAddr>() {
            let bits = if address.is_ipv4() { 32 } else { 128 };
            let prefix = prefix.map_or(Some(bits), |prefix| prefix.parse().ok()).filter(|prefix| *prefix <= bits);
            return prefix.map(|prefix| Self::Network(address, prefix)).ok_or_else(wrong);
        }
        match text.split_once('@') {
            Some(("", name)) => Ok(Self::Domain(domain(name)?)),
            Some(_) => {
                text.parse::<mail::address::Address>().map(|address| Self::Address(address.key())).map_err(|_| wrong())
            }
            None => Ok(Self::Domain(domain(&text)?)),
        }
    }
}

impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address(text) | Self::Domain(text) => f.write_str(text),
            Self::Network(address, prefix) => write!(f, "{address}/{prefix}"),
            Self::Sealer(domain) => write!(f, "arc:{domain}"),
        }
    }
}

/// Who sends, as lists see it.
#[derive(Debug, Clone, Copy)]
pub struct Sender<'a> {
    /// The client.
    pub client: IpAddr,
    /// Addresses of envelope and From field, lower case.
    pub addresses: &'a [String],
    /// Who sealed it by ARC, where that holds.
    pub sealer: Option<&'a str>,
}

impl Entry {
    /// What of the sender the entry means; `None` where it means somebody else.
    fn matches(&self, sender: Sender<'_>) -> Option<Match> {
        let below = |name: &str, domain: &str| {
            name == domain || name.strip_suffix(domain).is_some_and(|rest| rest.ends_with('.'))
        };
        let claimed = |is: &dyn Fn(&str) -> bool| sender.addresses.iter().find(|address| is(address)).cloned();
        match self {
            Self::Address(address) => claimed(&|known| known == address).map(Match::Claimed),
            Self::Domain(domain) => {
                claimed(&|known| known.rsplit_once('@').is_some_and(|(_, name)| below(name, domain)))
                    .map(Match::Claimed)
            }
            Self::Network(network, prefix) => {
                within(sender.client, *network, *prefix).then(|| Match::Proved(sender.client.to_string()))
            }
            Self::Sealer(_) => None,
        }
    }
}

/// How sure it is that an entry means the sender.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Match {
    /// The sender says so.
    Claimed(String),
    /// It is where the mail comes from.
    Proved(String),
}

fn within(address: IpAddr, network: IpAddr, prefix: u8) -> bool {
    let bits = |address| match address {
        IpAddr::V4(four) => (u128::from(four.to_bits()) << 96, 32),
        IpAddr::V6(six) => (six.to_bits(), 128),
    };
    let ((a, wide), (b, other)) = (bits(address), bits(network));
    wide == other && (prefix == 0 || (a ^ b).checked_shr(128 - u32::from(prefix)).unwrap_or(0) == 0)
}

/// What holds for one recipient.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// Score at which mail programs are told.
    pub tag_at: Score,
    /// Score at which a message goes to Junk.
    pub junk_at: Score,
    /// Score at which it is refused.
    pub reject_at: Score,
    /// DMARC.
    pub dmarc: DmarcMode,
    /// Files that may do harm.
    pub files: FileMode,
    /// Greylisting.
    pub greylist: GreylistMode,
    /// Whether only mail of known senders goes to the Inbox.
    pub only_known: bool,
    /// Allow and block lists, the nearest first.
    lists: Vec<(Vec<String>, Vec<String>)>,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            tag_at: Score(400),
            junk_at: Score(500),
            reject_at: Score(1500),
            dmarc: DmarcMode::default(),
            files: FileMode::default(),
            greylist: GreylistMode::default(),
            only_known: false,
            lists: Vec::new(),
        }
    }
}

impl Policy {
    /// The policy that scopes make together, the outermost first.
    pub fn of(scopes: impl IntoIterator<Item = Overrides>) -> Self {
        let mut policy = Self::default();
        for scope in scopes {
            let Overrides { tag_at, junk_at, reject_at, dmarc, files, greylist, only_known, allow, block } = scope;
            policy.tag_at = tag_at.unwrap_or(policy.tag_at);
            policy.junk_at = junk_at.unwrap_or(policy.junk_at);
            policy.reject_at = reject_at.unwrap_or(policy.reject_at);
            policy.dmarc = dmarc.unwrap_or(policy.dmarc);
            policy.files = files.unwrap_or(policy.files);
            policy.greylist = greylist.unwrap_or(policy.greylist);
            policy.only_known = only_known.unwrap_or(policy.only_known);
            policy.lists.insert(0, (allow, block));
        }
        policy
    }

    /// Loads the policy of a recipient.
    ///
    /// # Errors
    /// Machine faults.
    pub fn load(store: &Store, domain: &str, account: Option<AccountId>) -> Result<Self, store::Error> {
        let mut scopes = vec![Overrides::load(store, &Scope::Global)?];
        scopes.push(Overrides::load(store, &Scope::Domain(domain.to_owned()))?);
        if let Some(account) = account {
            scopes.push(Overrides::load(store, &Scope::Account(account))?);
        }
        Ok(Self::of(scopes))
    }

    /// What the lists say: allowed or blocked, and by what. The nearest scope is heard first, and in it the allow list.
    pub fn listed(&self, sender: Sender<'_>) -> Option<(bool, Match)> {
        let find = |list: &[String]| {
            list.iter().filter_map(|entry| Entry::parse(entry).ok()).find_map(|entry| entry.matches(sender))
        };
        self.lists.iter().find_map(|(allow, block)| {
            find(allow).map(|found| (true, found)).or_else(|| find(block).map(|found| (false, found)))
        })
    }

    /// Whether a domain's ARC seals are trusted.
    pub fn trusts_sealer(&self, domain: &str) -> bool {
        let entry = Entry::Sealer(domain.to_lowercase()).to_string();
        self.lists.iter().any(|(allow, _)| allow.contains(&entry))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn listed(allow: &[&str], block: &[&str], address: &str, client: &str) -> Option<bool> {
        let mut scope = Overrides::default();
        allow.iter().for_each(|entry| assert!(scope.list(true, entry, true).unwrap()));
        block.iter().for_each(|entry| assert!(scope.list(false, entry, true).unwrap()));
        let sender = Sender { client: client.parse().unwrap(), addresses: &[address.to_owned()], sealer: None };
        Policy::of([scope]).listed(sender).map(|(allowed, _)| allowed)
    }

    #[test]
    fn lists_mean_what_they_say() {
        assert_eq!(listed(&["carol@example.org"], &["example.org"], "carol@example.org", "192.0.2.1"), Some(true));
        assert_eq!(listed(&["carol@example.org"], &["example.org"], "x@sub.example.org", "192.0.2.1"), Some(false));
        assert_eq!(listed(&[], &["example.org"], "x@notexample.org", "192.0.2.1"), None);
        assert_eq!(listed(&["192.0.2.0/24"], &[], "x@y.example", "192.0.2.255"), Some(true));
        assert_eq!(listed(&["192.0.2.0/24"], &[], "x@y.example", "192.0.3.0"), None);
        assert_eq!(listed(&["2001:db8::/32"], &[], "x@y.example", "2001:db8::9"), Some(true));
    }

    #[test]
    fn what_means_too_much_is_no_entry() {
        for text in ["@a", "com", "arc:com", "@192.0.2.1", "@[192.0.2.1]", "", "192.0.2.0/33"] {
            assert!(Entry::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn the_nearer_scope_wins() {
        let mut global = Overrides::default();
        global.set("junk_at", "6").unwrap();
        global.set("greylist", "all").unwrap();
        let mut account = Overrides::default();
        account.set("junk_at", "off").unwrap();
        let policy = Policy::of([global, account.clone()]);
        assert_eq!((policy.junk_at, policy.greylist), (NEVER, GreylistMode::All));
        account.set("junk_at", "default").unwrap();
        assert_eq!(account, Overrides::default());
        assert!(account.set("junk_at", "much").unwrap_err().contains("a score"));
        assert!(account.set("colour", "red").unwrap_err().contains("greylist"));
    }

    proptest! {
        #[test]
        fn entries_read_back(text in "\\PC*", near in "(arc:|@|\\.|[a-z]|/|[0-9]|:)*") {
            for text in [text, near] {
                if let Ok(entry) = Entry::parse(&text) {
                    prop_assert_eq!(Entry::parse(&entry.to_string()), Ok(entry));
                }
            }
        }
    }
}
