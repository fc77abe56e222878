//! What headers, text, HTML and links look like: a table of named looks. What they count stands in [`crate::rules`].

use crate::{
    client::is_private,
    content::{Content, registered},
};
use mail::{header, summary::EnvelopeAddress};

/// A look that found something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hit {
    /// The rule.
    pub rule: &'static str,
    /// What it is about.
    pub detail: String,
}

/// Characters of a detail.
const DETAIL_CHARS_MAX: usize = 80;

type Look = fn(&Content<'_>) -> Option<String>;

/// All looks.
static LOOKS: &[(&str, Look)] = &[
    ("NO_FROM", |m| m.author().is_none().then(String::new)),
    ("SEVERAL_FROM", |m| (header::count(m.header, "From") > 1).then(String::new)),
    ("NO_DATE", |m| m.envelope.date.is_none().then(String::new)),
    ("DATE_IN_FUTURE", |m| {
        let sent = m.envelope.sent?;
        (sent > m.now + 2 * 86_400).then(|| m.envelope.date.clone().unwrap_or_default())
    }),
    ("NO_MESSAGE_ID", |m| m.envelope.message_id.is_none().then(String::new)),
    ("MESSAGE_ID_ODD", |m| {
        let id = m.envelope.message_id.as_deref()?.trim();
        let inner = id.strip_prefix('<').and_then(|id| id.strip_suffix('>'));
        let is_good =
            inner.and_then(|id| id.rsplit_once('@')).is_some_and(|(left, right)| !left.is_empty() && !right.is_empty());
        (!is_good).then(|| id.to_owned())
    }),
    ("NO_SUBJECT", |m| m.subject().trim().is_empty().then(String::new)),
    ("SUBJECT_CAPITALS", |m| {
        let letters: Vec<char> = m.subject().chars().filter(|c| c.is_alphabetic()).collect();
        let has_case = letters.iter().all(|c| c.is_uppercase());
        (letters.len() > 10 && has_case && m.subject().contains(' ')).then(|| m.subject().to_owned())
    }),
    ("SUBJECT_SHOUTS", |m| {
        let subject = m.subject();
        (subject.contains("!!") || subject.contains("$$") || subject.ends_with(" !")).then(|| subject.to_owned())
    }),
    ("SUBJECT_GAPS", |m| {
        let subject = m.subject();
        let (_, code) = subject.split_once("      ")?;
        (!code.trim().is_empty()).then(|| code.trim().to_owned())
    }),
    ("SUBJECT_FALSE_REPLY", |m| {
        let is_reply = m.subject().get(..3).is_some_and(|start| start.eq_ignore_ascii_case("re:"));
        let answers = m.envelope.in_reply_to.is_some() || header::find(m.header, "References").is_some();
        (is_reply && !answers).then(|| m.subject().to_owned())
    }),
    ("SUBJECT_RAW", |m| header::find(m.header, "Subject").filter(|raw| !raw.is_ascii()).map(|_| String::new())),
    ("FROM_NAME_OTHER_ADDRESS", |m| {
        let author = m.author()?;
        let name = author.name.as_deref()?;
        let (_, named) = name.rsplit_once('@')?;
        let named: String = named.chars().take_while(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-')).collect();
        let named = registered(named.trim_end_matches('.'))?;
        (registered(author.domain.as_deref()?)? != named).then(|| format!("{name} <{}>", spelled(author)))
    }),
    ("FROM_NO_NAME_DIGITS", |m| {
        let author = m.author()?;
        let local = author.local.as_deref()?;
        let digits = local.bytes().filter(u8::is_ascii_digit).count();
        (digits >= 4 && digits * 2 >= local.len()).then(|| spelled(author))
    }),
    ("REPLY_ELSEWHERE", |m| {
        let reply = m.envelope.reply_to.iter().find(|address| address.domain.is_some())?;
        let elsewhere = registered(reply.domain.as_deref()?)? != registered(m.author()?.domain.as_deref()?)?;
        let is_list = header::find(m.header, "List-Id").is_some() || header::find(m.header, "Mailing-List").is_some();
        (elsewhere && !is_list).then(|| spelled(reply))
    }),
    ("TO_UNDISCLOSED", |m| {
        let named = m.envelope.to.iter().chain(&m.envelope.cc).any(|address| address.domain.is_some());
        (!named).then(String::new)
    }),
    ("MAILER_BULK", |m| {
        let mailer = m.field("X-Mailer");
        let lower = mailer.to_ascii_lowercase();
        let known =
            ["bulk", "mass mail", "group mail", "advanced direct", "emailer platinum", "stealth", "diffondi", "jixing"];
        known.iter().any(|word| lower.contains(word)).then_some(mailer)
    }),
    ("MARKED_URGENT", |m| m.field("X-Priority").starts_with('1').then(String::new)),
    ("HTML_ONLY", |m| (!m.html.is_empty() && !m.has_plain).then(String::new)),
    ("HTML_LITTLE_TEXT", |m| {
        let has_picture = contains(&m.html, "<img");
        let letters = m.text.chars().filter(|c| c.is_alphanumeric()).count();
        (has_picture && letters < 150).then(String::new)
    }),
    ("HTML_HIDDEN", |m| {
        let hides =
            ["display:none", "display: none", "font-size:0", "font-size: 0", "font-size:1px", "visibility:hidden"];
        let many = hides.iter().map(|word| m.html.matches(word).count()).sum::<usize>();
        (many > 3).then(String::new)
    }),
    ("HTML_FORM", |m| (contains(&m.html, "<form") && contains(&m.html, "<input")).then(String::new)),
    ("HTML_SCRIPT", |m| contains(&m.html, "<script").then(String::new)),
    ("HTML_BROKEN_WORDS", |m| {
        // A comment between two letters is there to break a word in two.
        let breaks = m.html.match_indices("<!--").filter(|(at, _)| {
            let before = m.html[..*at].chars().next_back().is_some_and(char::is_alphabetic);
            let rest = &m.html[*at..];
            let after =
                rest.find("-->").and_then(|end| rest[end + 3..].chars().next()).is_some_and(char::is_alphabetic);
            before && after
        });
        (breaks.take(4).count() > 3).then(String::new)
    }),
    ("LINK_DECEIVES", |m| {
        let deceives = m.links.iter().find_map(|link| {
            let shown = link.shown.as_deref()?;
            (registered(shown)? != registered(&link.host)?).then(|| format!("{shown} and leads to {}", link.host))
        });
        deceives.filter(|_| header::find(m.header, "List-Unsubscribe").is_none())
    }),
    ("LINK_ADDRESS", |m| {
        // One of the reader's own network is where a device or a colleague's page is.
        let is_address = |host: &str| match host.parse::<std::net::Ipv4Addr>() {
            Ok(address) => !is_private(address.into()),
            Err(_) => host.len() > 7 && host.bytes().all(|b| b.is_ascii_digit()),
        };
        m.links.iter().find(|link| is_address(&link.host)).map(|link| link.host.clone())
    }),
    ("LINK_ENCODED", |m| m.links.iter().find(|link| link.host.contains('%')).map(|link| link.host.clone())),
    ("LINK_LOOKALIKE", |m| {
        let mixes = |host: &str| {
            host.split('.').any(|label| {
                let label = mail::address::domain_to_unicode(label);
                let latin = label.chars().any(|c| c.is_ascii_alphabetic());
                latin && label.chars().any(|c| matches!(c, '\u{370}'..='\u{5ff}'))
            })
        };
        m.links.iter().find(|link| mixes(&link.host)).map(|link| link.host.clone())
    }),
    ("LINKS_MANY_HOSTS", |m| {
        let hosts = m.link_domains().len();
        (hosts > 15).then(|| hosts.to_string())
    }),
    ("TEXT_CAPITALS", |m| {
        let (mut capitals, mut letters) = (0, 0);
        for c in m.text.chars().filter(|c| c.is_alphabetic()).take(5000) {
            letters += 1;
            capitals += usize::from(c.is_uppercase());
        }
        (letters > 200 && capitals * 5 > letters * 2).then(String::new)
    }),
    ("TEXT_MONEY", |m| {
        let lower = &m.lower;
        let sums = [
            "million dollars",
            "million us dollars",
            "million united states",
            "us$",
            "earn money",
            "make money",
            "$1000",
            "extra income",
            "financial freedom",
        ];
        (sums.iter().filter(|word| lower.contains(*word)).count() > 1).then(String::new)
    }),
    ("TEXT_FUND_TRANSFER", |m| {
        let lower = &m.lower;
        let signs = [
            "next of kin",
            "transfer the sum",
            "foreign account",
            "confidential",
            "beneficiary",
            "late president",
            "bank account",
            "deceased",
            "utmost secrecy",
            "percent of the",
        ];
        (signs.iter().filter(|word| lower.contains(*word)).count() > 2).then(String::new)
    }),
    ("TEXT_REMOVAL", |m| {
        let lower = &m.lower;
        let signs = [
            "to be removed from",
            "remove in the subject",
            "removed from our list",
            "removed from this list",
            "removed from future",
            "\"remove\"",
            "opt-out",
            "opt out of",
            "not wish to receive",
        ];
        let has = signs.iter().any(|word| lower.contains(word));
        (has && header::find(m.header, "List-Unsubscribe").is_none()).then(String::new)
    }),
    ("TEXT_NO_SPAM", |m| {
        let lower = &m.lower;
        let signs = [
            "this is not spam",
            "not unsolicited",
            "cannot be considered spam",
            "this message is sent in compliance",
            "s. 1618",
            "s.1618",
            "bill 1618",
        ];
        signs.iter().any(|word| lower.contains(word)).then(String::new)
    }),
    ("TEXT_OFFER", |m| {
        let lower = &m.lower;
        let signs = [
            "click here",
            "order now",
            "limited time",
            "act now",
            "no obligation",
            "risk free",
            "risk-free",
            "money back",
            "100% free",
            "free trial",
            "toll free",
            "credit card",
            "special offer",
            "guarantee",
        ];
        let found: Vec<&str> = signs.into_iter().filter(|word| lower.contains(word)).collect();
        (found.len() > 2).then(|| found.join(", "))
    }),
    ("TEXT_PASSWORD", |m| {
        let lower = &m.lower;
        let asks = [
            "verify your account",
            "confirm your account",
            "account will be suspended",
            "update your billing",
            "unusual sign-in",
            "your account has been limited",
        ];
        (asks.iter().any(|word| lower.contains(word)) && !m.links.is_empty()).then(String::new)
    }),
];

/// Looks at a message with all of them.
pub fn look(content: &Content<'_>) -> Vec<Hit> {
    let found = LOOKS.iter().filter_map(|(rule, look)| Some((*rule, look(content)?)));
    found.map(|(rule, detail)| Hit { rule, detail: detail.chars().take(DETAIL_CHARS_MAX).collect() }).collect()
}

fn contains(html: &str, tag: &str) -> bool {
    html.match_indices('<')
        .any(|(at, _)| html.get(at..at + tag.len()).is_some_and(|start| start.eq_ignore_ascii_case(tag)))
}

fn spelled(address: &EnvelopeAddress) -> String {
    format!("{}@{}", address.local.as_deref().unwrap_or_default(), address.domain.as_deref().unwrap_or_default())
}
