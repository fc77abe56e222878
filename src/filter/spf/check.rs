//! `check_host()` (RFC 7208 section 4).

use super::{
    macros::{MacroString, Values},
    record::{self, Mechanism, Prefixes, Qualifier, Record},
};
use net::dns::{Error as DnsError, Resolver};
use std::net::IpAddr;

/// Terms that cause look-ups (section 4.6.4).
const LOOKUPS_MAX: usize = 10;
/// Look-ups without an answer (section 4.6.4).
const VOID_LOOKUPS_MAX: usize = 2;
/// Mail exchangers of one `mx`, and names of one `ptr`.
const NAMES_MAX: usize = 10;
/// Octets kept of an explanation.
const EXPLANATION_BYTES_MAX: usize = 500;

/// Results (section 2.6).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[allow(missing_docs, reason = "the names say it")]
pub enum SpfResult {
    #[default]
    None,
    Neutral,
    Pass,
    Fail,
    SoftFail,
    TempError,
    PermError,
}

impl SpfResult {
    /// The word of RFC 8601 section 2.7.2.
    pub fn word(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Neutral => "neutral",
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::SoftFail => "softfail",
            Self::TempError => "temperror",
            Self::PermError => "permerror",
        }
    }
}

/// What is asked: may this client send for this domain?
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// The client.
    pub ip: IpAddr,
    /// The domain of the sender, or the HELO name.
    pub domain: &'a str,
    /// The sender; one without a local part counts as postmaster.
    pub sender: &'a str,
    /// The HELO name.
    pub helo: &'a str,
    /// Our name.
    pub receiver: &'a str,
    /// Seconds since 1970.
    pub now: i64,
}

/// The answer.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Output {
    /// The result.
    pub result: SpfResult,
    /// The domain's own words for a fail (section 6.2), ASCII.
    pub explanation: Option<String>,
}

/// Evaluates SPF.
pub async fn check(resolver: &Resolver, asked: Asked<'_>) -> Output {
    let ip = match asked.ip {
        IpAddr::V6(six) => six.to_ipv4_mapped().map_or(asked.ip, IpAddr::V4),
        four @ IpAddr::V4(_) => four,
    };
    let sender = match asked.sender.rsplit_once('@') {
        Some(("", domain)) => format!("postmaster@{domain}"),
        Some(_) => asked.sender.to_owned(),
        None => format!("postmaster@{}", if asked.sender.is_empty() { asked.domain } else { asked.sender }),
    };
    let mut check = Check { resolver, asked: Asked { ip, ..asked }, sender, lookups: 0, voids: 0 };
    if !is_domain(asked.domain) {
        return Output::default();
    }
    match check.host(asked.domain.to_owned()).await {
        Ok(output) => output,
        Err(result) => Output { result, explanation: None },
    }
}

/// Whether a text can be a domain with several labels (section 4.3).
fn is_domain(name: &str) -> bool {
    let name = name.strip_suffix('.').unwrap_or(name);
    name.len() <= 253 && name.contains('.') && name.split('.').all(|label| (1..=63).contains(&label.len()))
}

struct Check<'a> {
    resolver: &'a Resolver,
    asked: Asked<'a>,
    sender: String,
    lookups: usize,
    voids: usize,
}

/// An error result ends the whole evaluation.
type Outcome<T> = Result<T, SpfResult>;

