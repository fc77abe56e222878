//! All rules by name: what they count, and their words. The name is also the key for a translation of the words.

use crate::score::Score;

/// A rule.
#[derive(Debug, Clone, Copy)]
pub struct Rule {
    /// Its name.
    pub name: &'static str,
    /// What it counts where nothing else says so.
    pub score: Score,
    /// Its words; `{}` is what it is about.
    pub words: &'static str,
}

const fn rule(name: &'static str, hundredths: i32, words: &'static str) -> Rule {
    Rule { name, score: Score(hundredths), words }
}

/// Every rule there is.
pub static RULES: &[Rule] = &[
    // Policy.
    rule("ALLOWED", 0, "{} is on the allow list"),
    rule("BLOCKED", 0, "{} is on the block list"),
    rule("KNOWN_SENDER", -300, "the account has written to {} before"),
    rule("STRANGER", 0, "{} is not one of those whose mail this account takes"),
    rule("GREYLISTED", 0, "{} is asked to come again later"),
    // Authentication.
    rule("SPF_PASS", -10, "{} lets this client send for it (SPF)"),
    rule("SPF_FAIL", 250, "{} does not let this client send for it (SPF)"),
    rule("SPF_SOFTFAIL", 100, "{} would rather not let this client send for it (SPF)"),
    rule("SPF_PERMERROR", 30, "{} has a wrong SPF record"),
    rule("DKIM_PASS", -20, "{} has signed the message (DKIM)"),
    rule("DKIM_FAIL", 30, "the signature of {} does not fit the message (DKIM)"),
    rule("DMARC_PASS", -30, "{} confirms that the message is from it (DMARC)"),
    rule("DMARC_FAIL", 60, "{} does not confirm that the message is from it (DMARC)"),
    rule("DMARC_QUARANTINE", 0, "{} asks to put mail aside that it does not confirm (DMARC)"),
    rule("DMARC_REJECT", 0, "{} asks to refuse mail that it does not confirm (DMARC)"),
    rule("ARC_TRUSTED", 0, "{}, which is trusted, vouches for what it saw (ARC)"),
    // The client.
    rule("RDNS_NONE", 100, "the client {} has no name"),
    rule("RDNS_UNCONFIRMED", 80, "the client's name {} does not lead back to it"),
    rule("RDNS_DYNAMIC", 120, "the client's name {} is that of a line with changing addresses"),
    rule("HELO_OTHER_ADDRESS", 120, "the client gives {} as its address, which is another one"),
    rule("HELO_BARE_ADDRESS", 150, "the client gives the bare address {} as its name"),
    rule("HELO_IS_OURS", 400, "the client gives our own name {}"),
    rule("HELO_NO_DOMAIN", 60, "the client gives {} as its name, which is no full one"),
    rule("HELO_UNKNOWN", 60, "the client gives {} as its name, which does not exist"),
    rule("LISTED", 0, "listed by {}"),
    rule("LIST_ALLOWS", 0, "vouched for by {}"),
    // Learned.
    rule("BAYES_SPAM_99", 550, "its words are those of junk learned before ({})"),
    rule("BAYES_SPAM_95", 350, "its words are mostly those of junk learned before ({})"),
    rule("BAYES_SPAM_80", 150, "its words are more like junk learned before ({})"),
    rule("BAYES_HAM_20", -100, "its words are more like wanted mail learned before ({})"),
    rule("BAYES_HAM_05", -200, "its words are mostly those of wanted mail learned before ({})"),
    rule("BAYES_HAM_01", -300, "its words are those of wanted mail learned before ({})"),
    rule("BAYES_OWN_SPAM", 150, "its words are those of what this account put into Junk ({})"),
    rule("BAYES_OWN_HAM", -150, "its words are those of what this account keeps ({})"),
    // Content.
    rule("VIRUS", 0, "it holds {}"),
    rule("SCANNER_DOWN", 0, "the virus scanner did not answer: {}"),
    rule("MILTER_REJECT", 0, "{} refuses it"),
    rule("MILTER_DEFER", 0, "{} wants it later"),
    rule("MILTER_QUARANTINE", 0, "{} wants it put aside"),
    rule("FILE_DANGEROUS", 250, "it brings a program: {}"),
    rule("FILE_MACRO", 150, "it brings a document with macros: {}"),
    rule("FILE_ENCRYPTED", 100, "it brings an archive that nobody can look into: {}"),
    rule("FILE_NESTED", 150, "it brings archives within archives: {}"),
    rule("FILE_TWO_ENDINGS", 250, "it brings a file that hides what it is: {}"),
    // Headers.
    rule("NO_FROM", 100, "it says nothing about its author{}"),
    rule("SEVERAL_FROM", 200, "it has several From fields{}"),
    rule("NO_DATE", 50, "it has no date{}"),
    rule("DATE_IN_FUTURE", 100, "it is from the future: {}"),
    rule("NO_MESSAGE_ID", 40, "it has no Message-ID{}"),
    rule("MESSAGE_ID_ODD", 40, "its Message-ID is odd: {}"),
    rule("NO_SUBJECT", 30, "it has no subject{}"),
    rule("SUBJECT_CAPITALS", 80, "its subject is all capitals: {}"),
    rule("SUBJECT_SHOUTS", 50, "its subject shouts: {}"),
    rule("SUBJECT_GAPS", 100, "its subject has gaps before what looks like a code: {}"),
    rule("SUBJECT_FALSE_REPLY", 60, "its subject claims an answer, but it answers nothing: {}"),
    rule("SUBJECT_RAW", 40, "its subject is not written as mail is{}"),
    rule("FROM_NAME_OTHER_ADDRESS", 200, "its author's name is another address: {}"),
    rule("FROM_NO_NAME_DIGITS", 40, "its author's address is mostly digits: {}"),
    rule("REPLY_ELSEWHERE", 60, "answers go elsewhere: {}"),
    rule("TO_UNDISCLOSED", 60, "it does not say whom it is to{}"),
    rule("MAILER_BULK", 150, "it was made by a program for mass mail: {}"),
    rule("MARKED_URGENT", 30, "it is marked as urgent{}"),
    // Text.
    rule("HTML_ONLY", 30, "it has HTML and no plain text{}"),
    rule("HTML_LITTLE_TEXT", 80, "it is pictures with hardly any text{}"),
    rule("HTML_HIDDEN", 150, "it hides text from its reader{}"),
    rule("HTML_FORM", 100, "it has a form to fill in{}"),
    rule("HTML_SCRIPT", 100, "it has a program in its HTML{}"),
    rule("HTML_BROKEN_WORDS", 100, "its words are broken up by comments{}"),
    rule("LINK_DECEIVES", 300, "a link shows {}"),
    rule("LINK_ADDRESS", 150, "a link leads to a bare address: {}"),
    rule("LINK_ENCODED", 150, "a link hides its host: {}"),
    rule("LINK_LOOKALIKE", 150, "a link's host mixes alphabets: {}"),
    rule("LINKS_MANY_HOSTS", 40, "it links to many hosts: {}"),
    rule("TEXT_CAPITALS", 60, "much of it is capitals{}"),
    rule("TEXT_MONEY", 80, "it promises large sums{}"),
    rule("TEXT_FUND_TRANSFER", 200, "it offers to share money from abroad{}"),
    rule("TEXT_REMOVAL", 80, "it tells how to be removed{}"),
    rule("TEXT_NO_SPAM", 120, "it says that it is not junk{}"),
    rule("TEXT_OFFER", 60, "it makes offers as advertisements do: {}"),
    rule("TEXT_PASSWORD", 100, "it asks to confirm an account{}"),
];

