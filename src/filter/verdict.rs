//! The verdict: a pure function of what is known and what is wanted. It has every reason in it.

use crate::{
    auth::{Outcome, Request},
    bayes::Probability,
    clamd::Scan,
    fact::{Facts, Reason, RecipientFacts},
    milter::Wish,
    policy::{DmarcMode, FileMode, Match, Policy, Sender},
    rules,
    score::Score,
    spf::SpfResult,
};
use serde::Serialize;

/// What is done, in order of weight.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Action {
    /// It goes to the Inbox.
    #[default]
    Accept,
    /// It goes to the Inbox, and mail programs are told that it may be junk.
    Tag,
    /// It goes to Junk.
    Junk,
    /// It is to come again later (4xx).
    Defer,
    /// It is refused (5xx).
    Reject,
}

impl Action {
    /// In English, as part of a sentence.
    pub fn word(self) -> &'static str {
        match self {
            Self::Accept => "accept",
            Self::Tag => "tag",
            Self::Junk => "junk",
            Self::Defer => "defer",
            Self::Reject => "reject",
        }
    }
}

/// A verdict.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Verdict {
    /// What is done.
    pub action: Action,
    /// The sum of all reasons.
    pub score: Score,
    /// Score at which it would be junk.
    pub junk_at: Score,
    /// All reasons, the weightiest first.
    pub reasons: Vec<Reason>,
    /// The reason that decided by itself, whatever the score.
    pub decisive: Option<&'static str>,
    /// Words of somebody else for a refusal, such as a milter's reply.
    pub reply: Option<String>,
}

/// Who sends.
#[derive(Debug, Clone, Copy)]
pub struct Envelope<'a> {
    /// As lists see it.
    pub sender: Sender<'a>,
    /// The author as shown, for words.
    pub author: &'a str,
}

/// Decides.
pub fn decide(envelope: Envelope<'_>, facts: &Facts, recipient: &RecipientFacts, policy: &Policy) -> Verdict {
    let mut judge = Judge { verdict: Verdict { junk_at: policy.junk_at, ..Verdict::default() }, policy, facts };
    judge.count_authentication();
    judge.count_client();
    judge.count_content();
    judge.count_bayes(recipient);
    judge.verdict.score = judge.verdict.reasons.iter().map(|reason| reason.score).sum();
    judge.by_known(envelope, recipient);
    judge.by_score();
    judge.by_dmarc();
    judge.by_files();
    judge.by_milters();
    judge.by_lists(envelope);
    // Nothing speaks for a virus.
    judge.by_scanner();
    let mut verdict = judge.verdict;
    verdict.reasons.sort_by_key(|reason| std::cmp::Reverse(reason.score.0.unsigned_abs()));
    verdict
}

struct Judge<'a> {
    verdict: Verdict,
    policy: &'a Policy,
    facts: &'a Facts,
}

