//! NOTIFY (RFC 5465).

use super::{
    fetch::{ITEMS_MAX, Item},
    lexer::{Lexer, Parse},
    mailbox_name,
};

/// Groups in one NOTIFY.
const GROUPS_MAX: usize = 64;
/// Names in one group.
pub(super) const NAMES_MAX: usize = 1000;

/// What NOTIFY SET asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotifySet {
    /// Tell the state of what is watched first.
    pub status: bool,
    /// What is watched; the first group that fits a mailbox decides.
    pub groups: Vec<Group>,
}

/// `event-group`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// Which mailboxes.
    pub filter: Filter,
    /// What of them; nothing for `NONE`.
    pub events: Events,
}

/// `filter-mailboxes`
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names are those of the RFC")]
pub enum Filter {
    Selected,
    SelectedDelayed,
    Inboxes,
    Personal,
    Subscribed,
    Subtree(Vec<String>),
    Mailboxes(Vec<String>),
}

/// `events`
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Events {
    /// MessageNew and MessageExpunge, which come together.
    pub messages: bool,
    /// What is told of new messages of the selected mailbox.
    pub items: Vec<Item>,
    /// FlagChange
    pub flags: bool,
    /// MailboxName
    pub names: bool,
    /// SubscriptionChange
    pub subscriptions: bool,
    /// MailboxMetadataChange
    pub metadata: bool,
    /// ServerMetadataChange
    pub server_metadata: bool,
}

/// An event that is not known here: answered `NO [BADEVENT]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadEvent;

/// What comes after `NOTIFY `; `None` for NOTIFY NONE. The outer error is one of grammar.
pub fn parse(lexer: &mut Lexer<'_>) -> Parse<Result<Option<NotifySet>, BadEvent>> {
    if lexer.eat_text("NONE") {
        return Ok(Ok(None));
    }
    if !lexer.eat_text("SET") {
        return lexer.error("SET or NONE");
    }
    let status = lexer.eat_text(" STATUS");
    let mut groups = Vec::new();
    while lexer.peek() == Some(b' ') && lexer.rest().len() > 1 {
        if groups.len() >= GROUPS_MAX {
            return lexer.error("fewer groups");
        }
        lexer.space()?;
        match parse_group(lexer)? {
            Ok(group) => groups.push(group),
            Err(bad) => return Ok(Err(bad)),
        }
    }
    let selected = groups.iter().filter(|group| matches!(group.filter, Filter::Selected | Filter::SelectedDelayed));
    if groups.is_empty() || selected.count() > 1 {
        return lexer.error("groups of events, one of them at most for the selected mailbox");
    }
    Ok(Ok(Some(NotifySet { status, groups })))
}

fn parse_group(lexer: &mut Lexer<'_>) -> Parse<Result<Group, BadEvent>> {
    lexer.expect(b'(', "`(`")?;
    let filter = parse_filter(lexer)?;
    lexer.space()?;
    let at = lexer.at();
    let mut events = Events::default();
    if !lexer.eat_text("NONE") {
        match parse_events(lexer, &filter)? {
            Ok(found) => events = found,
            Err(bad) => return Ok(Err(bad)),
        }
        if events == Events::default() {
            return Lexer::error_at(at, "events");
        }
    }
    lexer.expect(b')', "`)`")?;
    Ok(Ok(Group { filter, events }))
}

pub(super) fn parse_filter(lexer: &mut Lexer<'_>) -> Parse<Filter> {
    let at = lexer.at();
    Ok(match lexer.atom("which mailboxes")?.to_ascii_uppercase().as_str() {
        "SELECTED" => Filter::Selected,
        "SELECTED-DELAYED" => Filter::SelectedDelayed,
        "INBOXES" => Filter::Inboxes,
        "PERSONAL" => Filter::Personal,
        "SUBSCRIBED" => Filter::Subscribed,
        "SUBTREE" => Filter::Subtree(parse_names(lexer)?),
        "MAILBOXES" => Filter::Mailboxes(parse_names(lexer)?),
        _ => return Lexer::error_at(at, "SELECTED, INBOXES, PERSONAL, SUBSCRIBED, SUBTREE or MAILBOXES"),
    })
}

