//! The filter: asks all sources at once and has the verdict made.

use crate::{
    Error,
    auth::{self, Authentication, Identity, Outcome},
    bayes::memory::{Memory, Scope as Learned},
    clamd,
    client::{self, ClientFacts, Reverse},
    fact::{Facts, RecipientFacts},
    lists::Lists,
    looked::Looked,
    marks,
    milter::{self, Shown, Wish},
    policy::{Policy, Sender},
    recipient::{self, Grey, Greylist},
    results, rules,
    spf::SpfResult,
    verdict::{Action, Envelope, Verdict, decide},
};
use arc_swap::ArcSwap;
use config::Settings;
use futures_util::{FutureExt as _, future::join_all};
use mail::{
    address::{Address, ReversePath},
    summary::Summary,
};
use mail_auth::MessageAuthenticator;
use net::dns::{Error as DnsError, Resolver};
use std::{
    net::IpAddr,
    ops::Range,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};
use store::{AccountId, Store};
use tokio::time::timeout;

/// Time for which a dead DNS is left alone.
const DEAD_FOR: Duration = Duration::from_secs(60);
/// Time for the answer that shows that it lives.
const PROBE_FOR: Duration = Duration::from_secs(2);

/// The filter. Cloning is cheap; all clones are one.
#[derive(Clone)]
pub struct Filter {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) store: Store,
    settings: ArcSwap<Settings>,
    resolver: Resolver,
    authenticator: MessageAuthenticator,
    lists: Lists,
    dns: Breaker,
    greylist: Greylist,
    pub(crate) memory: Memory,
}

/// Who is at the door.
#[derive(Debug, Clone, Copy)]
pub struct Visitor<'a> {
    /// The client.
    pub client: IpAddr,
    /// The name it gave.
    pub helo: &'a str,
    /// Envelope sender.
    pub reverse_path: &'a ReversePath,
    /// Milliseconds since 1970.
    pub at: i64,
}

/// A recipient.
#[derive(Debug, Clone)]
pub struct To {
    /// As named.
    pub address: Address,
    /// Whose mailbox that is; `None` where mail goes on elsewhere.
    pub account: Option<AccountId>,
}

/// What was found of a message.
#[derive(Debug, Clone)]
pub struct Judgement {
    /// All facts.
    pub facts: Facts,
    /// A verdict for each recipient, in their order.
    pub verdicts: Vec<Verdict>,
    /// Header fields to be put in front.
    pub fields: String,
    /// Fields to be taken out, ascending.
    pub cut: Vec<Range<usize>>,
    /// What is kept of the message beside its bytes, made on the way.
    pub summary: Arc<Summary>,
}

/// Why a recipient is refused before the message has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// It is to come again later (`450 4.7.1`).
    Later,
    /// The recipient does not want mail of this sender (`550 5.7.1`).
    Blocked(String),
}

impl Filter {
    /// A filter over the store that keeps what it learns.
    pub fn new(store: Store, resolver: Resolver, settings: Arc<Settings>) -> Self {
        let authenticator = MessageAuthenticator(resolver.below());
        Self {
            inner: Arc::new(Inner {
                store,
                settings: ArcSwap::new(settings),
                resolver,
                authenticator,
                lists: Lists::default(),
                dns: Breaker::default(),
                greylist: Greylist::default(),
                memory: Memory::default(),
            }),
        }
    }

    /// Takes new settings.
    pub fn reload(&self, settings: Arc<Settings>) {
        self.inner.settings.store(settings);
    }

    /// Whether mail is judged at all.
    pub fn is_enabled(&self) -> bool {
        self.inner.settings.load().filter.enabled
    }

    /// Looks at a recipient before the message comes: block lists and greylisting. What cannot be asked refuses nobody.
    ///
    /// # Errors
    /// See [`Refusal`].
    pub async fn at_recipient(&self, visitor: Visitor<'_>, to: &To) -> Result<(), Refusal> {
        let found = self.look_at_recipient(visitor, to).await;
        found.unwrap_or_else(|error| {
            tracing::error!(%error, "a recipient could not be looked at");
            Ok(())
        })
    }

