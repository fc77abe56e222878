//! Who an answer goes to, from which address, and under which subject.

use super::{addresses::Person, head::Head};
use mail::address::Address;

/// To and Cc of an answer. `own` are the person's addresses; an answer to all leaves them out.
pub(super) fn recipients(head: &Head, own: &[Address], to_all: bool) -> (Vec<Person>, Vec<Person>) {
    let is_own = |person: &Person| own.iter().any(|address| same_mailbox(address, &person.address));
    let mut seen = Vec::new();
    // Answering what one sent oneself goes on with the conversation.
    let is_from_self = !head.from.is_empty() && head.from.iter().all(is_own) && head.reply_to.is_empty();
    if is_from_self && (!head.to.is_empty() || !head.cc.is_empty()) {
        let to = fresh(&head.to, &mut seen);
        let cc = if to_all { fresh(&head.cc, &mut seen) } else { Vec::new() };
        return (to, cc);
    }
    if to_all && !head.followup_to.is_empty() {
        return (fresh(&head.followup_to, &mut seen), Vec::new());
    }
    let sender = if head.reply_to.is_empty() { &head.from } else { &head.reply_to };
    let mut to = fresh(sender, &mut seen);
    if !to_all {
        return (to, Vec::new());
    }
    let others = |list: &[Person]| list.iter().filter(|person| !is_own(person)).cloned().collect::<Vec<_>>();
    to.extend(fresh(&others(&head.to), &mut seen));
    if to.iter().any(|person| !is_own(person)) {
        to.retain(|person| !is_own(person));
    }
    let cc = fresh(&others(&head.cc), &mut seen);
    (to, cc)
}

/// Those that have not been seen yet.
fn fresh(people: &[Person], seen: &mut Vec<String>) -> Vec<Person> {
    let mut out = Vec::new();
    for person in people {
        let key = person.address.key();
        if !seen.contains(&key) {
            seen.push(key);
            out.push(person.clone());
        }
    }
    out
}

/// Whether two addresses reach one mailbox: capitals and what stands after `+` make no difference.
fn same_mailbox(a: &Address, b: &Address) -> bool {
    a.domain() == b.domain() && a.base_local().to_lowercase() == b.base_local().to_lowercase()
}

/// The address to answer from: the one that the message came to, else the first. As in `own`.
pub(super) fn sender<'a>(head: &Head, own: &'a [String]) -> &'a str {
    let reached = [&head.to, &head.cc, &head.delivered_to, &head.bcc, &head.from].into_iter().flatten();
    let matches = |person: &Person| {
        own.iter().find(|text| text.parse().is_ok_and(|address| same_mailbox(&address, &person.address)))
    };
    let found = reached.filter_map(matches).next();
    found.or(own.first()).map(String::as_str).unwrap_or_default()
}

/// Marks of an answer in the languages that people write in.
const REPLY_MARKS: [&str; 7] = ["re:", "aw:", "antw:", "sv:", "vs:", "réf:", "odp:"];
/// Marks of a message that is handed on.
const FORWARD_MARKS: [&str; 4] = ["fwd:", "fw:", "wg:", "tr:"];

/// The subject of an answer: one `Re:` before it, whatever the language of the marks it has.
pub(super) fn reply_subject(subject: &str) -> String {
    format!("Re: {}", without(subject, &REPLY_MARKS)).trim_end().to_owned()
}

/// The subject of a message that is handed on.
pub(super) fn forward_subject(subject: &str) -> String {
    format!("Fwd: {}", without(subject, &FORWARD_MARKS)).trim_end().to_owned()
}