impl Check<'_> {
    /// Section 4; follows `redirect` in a loop and `include` by recursion, which the look-up bound ends.
    async fn host(&mut self, mut domain: String) -> Outcome<Output> {
        let mut record = match self.record(&domain).await? {
            Some(record) => record,
            None => return Ok(Output::default()),
        };
        loop {
            for directive in &record.directives {
                if self.matches(&directive.mechanism, &domain).await? {
                    return Ok(self.conclude(directive.qualifier, &record, &domain).await);
                }
            }
            let Some(redirect) = &record.redirect else {
                return Ok(Output { result: SpfResult::Neutral, explanation: None });
            };
            self.count()?;
            domain = self.expand(redirect, &domain).await?;
            if !is_domain(&domain) {
                return Err(SpfResult::PermError);
            }
            // Section 6.1: a target without a record is an error.
            record = self.record(&domain).await?.ok_or(SpfResult::PermError)?;
        }
    }

    async fn record(&self, domain: &str) -> Outcome<Option<Record>> {
        let texts = match self.resolver.txt(domain).await {
            Ok(texts) => texts,
            Err(DnsError::Temporary(..)) => return Err(SpfResult::TempError),
            Err(_) => return Ok(None),
        };
        let mut records = texts.iter().filter(|text| record::is_spf(text));
        match (records.next(), records.next()) {
            (Some(text), None) => Record::parse(text).map(Some).ok_or(SpfResult::PermError),
            (Some(_), Some(_)) => Err(SpfResult::PermError),
            _ => Ok(None),
        }
    }

    async fn matches(&mut self, mechanism: &Mechanism, domain: &str) -> Outcome<bool> {
        match mechanism {
            Mechanism::All => Ok(true),
            Mechanism::Ip4(network, prefix) => Ok(within(self.asked.ip, IpAddr::V4(*network), *prefix)),
            Mechanism::Ip6(network, prefix) => Ok(within(self.asked.ip, IpAddr::V6(*network), *prefix)),
            Mechanism::Include(target) => {
                self.count()?;
                let target = self.expand(target, domain).await?;
                // Boxed, as it may be in itself.
                let output = if is_domain(&target) { Box::pin(self.host(target)).await? } else { Output::default() };
                match output.result {
                    SpfResult::Pass => Ok(true),
                    SpfResult::None => Err(SpfResult::PermError),
                    _ => Ok(false),
                }
            }
            Mechanism::A(target, prefixes) => {
                self.count()?;
                let target = self.target(target.as_ref(), domain).await?;
                self.host_matches(&target, *prefixes, true).await
            }
            Mechanism::Mx(target, prefixes) => {
                self.count()?;
                let target = self.target(target.as_ref(), domain).await?;
                let exchangers = self.answer(self.resolver.mx(&target).await)?.unwrap_or_default();
                if exchangers.len() > NAMES_MAX {
                    return Err(SpfResult::PermError);
                }
                for (_, host) in exchangers {
                    if self.host_matches(&host, *prefixes, false).await? {
                        return Ok(true);
                    }
                }
                Ok(false)
            }
            Mechanism::Ptr(target) => {
                self.count()?;
                let target = self.target(target.as_ref(), domain).await?;
                let names = self.validated_names().await?;
                Ok(names.iter().any(|name| is_within(name, &target)))
            }
            Mechanism::Exists(target) => {
                self.count()?;
                let target = self.expand(target, domain).await?;
                Ok(self.answer(self.resolver.ipv4(&target).await)?.is_some())
            }
        }
    }

    async fn host_matches(&mut self, host: &str, prefixes: Prefixes, counts: bool) -> Outcome<bool> {
        if host.is_empty() {
            return Ok(false);
        }
        let (answer, prefix) = match self.asked.ip {
            IpAddr::V4(_) => (self.resolver.ipv4(host).await, prefixes.0),
            IpAddr::V6(_) => (self.resolver.ipv6(host).await, prefixes.1),
        };
        let addresses = if counts {
            self.answer(answer)?
        } else {
            match answer {
                Err(DnsError::Temporary(..)) => return Err(SpfResult::TempError),
                other => other.ok(),
            }
        };
        Ok(addresses.unwrap_or_default().into_iter().any(|address| within(self.asked.ip, address, prefix)))
    }

    /// Names of the client that lead back to it (section 5.5); errors find none.
    async fn validated_names(&mut self) -> Outcome<Vec<String>> {
        let names = match self.resolver.ptr(self.asked.ip).await {
            Err(DnsError::Temporary(..)) => return Ok(Vec::new()),
            answer => self.answer(answer)?.unwrap_or_default(),
        };
        let mut validated = Vec::new();
        for name in names.into_iter().take(NAMES_MAX) {
            let addresses = match self.asked.ip {
                IpAddr::V4(_) => self.resolver.ipv4(&name).await,
                IpAddr::V6(_) => self.resolver.ipv6(&name).await,
            };
            if addresses.is_ok_and(|addresses| addresses.contains(&self.asked.ip)) {
                validated.push(name);
            }
        }
        Ok(validated)
    }

    async fn target(&mut self, target: Option<&MacroString>, domain: &str) -> Outcome<String> {
        match target {
            Some(target) => self.expand(target, domain).await,
            None => Ok(domain.to_owned()),
        }
    }

    async fn expand(&mut self, text: &MacroString, domain: &str) -> Outcome<String> {
        let validated = if text.needs_validated() {
            let names = self.validated_names().await?;
            let best = names.iter().find(|name| name.eq_ignore_ascii_case(domain));
            best.or_else(|| names.iter().find(|name| is_within(name, domain))).or_else(|| names.first()).cloned()
        } else {
            None
        };
        Ok(text.expand_domain(&self.values(domain, validated.as_deref())))
    }

    fn values<'v>(&'v self, domain: &'v str, validated: Option<&'v str>) -> Values<'v> {
        let Asked { ip, helo, receiver, now, .. } = self.asked;
        Values { sender: &self.sender, domain, helo, ip, receiver, now, validated }
    }

    fn count(&mut self) -> Outcome<()> {
        self.lookups += 1;
        if self.lookups > LOOKUPS_MAX { Err(SpfResult::PermError) } else { Ok(()) }
    }

    /// `None` is an answer without records, of which there may be few.
    fn answer<T>(&mut self, answer: Result<T, DnsError>) -> Outcome<Option<T>> {
        match answer {
            Ok(found) => Ok(Some(found)),
            Err(DnsError::Temporary(..)) => Err(SpfResult::TempError),
            Err(_) => {
                self.voids += 1;
                if self.voids > VOID_LOOKUPS_MAX { Err(SpfResult::PermError) } else { Ok(None) }
            }
        }
    }

    async fn conclude(&mut self, qualifier: Qualifier, record: &Record, domain: &str) -> Output {
        let result = match qualifier {
            Qualifier::Pass => SpfResult::Pass,
            Qualifier::Fail => SpfResult::Fail,
            Qualifier::SoftFail => SpfResult::SoftFail,
            Qualifier::Neutral => SpfResult::Neutral,
        };
        let explanation = match &record.exp {
            Some(exp) if result == SpfResult::Fail => self.explanation(exp, domain).await,
            _ => None,
        };
        Output { result, explanation }
    }

    /// Section 6.2: whatever is wrong on the way leaves the explanation out.
    async fn explanation(&mut self, exp: &MacroString, domain: &str) -> Option<String> {
        let place = self.expand(exp, domain).await.ok()?;
        let texts = self.resolver.txt(&place).await.ok()?;
        let [text] = texts.as_slice() else { return None };
        let text = MacroString::parse(text, true)?;
        let validated =
            if text.needs_validated() { self.validated_names().await.ok()?.into_iter().next() } else { None };
        let mut text = text.expand(&self.values(domain, validated.as_deref()));
        if !text.is_ascii() {
            return None;
        }
        text.truncate(EXPLANATION_BYTES_MAX);
        Some(text)
    }
}

/// Whether an address is in a network.
fn within(ip: IpAddr, network: IpAddr, prefix: u8) -> bool {
    match (ip, network) {
        (IpAddr::V4(ip), IpAddr::V4(network)) => {
            let mask = u32::MAX.checked_shl(32 - u32::from(prefix.min(32))).unwrap_or(0);
            ip.to_bits() & mask == network.to_bits() & mask
        }
        (IpAddr::V6(ip), IpAddr::V6(network)) => {
            let mask = u128::MAX.checked_shl(128 - u32::from(prefix.min(128))).unwrap_or(0);
            ip.to_bits() & mask == network.to_bits() & mask
        }
        _ => false,
    }
}

/// Whether a name is a domain or below it.
fn is_within(name: &str, domain: &str) -> bool {
    let (name, domain) = (name.trim_end_matches('.'), domain.trim_end_matches('.'));
    name.len() >= domain.len()
        && name.is_char_boundary(name.len() - domain.len())
        && name[name.len() - domain.len()..].eq_ignore_ascii_case(domain)
        && (name.len() == domain.len() || name.as_bytes()[name.len() - domain.len() - 1] == b'.')
}