fn parse_names(lexer: &mut Lexer<'_>) -> Parse<Vec<String>> {
    lexer.space()?;
    if lexer.peek() == Some(b'(') {
        return lexer.list(false, NAMES_MAX, mailbox_name::parse);
    }
    Ok(vec![mailbox_name::parse(lexer)?])
}

fn parse_events(lexer: &mut Lexer<'_>, filter: &Filter) -> Parse<Result<Events, BadEvent>> {
    let at = lexer.at();
    let is_selected = matches!(filter, Filter::Selected | Filter::SelectedDelayed);
    let mut events = Events::default();
    let (mut new, mut expunge, mut is_bad) = (false, false, false);
    lexer.list(true, 16, |lexer| {
        match lexer.atom("an event")?.to_ascii_uppercase().as_str() {
            "MESSAGENEW" => {
                new = true;
                if is_selected && lexer.peek() == Some(b' ') && lexer.rest().get(1) == Some(&b'(') {
                    lexer.space()?;
                    events.items = lexer.list(false, ITEMS_MAX, Item::parse)?;
                }
            }
            "MESSAGEEXPUNGE" => expunge = true,
            "FLAGCHANGE" => events.flags = true,
            "MAILBOXNAME" => events.names = true,
            "SUBSCRIPTIONCHANGE" => events.subscriptions = true,
            "MAILBOXMETADATACHANGE" => events.metadata = true,
            "SERVERMETADATACHANGE" => events.server_metadata = true,
            // What may stand behind it is passed over with it.
            _ => is_bad = true,
        }
        Ok(())
    })?;
    if is_bad {
        return Ok(Err(BadEvent));
    }
    events.messages = new;
    let of_mailboxes = events.names || events.subscriptions || events.metadata || events.server_metadata;
    // RFC 5465 section 5: the two come together, changes of flags not without them, and names are not the selected one's.
    if new != expunge || events.flags && !new || is_selected && of_mailboxes {
        return Lexer::error_at(at, "MessageNew with MessageExpunge, FlagChange not without them");
    }
    Ok(Ok(events))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Parse<Result<Option<NotifySet>, BadEvent>> {
        let mut lexer = Lexer::new(text.as_bytes());
        let set = parse(&mut lexer)?;
        if set.is_ok() {
            lexer.end()?;
        }
        Ok(set)
    }

    #[test]
    fn examples_of_the_rfc() {
        for right in [
            "NONE",
            "SET (mailboxes INBOX NONE)",
            "SET STATUS (selected (MessageNew (uid body.peek[header.fields (from to subject)]) MessageExpunge)) \
             (subtree Lists (MessageNew MessageExpunge))",
            "SET (personal (MailboxName FlagChange MessageNew MessageExpunge)) (subtree (a \"b c\") (SubscriptionChange))",
            "SET (selected-delayed (MessageNew MessageExpunge FlagChange)) (inboxes (MessageNew MessageExpunge))",
        ] {
            assert!(matches!(parsed(right), Ok(Ok(_))), "{right}: {:?}", parsed(right));
        }
        for wrong in [
            "SET",
            "SET (selected (MessageNew))",
            "SET (selected (FlagChange))",
            "SET (selected NONE) (selected-delayed NONE)",
            "SET (selected (MailboxName))",
            "SET (mailboxes (MessageNew MessageExpunge))",
            "SET (personal ())",
            "SET (other (MessageNew MessageExpunge))",
        ] {
            assert!(parsed(wrong).is_err(), "{wrong}");
        }
        assert_eq!(parsed("SET (personal (AnnotationChange))"), Ok(Err(BadEvent)));
    }
}