/// A rule by name. Names are constants of this crate, and a test holds that each one used is there.
pub fn find(name: &str) -> Option<&'static Rule> {
    RULES.iter().find(|rule| rule.name == name)
}

/// The words of a rule in English.
pub fn words(name: &str, detail: &str) -> String {
    find(name).map_or_else(|| name.to_owned(), |rule| rule.words.replace("{}", detail))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rule_is_named_once_and_used() {
        let sources = ["verdict.rs", "client.rs", "heuristics.rs", "attachment.rs", "engine.rs", "recipient.rs"];
        let root = concat!(env!("CARGO_MANIFEST_DIR"), "/");
        let text: String =
            sources.iter().map(|file| std::fs::read_to_string(format!("{root}{file}")).unwrap()).collect();
        for (at, rule) in RULES.iter().enumerate() {
            assert!(RULES[..at].iter().all(|other| other.name != rule.name), "{} is there twice", rule.name);
            assert!(text.contains(&format!("\"{}\"", rule.name)), "{} is not used", rule.name);
        }
        let quoted = text.split('"').skip(1).step_by(2);
        let is_name = |word: &&str| {
            word.len() > 4
                && word.contains('_')
                && word.bytes().all(|b| b.is_ascii_uppercase() || b == b'_' || b.is_ascii_digit())
        };
        for name in quoted.filter(is_name) {
            assert!(find(name).is_some(), "{name} has no rule");
        }
    }
}