    async fn look_at_recipient(&self, visitor: Visitor<'_>, to: &To) -> Result<Result<(), Refusal>, Error> {
        let inner = &self.inner;
        let policy = Policy::load(&inner.store, to.address.domain(), to.account)?;
        let sender = visitor.reverse_path.0.as_ref().map(Address::key).unwrap_or_default();
        let addresses = [sender.clone()];
        match policy.listed(Sender { client: visitor.client, addresses: &addresses, sealer: None }) {
            Some((true, _)) => return Ok(Ok(())),
            Some((false, found)) => {
                let (crate::policy::Match::Claimed(shown) | crate::policy::Match::Proved(shown)) = found;
                return Ok(Err(Refusal::Blocked(rules::words("BLOCKED", &shown))));
            }
            None => {}
        }
        let known = match to.account {
            Some(account) => !sender.is_empty() && recipient::knows(&inner.store, account, &sender)?,
            None => false,
        };
        if known || !self.is_to_wait(visitor, policy.greylist).await {
            return Ok(Ok(()));
        }
        let delay = inner.settings.load().filter.greylist_delay;
        let grey = inner.greylist.look(&inner.store, visitor.client, &sender, &to.address.key(), visitor.at, delay)?;
        match grey {
            Grey::Trusted => Ok(Ok(())),
            Grey::Wait => Ok(Err(Refusal::Later)),
            Grey::CameAgain => {
                let (client, at) = (visitor.client, visitor.at);
                inner.store.commit(Vec::new(), move |tx| recipient::trust(tx, client, &sender, at)).await?;
                Ok(Ok(()))
            }
        }
    }

    async fn is_to_wait(&self, visitor: Visitor<'_>, mode: crate::policy::GreylistMode) -> bool {
        use crate::policy::GreylistMode;
        let is_suspicious = match mode {
            GreylistMode::Suspicious => {
                let (client, _) = self.client(visitor).await;
                let (listings, _) = self.listings(visitor.client, &[]).await;
                client.reverse == Reverse::None
                    || client.hits.iter().any(|hit| matches!(hit.rule, "RDNS_UNCONFIRMED" | "RDNS_DYNAMIC"))
                    || listings.first().is_some_and(|listing| listing.score.0 > 0)
            }
            GreylistMode::Off | GreylistMode::All => false,
        };
        recipient::applies(mode, visitor.client, is_suspicious)
    }

