//! Who a message is from, as far as that can be proved: SPF, DKIM (RFC 6376), DMARC (RFC 9989) and ARC (RFC 8617).

use crate::spf::{self, SpfResult};
use config::Limits;
use mail_auth::{
    AuthenticatedMessage, DkimResult, DmarcResult, MessageAuthenticator, SpfOutput, dmarc::Policy as DmarcPolicy,
    dmarc::verify::DmarcParameters,
};
use net::dns::Resolver;
use std::net::IpAddr;

/// Who brings a message, and as whose.
#[derive(Debug, Clone, Copy)]
pub struct Identity<'a> {
    /// The client.
    pub client: IpAddr,
    /// The name it gave.
    pub helo: &'a str,
    /// Envelope sender, as `local@domain`; empty for the null path.
    pub sender: &'a str,
    /// Our name.
    pub receiver: &'a str,
    /// Seconds since 1970.
    pub now: i64,
}

/// Result of DKIM, DMARC and ARC (RFC 8601 section 2.7.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[allow(missing_docs, reason = "the names say it")]
pub enum Outcome {
    #[default]
    None,
    Pass,
    Fail,
    Neutral,
    TempError,
    PermError,
}

impl Outcome {
    /// The word of RFC 8601.
    pub fn word(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::Neutral => "neutral",
            Self::TempError => "temperror",
            Self::PermError => "permerror",
        }
    }
}

/// One DKIM signature.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Signature {
    /// Its result.
    pub outcome: Outcome,
    /// Domain of the signer.
    pub domain: String,
    /// Selector.
    pub selector: String,
    /// What was wrong; empty on success.
    pub why: String,
}

/// What a domain asks receivers to do with mail that fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[allow(missing_docs, reason = "the names say it")]
pub enum Request {
    #[default]
    None,
    Quarantine,
    Reject,
}

/// All results.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Authentication {
    /// SPF of the envelope sender, or of the HELO name for the null path.
    pub spf: SpfResult,
    /// The domain that it is about.
    pub spf_domain: String,
    /// Whether that was the HELO name.
    pub spf_of_helo: bool,
    /// The domain's own words for a fail.
    pub spf_explanation: Option<String>,
    /// DKIM signatures in order of the header.
    pub dkim: Vec<Signature>,
    /// ARC chain.
    pub arc: Outcome,
    /// Who sealed it last.
    pub arc_sealer: Option<String>,
    /// DMARC.
    pub dmarc: Outcome,
    /// Domain of the From field; empty when there is none, or several.
    pub from_domain: String,
    /// What it asks for when DMARC fails.
    pub dmarc_request: Request,
}

/// Verifies a message as it came, without fields of our own.
pub async fn verify(
    resolver: &Resolver,
    authenticator: &MessageAuthenticator,
    identity: Identity<'_>,
    message: &[u8],
) -> Authentication {
    let sender_domain = identity.sender.rsplit_once('@').map_or("", |(_, domain)| domain);
    let spf_of_helo = sender_domain.is_empty();
    let spf_domain = if spf_of_helo { identity.helo } else { sender_domain };
    let asked = spf::Asked {
        ip: identity.client,
        domain: spf_domain,
        sender: identity.sender,
        helo: identity.helo,
        receiver: identity.receiver,
        now: identity.now,
    };
    let spf = spf::check(resolver, asked);
    let parsed = parse(message);
    let (spf, (dkim, arc)) = tokio::join!(spf, async {
        match &parsed {
            Some(parsed) => {
                let (dkim, arc) = tokio::join!(authenticator.verify_dkim(parsed), authenticator.verify_arc(parsed));
                (dkim, Some(arc))
            }
            None => (Vec::new(), None),
        }
    });
    let mut results = Authentication {
        spf: spf.result,
        spf_domain: spf_domain.to_owned(),
        spf_of_helo,
        spf_explanation: spf.explanation,
        ..Authentication::default()
    };
    let Some(parsed) = &parsed else { return results };
    results.dkim = dkim.iter().map(signature).collect();
    if let Some(arc) = &arc {
        results.arc = match crate::arc::is_well_formed(message) {
            Some(false) => Outcome::Fail,
            _ => outcome(arc.result()).0,
        };
        results.arc_sealer = arc.sets().last().map(|set| set.seal.header.d.clone());
    }
    let spf_output = SpfOutput::new(spf_domain.to_owned()).with_result(library_result(spf.result));
    let dmarc = authenticator
        .verify_dmarc(DmarcParameters {
            message: parsed,
            dkim_output: &dkim,
            dkim2_output: None,
            rfc5321_mail_from_domain: spf_domain,
            spf_output: &spf_output,
        })
        .await;
    results.from_domain = dmarc.domain().to_owned();
    results.dmarc = match dmarc.result() {
        DmarcResult::Pass => Outcome::Pass,
        DmarcResult::Fail(_) => Outcome::Fail,
        DmarcResult::TempError(_) => Outcome::TempError,
        DmarcResult::PermError(_) => Outcome::PermError,
        DmarcResult::None => Outcome::None,
    };
    results.dmarc_request = match dmarc.policy() {
        DmarcPolicy::Reject => Request::Reject,
        DmarcPolicy::Quarantine => Request::Quarantine,
        DmarcPolicy::None | DmarcPolicy::Unspecified => Request::None,
    };
    results
}

/// The message for the library, with no more signatures than are worth the work.
pub fn parse(message: &[u8]) -> Option<AuthenticatedMessage<'_>> {
    let mut parsed = AuthenticatedMessage::parse(message)?;
    parsed.dkim_headers.truncate(Limits::DKIM_SIGNATURES_MAX);
    parsed.errors.truncate(Limits::DKIM_SIGNATURES_MAX);
    Some(parsed)
}

/// A result and what was wrong.
pub(crate) fn outcome(result: &DkimResult) -> (Outcome, String) {
    match result {
        DkimResult::Pass => (Outcome::Pass, String::new()),
        DkimResult::Neutral(why) => (Outcome::Neutral, why.to_string()),
        DkimResult::Fail(why) => (Outcome::Fail, why.to_string()),
        DkimResult::PermError(why) => (Outcome::PermError, why.to_string()),
        DkimResult::TempError(why) => (Outcome::TempError, why.to_string()),
        DkimResult::None => (Outcome::None, String::new()),
    }
}

fn signature(output: &mail_auth::DkimOutput<'_>) -> Signature {
    let (outcome, why) = outcome(output.result());
    let (domain, selector) = output.signature().map_or_else(Default::default, |s| (s.d.clone(), s.s.clone()));
    Signature { outcome, domain, selector, why }
}

fn library_result(result: SpfResult) -> mail_auth::SpfResult {
    match result {
        SpfResult::None => mail_auth::SpfResult::None,
        SpfResult::Neutral => mail_auth::SpfResult::Neutral,
        SpfResult::Pass => mail_auth::SpfResult::Pass,
        SpfResult::Fail => mail_auth::SpfResult::Fail,
        SpfResult::SoftFail => mail_auth::SpfResult::SoftFail,
        SpfResult::TempError => mail_auth::SpfResult::TempError,
        SpfResult::PermError => mail_auth::SpfResult::PermError,
    }
}