impl Judge<'_> {
    fn reason(&mut self, rule: &'static str, detail: impl Into<String>) {
        let score = rules::find(rule).map_or_else(Score::default, |rule| rule.score);
        self.weighed(rule, detail, score);
    }

    fn weighed(&mut self, rule: &'static str, detail: impl Into<String>, score: Score) {
        self.verdict.reasons.push(Reason { rule, detail: detail.into(), score });
    }

    /// At least this, for this reason.
    fn at_least(&mut self, action: Action, rule: &'static str) {
        if action > self.verdict.action {
            self.verdict.action = action;
            self.verdict.decisive = Some(rule);
        }
    }

    fn count_authentication(&mut self) {
        let facts = self.facts;
        let authentication = &facts.authentication;
        let spf = match authentication.spf {
            SpfResult::Pass => Some("SPF_PASS"),
            SpfResult::Fail => Some("SPF_FAIL"),
            SpfResult::SoftFail => Some("SPF_SOFTFAIL"),
            SpfResult::PermError => Some("SPF_PERMERROR"),
            SpfResult::None | SpfResult::Neutral | SpfResult::TempError => None,
        };
        if let Some(rule) = spf {
            self.reason(rule, authentication.spf_domain.clone());
        }
        let good = authentication.dkim.iter().find(|signature| signature.outcome == Outcome::Pass);
        let broken =
            authentication.dkim.iter().find(|signature| matches!(signature.outcome, Outcome::Fail | Outcome::Neutral));
        match (good, broken) {
            (Some(good), _) => self.reason("DKIM_PASS", good.domain.clone()),
            (None, Some(broken)) => self.reason("DKIM_FAIL", broken.domain.clone()),
            _ => {}
        }
        match authentication.dmarc {
            Outcome::Pass => self.reason("DMARC_PASS", authentication.from_domain.clone()),
            Outcome::Fail => self.reason("DMARC_FAIL", authentication.from_domain.clone()),
            _ => {}
        }
    }

    fn count_client(&mut self) {
        let facts = self.facts;
        for hit in &facts.client.hits {
            self.reason(hit.rule, hit.detail.clone());
        }
        for listing in &facts.listings {
            let rule = if listing.score.0 < 0 { "LIST_ALLOWS" } else { "LISTED" };
            self.weighed(rule, format!("{} ({})", listing.zone, listing.what), listing.score);
            if listing.score.0 < 0 {
                break;
            }
        }
    }

    fn count_content(&mut self) {
        let facts = self.facts;
        for hit in facts.hits.iter().chain(&facts.dangers) {
            self.reason(hit.rule, hit.detail.clone());
        }
    }

    fn count_bayes(&mut self, recipient: &RecipientFacts) {
        if let Some(likely) = self.facts.bayes
            && let Some(rule) = bayes_rule(likely)
        {
            self.reason(rule, likely.to_string());
        }
        match recipient.bayes {
            Some(likely) if likely.ppm >= 950_000 => self.reason("BAYES_OWN_SPAM", likely.to_string()),
            Some(likely) if likely.ppm <= 50_000 => self.reason("BAYES_OWN_HAM", likely.to_string()),
            _ => {}
        }
    }

    /// Whether nothing says that the sender is somebody else.
    fn is_not_forged(&self) -> bool {
        let authentication = &self.facts.authentication;
        authentication.dmarc != Outcome::Fail && !matches!(authentication.spf, SpfResult::Fail | SpfResult::SoftFail)
    }

    fn by_known(&mut self, envelope: Envelope<'_>, recipient: &RecipientFacts) {
        if recipient.knows_author && self.is_not_forged() {
            self.reason("KNOWN_SENDER", envelope.author);
            self.verdict.score = self.verdict.reasons.iter().map(|reason| reason.score).sum();
        } else if self.policy.only_known {
            self.reason("STRANGER", envelope.author);
            self.at_least(Action::Junk, "STRANGER");
        }
        if recipient.greylisted {
            self.reason("GREYLISTED", envelope.author);
            self.at_least(Action::Defer, "GREYLISTED");
        }
    }

    fn by_score(&mut self) {
        let score = self.verdict.score;
        let action = match () {
            () if score >= self.policy.reject_at => Action::Reject,
            () if score >= self.policy.junk_at => Action::Junk,
            () if score >= self.policy.tag_at => Action::Tag,
            () => Action::Accept,
        };
        if action > self.verdict.action {
            self.verdict.action = action;
            self.verdict.decisive = None;
        }
    }

    fn by_dmarc(&mut self) {
        let authentication = &self.facts.authentication;
        if authentication.dmarc != Outcome::Fail || self.policy.dmarc == DmarcMode::Ignore {
            return;
        }
        let sealer = authentication.arc_sealer.clone().filter(|_| authentication.arc == Outcome::Pass);
        if let Some(sealer) = sealer.filter(|sealer| self.policy.trusts_sealer(sealer)) {
            self.reason("ARC_TRUSTED", sealer);
            return;
        }
        let domain = authentication.from_domain.clone();
        match (authentication.dmarc_request, self.policy.dmarc) {
            (Request::None, _) => {}
            (Request::Reject, DmarcMode::Apply) => {
                self.reason("DMARC_REJECT", domain);
                self.at_least(Action::Reject, "DMARC_REJECT");
            }
            _ => {
                self.reason("DMARC_QUARANTINE", domain);
                self.at_least(Action::Junk, "DMARC_QUARANTINE");
            }
        }
    }

    fn by_files(&mut self) {
        let Some(danger) =
            self.facts.dangers.iter().find(|hit| matches!(hit.rule, "FILE_DANGEROUS" | "FILE_TWO_ENDINGS"))
        else {
            return;
        };
        match self.policy.files {
            FileMode::Score => {}
            FileMode::Junk => self.at_least(Action::Junk, danger.rule),
            FileMode::Reject => self.at_least(Action::Reject, danger.rule),
        }
    }

    fn by_milters(&mut self) {
        let facts = self.facts;
        for fact in &facts.milters {
            let (action, rule, words) = match &fact.wish {
                Wish::Accept | Wish::Failed(_, false) => continue,
                Wish::PutAside => (Action::Junk, "MILTER_QUARANTINE", None),
                Wish::Defer(words) => (Action::Defer, "MILTER_DEFER", Some(words)),
                Wish::Failed(why, true) => (Action::Defer, "MILTER_DEFER", Some(why)),
                Wish::Reject(words) => (Action::Reject, "MILTER_REJECT", Some(words)),
            };
            self.reason(rule, fact.name.clone());
            if action > self.verdict.action {
                self.verdict.reply = words.filter(|words| !words.is_empty()).cloned();
            }
            self.at_least(action, rule);
        }
    }

    /// Lists are last but for the scanner: they are what people have decided.
    fn by_lists(&mut self, envelope: Envelope<'_>) {
        match self.policy.listed(envelope.sender) {
            Some((true, found)) => {
                let (shown, proved) = match found {
                    Match::Proved(shown) => (shown, true),
                    Match::Claimed(shown) => (shown, self.is_not_forged()),
                };
                // Who is allowed must not be whom anybody can claim to be.
                if proved {
                    self.reason("ALLOWED", shown);
                    self.verdict.action = Action::Accept;
                    self.verdict.decisive = Some("ALLOWED");
                }
            }
            Some((false, Match::Claimed(shown) | Match::Proved(shown))) => {
                self.reason("BLOCKED", shown);
                self.at_least(Action::Reject, "BLOCKED");
            }
            None => {}
        }
    }

    fn by_scanner(&mut self) {
        match &self.facts.scan {
            Some(Scan::Found(name)) => {
                let name = name.clone();
                self.reason("VIRUS", name);
                self.verdict.action = Action::Reject;
                self.verdict.decisive = Some("VIRUS");
            }
            Some(Scan::Failed { why, defer }) => {
                let (why, defer) = (why.clone(), *defer);
                self.reason("SCANNER_DOWN", why);
                if defer {
                    self.at_least(Action::Defer, "SCANNER_DOWN");
                }
            }
            Some(Scan::Clean) | None => {}
        }
    }
}