    /// Judges a message as it came, for each of its recipients. `id` stands in traces.
    ///
    /// # Errors
    /// Machine faults; the message should be taken then.
    pub async fn judge(&self, visitor: Visitor<'_>, to: &[To], id: &str, message: &[u8]) -> Result<Judgement, Error> {
        let settings = self.inner.settings.load_full();
        let looked = Looked::at_best(message, visitor.at / 1000).await;
        let sender = visitor.reverse_path.0.as_ref().map(Address::key).unwrap_or_default();
        let mut domains = looked.domains.clone();
        domains.extend(sender.rsplit_once('@').and_then(|(_, domain)| crate::content::registered(domain)));
        let recipients: Vec<String> = to.iter().map(|to| to.address.to_wire()).collect();
        let shown = Shown {
            client: visitor.client,
            client_name: "",
            helo: visitor.helo,
            hostname: &settings.hostname,
            sender: &sender,
            recipients: &recipients,
            id,
            message,
        };
        let identity = Identity {
            client: visitor.client,
            helo: visitor.helo,
            sender: &sender,
            receiver: &settings.hostname,
            now: visitor.at / 1000,
        };
        let scan = async {
            match &settings.filter.clamd {
                Some(scanner) => Some(clamd::scan(scanner, message).await),
                None => None,
            }
        };
        let milters = join_all(settings.filter.milters.iter().map(|milter| milter::ask(milter, shown)));
        let (authentication, client, listings, scan, milters) = tokio::join!(
            self.authentication(identity, message),
            self.client(visitor),
            self.listings(visitor.client, &domains),
            scan,
            milters
        );
        let mut dead: Vec<(&'static str, String)> = [authentication.1, client.1].into_iter().flatten().collect();
        dead.extend(listings.1.into_iter().map(|why| ("list", why)));
        dead.extend(milters.iter().filter_map(|fact| match &fact.wish {
            Wish::Failed(why, _) => Some(("milter", format!("{}: {why}", fact.name))),
            _ => None,
        }));
        let bayes = self.inner.memory.probability(&self.inner.store, Learned::Everybody, &looked.words)?;
        let facts = Facts {
            authentication: authentication.0,
            client: client.0,
            listings: listings.0,
            hits: looked.hits,
            dangers: looked.dangers,
            bayes,
            scan,
            milters,
            dead,
        };
        self.conclude(visitor, to, message, &settings.hostname, &sender, facts, &looked.words, looked.summary)
    }

    #[allow(clippy::too_many_arguments, reason = "the second half of one function")]
    fn conclude(
        &self,
        visitor: Visitor<'_>,
        to: &[To],
        message: &[u8],
        hostname: &str,
        sender: &str,
        facts: Facts,
        words: &[u64],
        summary: Arc<Summary>,
    ) -> Result<Judgement, Error> {
        let authors: Vec<String> = summary
            .envelope
            .from
            .iter()
            .filter_map(|from| Some(format!("{}@{}", from.local.as_deref()?, from.domain.as_deref()?).to_lowercase()))
            .collect();
        let author = authors.first().cloned().unwrap_or_else(|| sender.to_owned());
        let mut addresses = authors;
        if !sender.is_empty() {
            addresses.push(sender.to_lowercase());
        }
        let sealer = facts.authentication.arc_sealer.as_deref().filter(|_| facts.authentication.arc == Outcome::Pass);
        let envelope =
            Envelope { sender: Sender { client: visitor.client, addresses: &addresses, sealer }, author: &author };
        let store = &self.inner.store;
        let mut verdicts = Vec::with_capacity(to.len());
        for to in to {
            let policy = Policy::load(store, to.address.domain(), to.account)?;
            let mut own = RecipientFacts::default();
            if let Some(account) = to.account {
                own.knows_author = recipient::knows(store, account, &author)?;
                own.bayes = self.inner.memory.probability(store, Learned::Account(account), words)?;
            }
            verdicts.push(decide(envelope, &facts, &own, &policy));
        }
        if verdicts.is_empty() {
            let policy = Policy::load(store, "", None)?;
            verdicts.push(decide(envelope, &facts, &RecipientFacts::default(), &policy));
        }
        let iprev = match &facts.client.reverse {
            Reverse::Confirmed(_) => Some((true, visitor.client.to_string())),
            Reverse::None | Reverse::Unconfirmed(_) => Some((false, visitor.client.to_string())),
            Reverse::Unknown | Reverse::Private => None,
        };
        let mut fields = results::field(hostname, sender, iprev, &facts.authentication);
        let mut cut = results::foreign(message, hostname);
        cut.extend(marks::removed_by_milters(message, &facts.milters));
        cut.sort_by_key(|range| range.start);
        cut.dedup();
        let mut judgement = Judgement { facts, verdicts, fields: String::new(), cut, summary };
        fields.push_str(&marks::fields(judgement.mildest()));
        fields.push_str(&marks::of_milters(&judgement.facts.milters));
        judgement.fields = fields;
        metrics::counter!("gatepost_filter_verdicts_total", "action" => judgement.mildest().action.word()).increment(1);
        Ok(judgement)
    }

    async fn authentication(
        &self,
        identity: Identity<'_>,
        message: &[u8],
    ) -> (Authentication, Option<(&'static str, String)>) {
        let inner = &self.inner;
        let work = auth::verify(&inner.resolver, &inner.authenticator, identity, message);
        let answered = |found: &Authentication| !unanswered(found);
        match self.with_dns(work, answered).await {
            Ok(authentication) => {
                let dead = unanswered(&authentication)
                    .then(|| ("dns", "a domain's records could not be looked up".to_owned()));
                (authentication, dead)
            }
            Err(why) => {
                let unknown = Authentication {
                    spf: SpfResult::TempError,
                    spf_domain: identity.sender.rsplit_once('@').map_or(identity.helo, |(_, domain)| domain).to_owned(),
                    dmarc: Outcome::TempError,
                    ..Authentication::default()
                };
                (unknown, Some(("dns", why)))
            }
        }
    }

    async fn client(&self, visitor: Visitor<'_>) -> (ClientFacts, Option<(&'static str, String)>) {
        let settings = self.inner.settings.load_full();
        let work = client::gather(&self.inner.resolver, visitor.client, visitor.helo, &settings.hostname);
        match self.with_dns(work, |facts| !facts.unanswered).await {
            Ok(facts) => {
                let dead = facts.unanswered.then(|| ("dns", "the client's names could not be looked up".to_owned()));
                (facts, dead)
            }
            Err(why) => (ClientFacts::default(), Some(("dns", why))),
        }
    }

    async fn listings(&self, client: IpAddr, domains: &[String]) -> (Vec<crate::lists::Listing>, Vec<String>) {
        let settings = self.inner.settings.load_full();
        if settings.filter.lists.is_empty() {
            return (Vec::new(), Vec::new());
        }
        let work = self.inner.lists.gather(&self.inner.resolver, &settings.filter.lists, client, domains);
        self.with_dns(work, |_| true).await.unwrap_or_else(|why| (Vec::new(), vec![why]))
    }

    /// Waits for the DNS no longer than it may take, and not at all while it is dead; `answered` tells whether a result has
    /// what was asked for.
    async fn with_dns<T>(&self, work: impl Future<Output = T>, answered: fn(&T) -> bool) -> Result<T, String> {
        let (inner, limit) = (&self.inner, self.inner.settings.load().filter.dns_timeout);
        if inner.dns.is_open() {
            return Err("the DNS gave no answer lately and is left alone for a minute".to_owned());
        }
        let mut work = std::pin::pin!(work);
        // What needs no answer tells nothing of those who give them.
        if let Some(result) = work.as_mut().now_or_never() {
            return Ok(result);
        }
        let began = Instant::now();
        let result = timeout(limit, work).await;
        // Where silence is taken for "no record", the time that it took tells.
        let is_sound = result.as_ref().is_ok_and(answered) && began.elapsed() < PROBE_FOR;
        if !is_sound && !self.dns_lives().await {
            inner.dns.open();
        }
        result.map_err(|_| "the DNS gave no answer in time".to_owned())
    }

    /// Asks what only the root can answer and nobody has asked before: the silence of one sender's own servers is not to
    /// turn the looking up off for all others.
    async fn dns_lives(&self) -> bool {
        let name = format!("{:016x}.root-servers.net", rand_label());
        let asked = timeout(PROBE_FOR, self.inner.resolver.ipv4(&name)).await;
        !matches!(asked, Err(_) | Ok(Err(DnsError::Temporary(..))))
    }
}

fn unanswered(found: &Authentication) -> bool {
    found.spf == SpfResult::TempError || found.dmarc == Outcome::TempError
}

fn rand_label() -> u64 {
    use std::hash::{BuildHasher, RandomState};
    RandomState::new().hash_one(())
}

impl Judgement {
    /// The verdict that holds for the message as a whole: it is refused only where every recipient refuses it.
    pub fn mildest(&self) -> &Verdict {
        // There is at least one.
        self.verdicts.iter().min_by_key(|verdict| verdict.action).unwrap_or(&NOTHING)
    }

    /// What happens for one recipient once the message is taken: what could only be said to all at once becomes Junk.
    pub fn is_junk(&self, index: usize) -> bool {
        self.verdicts.get(index).is_some_and(|verdict| verdict.action >= Action::Junk)
    }
}

static NOTHING: Verdict = Verdict {
    action: Action::Accept,
    score: crate::score::Score(0),
    junk_at: crate::score::Score(0),
    reasons: Vec::new(),
    decisive: None,
    reply: None,
};

/// Notices that a source has died, so that not every message waits for it.
#[derive(Debug, Default)]
struct Breaker {
    open_until: Mutex<Option<Instant>>,
}

impl Breaker {
    fn is_open(&self) -> bool {
        let until = self.open_until.lock().unwrap_or_else(PoisonError::into_inner);
        until.is_some_and(|until| Instant::now() < until)
    }

    fn open(&self) {
        tracing::warn!("the DNS gives no answer: mail is judged without it for a minute");
        *self.open_until.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now() + DEAD_FOR);
    }
}