fn without<'a>(subject: &'a str, marks: &[&str]) -> &'a str {
    let mut rest = subject.trim();
    while let Some(shorter) = marks.iter().find_map(|mark| {
        let (head, tail) = rest.split_at_checked(mark.len())?;
        (head.to_lowercase() == *mark).then(|| tail.trim_start())
    }) {
        rest = shorter;
    }
    rest
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compose::addresses::{parse, typed};

    fn head(fields: &str) -> Head {
        Head::read(format!("{}\r\n\r\n", fields.replace('\n', "\r\n")).as_bytes())
    }

    fn shown(fields: &str, to_all: bool) -> (String, String) {
        let own = ["alice@example.test", "sales@example.test"].map(|a| a.parse().unwrap());
        let (to, cc) = recipients(&head(fields), &own, to_all);
        (typed(&to), typed(&cc))
    }

    fn pair(to: &str, cc: &str) -> (String, String) {
        (to.into(), cc.into())
    }

    const TEAM: &str = "From: Bob <bob@x.test>\nTo: Alice <alice@example.test>, ann@x.test, ANN@x.test\n\
         Cc: sales+tag@example.test, Carl <carl@x.test>, bob@x.test";

    #[test]
    fn an_answer_goes_to_the_sender() {
        assert_eq!(shown(TEAM, false), pair("Bob <bob@x.test>", ""));
        assert_eq!(shown(&format!("{TEAM}\nReply-To: desk@x.test"), false), pair("desk@x.test", ""));
    }

    #[test]
    fn an_answer_to_all_leaves_out_oneself_and_repeats_nobody() {
        assert_eq!(shown(TEAM, true), pair("Bob <bob@x.test>, ann@x.test", "Carl <carl@x.test>"));
    }

    #[test]
    fn lists_say_where_answers_go() {
        let list = "From: Bob <bob@x.test>\nTo: dev@lists.test\nReply-To: Dev <dev@lists.test>\nList-Post: <mailto:dev@lists.test>";
        assert_eq!(shown(list, false), pair("Dev <dev@lists.test>", ""));
        assert_eq!(shown(list, true), pair("Dev <dev@lists.test>", ""));
        let followup = "From: Bob <bob@x.test>\nTo: dev@lists.test\nMail-Followup-To: dev@lists.test, bob@x.test";
        assert_eq!(shown(followup, true), pair("dev@lists.test, bob@x.test", ""));
        assert_eq!(shown(followup, false), pair("Bob <bob@x.test>", ""));
    }

    #[test]
    fn answering_what_one_sent_goes_on_with_the_conversation() {
        let sent = "From: alice@example.test\nTo: bob@x.test\nCc: ann@x.test";
        assert_eq!(shown(sent, false), pair("bob@x.test", ""));
        assert_eq!(shown(sent, true), pair("bob@x.test", "ann@x.test"));
        let note = "From: alice@example.test\nTo: alice@example.test";
        assert_eq!(shown(note, true), pair("alice@example.test", ""));
    }

    #[test]
    fn a_message_without_a_sender_is_answered_to_nobody() {
        assert_eq!(shown("Subject: x", true), pair("", ""));
    }

    #[test]
    fn the_address_that_was_written_to_answers() {
        let own = ["alice@example.test".to_owned(), "sales@example.test".to_owned()];
        assert_eq!(sender(&head("To: x@y.test\nCc: Sales <SALES+q@example.test>"), &own), "sales@example.test");
        assert_eq!(sender(&head("To: x@y.test\nDelivered-To: sales@example.test"), &own), "sales@example.test");
        assert_eq!(sender(&head("To: x@y.test"), &own), "alice@example.test");
        assert_eq!(sender(&head(""), &[]), "");
    }

    #[test]
    fn marks_do_not_pile_up() {
        assert_eq!(reply_subject("Hello"), "Re: Hello");
        assert_eq!(reply_subject("AW: Re:  RE: Hello"), "Re: Hello");
        assert_eq!(reply_subject("Regatta"), "Re: Regatta");
        assert_eq!(reply_subject("Fwd: Hello"), "Re: Fwd: Hello");
        assert_eq!(reply_subject(""), "Re:");
        assert_eq!(forward_subject("WG: Fw: Re: Hello"), "Fwd: Re: Hello");
        assert_eq!(parse("").people, vec![]);
    }
}