fn bayes_rule(likely: Probability) -> Option<&'static str> {
    Some(match likely.ppm {
        990_000.. => "BAYES_SPAM_99",
        950_000.. => "BAYES_SPAM_95",
        800_000.. => "BAYES_SPAM_80",
        200_001.. => return None,
        50_001.. => "BAYES_HAM_20",
        10_001.. => "BAYES_HAM_05",
        _ => "BAYES_HAM_01",
    })
}

impl Verdict {
    /// Whether mail programs are told that it is junk.
    pub fn is_flagged(&self) -> bool {
        matches!(self.action, Action::Tag | Action::Junk)
    }

    /// From 0, certainly not junk, to 1; one half is where it becomes junk.
    pub fn likely(&self) -> f64 {
        if self.action == Action::Junk && self.score < self.junk_at {
            return 0.5;
        }
        let threshold = f64::from(self.junk_at.0.max(1));
        (f64::from(self.score.0) / threshold / 2.0).clamp(0.0, 1.0)
    }

    /// All of it in one English sentence, for traces and logs.
    pub fn sentence(&self) -> String {
        let reasons: Vec<String> = self
            .reasons
            .iter()
            .map(|reason| format!("{} ({}, {})", rules::words(reason.rule, &reason.detail), reason.rule, reason.score))
            .collect();
        let because = self.decisive.map(|rule| format!(" by {rule}")).unwrap_or_default();
        let reasons = if reasons.is_empty() { "nothing was found".to_owned() } else { reasons.join("; ") };
        format!("{}{because}, score {} of {}: {reasons}", self.action.word(), self.score, self.junk_at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{auth::Authentication, heuristics::Hit, policy::Overrides};

    fn verdict(facts: &Facts, recipient: &RecipientFacts, policy: &Policy) -> Verdict {
        let addresses = ["carol@example.org".to_owned()];
        let sender = Sender { client: [192, 0, 2, 1].into(), addresses: &addresses, sealer: None };
        decide(Envelope { sender, author: "carol@example.org" }, facts, recipient, policy)
    }

    fn policy(settings: &[(&str, &str)], allow: &[&str], block: &[&str]) -> Policy {
        let mut scope = Overrides::default();
        settings.iter().for_each(|(name, value)| scope.set(name, value).unwrap());
        allow.iter().for_each(|entry| assert!(scope.list(true, entry, true).unwrap()));
        block.iter().for_each(|entry| assert!(scope.list(false, entry, true).unwrap()));
        Policy::of([scope])
    }

    fn failing(request: Request) -> Facts {
        let authentication = Authentication {
            dmarc: Outcome::Fail,
            from_domain: "example.org".into(),
            dmarc_request: request,
            arc: Outcome::Pass,
            arc_sealer: Some("lists.example".into()),
            ..Authentication::default()
        };
        Facts { authentication, ..Facts::default() }
    }

    #[test]
    fn nothing_known_is_accepted() {
        let facts = Facts { dead: vec![("dns", "no answer".into())], ..Facts::default() };
        let verdict = verdict(&facts, &RecipientFacts::default(), &Policy::default());
        assert_eq!((verdict.action, verdict.score), (Action::Accept, Score(0)));
    }

    #[test]
    fn what_a_domain_asks_is_done_unless_policy_says_otherwise() {
        let none = RecipientFacts::default();
        let (reject, quarantine) = (failing(Request::Reject), failing(Request::Quarantine));
        assert_eq!(verdict(&reject, &none, &Policy::default()).action, Action::Reject);
        assert_eq!(verdict(&quarantine, &none, &Policy::default()).action, Action::Junk);
        assert_eq!(verdict(&reject, &none, &policy(&[("dmarc", "junk")], &[], &[])).action, Action::Junk);
        assert_eq!(verdict(&reject, &none, &policy(&[("dmarc", "ignore")], &[], &[])).action, Action::Accept);
        assert_eq!(verdict(&reject, &none, &policy(&[], &["arc:lists.example"], &[])).action, Action::Accept);
    }

    #[test]
    fn lists_decide_but_cannot_be_claimed() {
        let none = RecipientFacts::default();
        assert_eq!(verdict(&Facts::default(), &none, &policy(&[], &[], &["example.org"])).action, Action::Reject);
        let allowed = policy(&[], &["example.org"], &[]);
        assert_eq!(verdict(&failing(Request::Reject), &none, &allowed).action, Action::Reject);
        let network = policy(&[], &["192.0.2.0/24"], &[]);
        assert_eq!(verdict(&failing(Request::Reject), &none, &network).action, Action::Accept);
        let infected = Facts { scan: Some(Scan::Found("Eicar".into())), ..Facts::default() };
        assert_eq!(verdict(&infected, &none, &network).action, Action::Reject);
    }

    #[test]
    fn scores_add_up_and_known_people_count() {
        let hit = |rule| Hit { rule, detail: String::new() };
        let facts = Facts { hits: vec![hit("LINK_DECEIVES"), hit("FROM_NAME_OTHER_ADDRESS")], ..Facts::default() };
        let stranger = verdict(&facts, &RecipientFacts::default(), &Policy::default());
        assert_eq!((stranger.action, stranger.score), (Action::Junk, Score(500)));
        assert_eq!(stranger.likely(), 0.5);
        let known = RecipientFacts { knows_author: true, ..RecipientFacts::default() };
        assert_eq!(verdict(&facts, &known, &Policy::default()).action, Action::Accept);
        let only = policy(&[("only_known", "yes")], &[], &[]);
        assert_eq!(verdict(&Facts::default(), &RecipientFacts::default(), &only).action, Action::Junk);
        assert_eq!(verdict(&Facts::default(), &known, &only).action, Action::Accept);
    }

    #[test]
    fn programs_go_to_junk_or_are_refused() {
        let hit = Hit { rule: "FILE_DANGEROUS", detail: "run.exe".into() };
        let facts = Facts { dangers: vec![hit], ..Facts::default() };
        let none = RecipientFacts::default();
        assert_eq!(verdict(&facts, &none, &Policy::default()).action, Action::Junk);
        assert_eq!(verdict(&facts, &none, &policy(&[("files", "reject")], &[], &[])).action, Action::Reject);
    }
}
