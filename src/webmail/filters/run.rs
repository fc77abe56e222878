//! Rules over mail that is there already. Done in parts behind the page, which shows how far it is. Conditions are those of the
//! script, looked at here; nothing is sent or refused, for that belongs to mail as it comes, and what a rule would
//! discard goes to the trash.

use super::{
    list::{ADDRESS, back},
    rule::{Action, Condition, Field, Is, Join, Rule},
    shelf::Shelf,
};
use crate::{
    folders::{Folders, Role},
    imap::{Command, Value, pair},
    pool::{TicketKey, key_of},
    uid_set::UidSet,
    visit::Visit,
};
use actix_web::{HttpResponse, web};
use askama::Template;
use httpd::{Fault, Fields, Page};
use mail::{encoded_word, header};
use std::{
    collections::{BTreeMap, HashMap, HashSet},
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

/// Messages looked at by one command.
const PART: usize = 200;
/// Runs that one session may have under way (503).
const RUNNING_MAX: usize = 2;
/// Time the end of a run is remembered.
const KEPT: Duration = Duration::from_secs(600);

/// How far a run is.
#[derive(Debug, Clone, Default)]
pub(crate) struct Ran {
    pub(crate) id: u64,
    /// Messages to be looked at.
    pub(crate) total: u64,
    /// Messages looked at.
    pub(crate) done: u64,
    /// Messages that something was done with.
    pub(crate) changed: u64,
    pub(crate) is_over: bool,
    pub(crate) has_failed: bool,
}

struct Run {
    owner: TicketKey,
    ran: Ran,
    since: Instant,
}

/// The runs of all sessions.
#[derive(Default)]
pub(crate) struct Runs {
    runs: Mutex<(u64, HashMap<u64, Run>)>,
}

impl Runs {
    fn add(&self, ticket: &str) -> Result<u64, Fault> {
        let mut runs = self.runs.lock().unwrap_or_else(PoisonError::into_inner);
        let owner = key_of(ticket);
        runs.1.retain(|_, run| !run.ran.is_over || run.since.elapsed() < KEPT);
        if runs.1.values().filter(|run| run.owner == owner && !run.ran.is_over).count() >= RUNNING_MAX {
            return Err(Fault::Unavailable("as many runs as there can be are under way".into()));
        }
        runs.0 += 1;
        let id = runs.0;
        runs.1.insert(id, Run { owner, ran: Ran { id, ..Ran::default() }, since: Instant::now() });
        Ok(id)
    }

    fn change(&self, id: u64, change: impl FnOnce(&mut Ran)) {
        let mut runs = self.runs.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(run) = runs.1.get_mut(&id) {
            change(&mut run.ran);
            run.since = Instant::now();
        }
    }
}

/// A run of this session.
pub(super) fn seen(visit: &Visit, id: u64) -> Option<Ran> {
    let runs = visit.state.runs.runs.lock().unwrap_or_else(PoisonError::into_inner);
    runs.1.get(&id).filter(|run| run.owner == key_of(&visit.session.ticket)).map(|run| run.ran.clone())
}

#[derive(Template)]
#[template(path = "webmail/filters/ran.html")]
struct RanPart<'a> {
    page: &'a Page,
    ran: Ran,
}

/// `GET /mail/-/filters/run/{id}`
pub(crate) async fn progress(visit: Visit, id: web::Path<u64>) -> Result<HttpResponse, Fault> {
    let ran = seen(&visit, *id).ok_or(Fault::NotFound)?;
    if !visit.is_fragment {
        return Ok(back(&format!("{ADDRESS}?ran={}", *id)));
    }
    httpd::render(&RanPart { page: &visit.page, ran })
}

/// `POST /mail/-/filters/run`: all rules that are on over the mailbox `folder`.
pub(crate) async fn begin(visit: Visit, fields: Fields) -> Result<HttpResponse, Fault> {
    let (_, shelf) = Shelf::open(&visit).await?;
    let book = shelf.book.ok_or_else(|| Fault::Conflict(visit.page.t("filters-by-hand")))?;
    let rules: Vec<Rule> = book.rules.into_iter().filter(|rule| rule.enabled).collect();
    let mailbox = fields.text("folder").to_owned();
    let id = visit.state.runs.add(&visit.session.ticket)?;
    actix_web::rt::spawn(async move {
        let outcome = work(&visit, &mailbox, &rules, id).await;
        if let Err(fault) = &outcome {
            tracing::warn!(error = %fault, "filters over existing mail stopped half-way");
        }
        visit.state.runs.change(id, |ran| {
            ran.is_over = true;
            ran.has_failed = outcome.is_err();
        });
    });
    Ok(back(&format!("{ADDRESS}?ran={id}")))
}

/// What is done with one message.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Effect {
    flags: Vec<String>,
    copies: Vec<String>,
    /// Where it goes; `Some("")` is the trash.
    to: Option<String>,
}

async fn work(visit: &Visit, mailbox: &str, rules: &[Rule], id: u64) -> Result<(), Fault> {
    let (mut lease, selected) = visit.open(mailbox).await?;
    let validity = selected.uid_validity;
    let uids = lease.run(Command::new("UID SEARCH ALL")).await?.search();
    visit.state.runs.change(id, |ran| ran.total = uids.len() as u64);
    let mut bodies: HashMap<&str, HashSet<u32>> = HashMap::new();
    for condition in rules.iter().flat_map(|rule| &rule.conditions).filter(|condition| condition.field == Field::Body) {
        let command = if condition.value.is_ascii() { "UID SEARCH BODY" } else { "UID SEARCH CHARSET UTF-8 BODY" };
        let found = lease.run(Command::new(command).string(&condition.value)).await?.search();
        bodies.insert(&condition.value, found.into_iter().collect());
    }
    drop(lease);
    let fields = fields(rules);
    for part in uids.chunks(PART) {
        // The connection is given back between two parts, so that pages need not wait for it.
        let (mut lease, selected) = visit.open(mailbox).await?;
        if selected.uid_validity != validity {
            return Err(Fault::Conflict(String::new()));
        }
        let set = UidSet::of(part.iter().copied()).text();
        let items = format!("UID FETCH {set} (UID RFC822.SIZE BODY.PEEK[HEADER.FIELDS ({fields})])");
        let done = lease.run(Command::new(items)).await?;
        let mut effects: BTreeMap<Effect, Vec<u32>> = BTreeMap::new();
        for (_, data) in done.fetches() {
            let Some(message) = Message::of(data, &bodies) else { continue };
            let effect = effect(rules, &message, mailbox);
            if effect != Effect::default() {
                effects.entry(effect).or_default().push(message.uid);
            }
        }
        let mut changed = 0;
        for (effect, uids) in effects {
            changed += uids.len() as u64;
            apply(&mut lease, &effect, &UidSet::of(uids).text()).await?;
        }
        drop(lease);
        visit.state.runs.change(id, |ran| {
            ran.done += part.len() as u64;
            ran.changed += changed;
        });
    }
    Ok(())
}

async fn apply(lease: &mut crate::pool::Lease, effect: &Effect, uids: &str) -> Result<(), Fault> {
    if !effect.flags.is_empty() {
        let flags = effect.flags.join(" ");
        lease.run(Command::new(format!("UID STORE {uids} +FLAGS.SILENT ({flags})"))).await?;
    }
    let folders = Folders::load(lease).await?;
    let trash = folders.of_role(Role::Trash).map(str::to_owned);
    for folder in effect.copies.iter().chain(&effect.to) {
        if !folder.is_empty() && folders.get(folder).is_none() {
            lease.run(Command::new("CREATE").mailbox(folder)).await?;
            lease.run(Command::new("SUBSCRIBE").mailbox(folder)).await?;
        }
    }
    for folder in &effect.copies {
        lease.run(Command::new(format!("UID COPY {uids}")).mailbox(folder)).await?;
    }
    match effect.to.as_deref() {
        Some("") => {
            let trash = trash.ok_or(Fault::NotFound)?;
            lease.run(Command::new(format!("UID MOVE {uids}")).mailbox(&trash)).await?;
        }
        Some(folder) => {
            lease.run(Command::new(format!("UID MOVE {uids}")).mailbox(folder)).await?;
        }
        None => {}
    }
    Ok(())
}

/// Header fields that these rules look at.
fn fields(rules: &[Rule]) -> String {
    let mut fields = vec!["FROM", "TO", "CC", "SUBJECT", "LIST-ID"];
    let named = rules.iter().flat_map(|rule| &rule.conditions).map(|condition| condition.header.as_str());
    fields.extend(named.filter(|name| !name.is_empty()));
    fields.join(" ")
}

/// What is looked at of a message.
struct Message<'a> {
    uid: u32,
    size: u64,
    header: Vec<u8>,
    bodies: &'a HashMap<&'a str, HashSet<u32>>,
}

impl<'a> Message<'a> {
    fn of(data: &[Value], bodies: &'a HashMap<&'a str, HashSet<u32>>) -> Option<Self> {
        let uid = u32::try_from(pair(data, "UID")?.number()?).ok()?;
        let size = pair(data, "RFC822.SIZE")?.number()?;
        let header = data.last()?.bytes()?.to_vec();
        Some(Self { uid, size, header, bodies })
    }

    /// Every value of a field, decoded, in lower case as far as Sieve's comparator goes (i;ascii-casemap).
    fn values(&self, name: &str) -> Vec<String> {
        header::fields(&self.header)
            .filter(|(found, _)| found.eq_ignore_ascii_case(name.as_bytes()))
            .map(|(_, value)| encoded_word::decode(&header::unfold(value), None).trim().to_ascii_lowercase())
            .collect()
    }

    fn addresses(&self, name: &str) -> Vec<String> {
        let parsed = mail_parser::MessageParser::new().with_address_headers().parse_headers(&self.header);
        let Some(parsed) = parsed else { return Vec::new() };
        let field = match name {
            "from" => parsed.from(),
            "to" => parsed.to(),
            _ => parsed.cc(),
        };
        field
            .into_iter()
            .flat_map(|field| field.iter())
            .filter_map(|one| one.address())
            .map(str::to_ascii_lowercase)
            .collect()
    }

    fn meets(&self, condition: &Condition) -> bool {
        let wanted = condition.value.to_ascii_lowercase();
        let names: &[&str] = match condition.field {
            Field::Size => {
                let bytes = wanted.parse::<u64>().unwrap_or_default().saturating_mul(1024);
                return if condition.is == Is::Over { self.size > bytes } else { self.size < bytes };
            }
            Field::Body => {
                let found = self.bodies.get(condition.value.as_str()).is_some_and(|found| found.contains(&self.uid));
                return found != (condition.is == Is::ContainsNot);
            }
            Field::From => &["from"],
            Field::To => &["to", "cc"],
            Field::Subject => &["subject"],
            Field::List => &["list-id"],
            Field::Header => &[condition.header.as_str()],
        };
        let exact = matches!(condition.is, Is::Equals | Is::EqualsNot);
        let of_address = exact && matches!(condition.field, Field::From | Field::To) && wanted.contains('@');
        let values = names.iter().flat_map(|name| if of_address { self.addresses(name) } else { self.values(name) });
        let found = values.into_iter().any(|value| match condition.is {
            Is::Contains | Is::ContainsNot | Is::Over | Is::Under => value.contains(&wanted),
            Is::Equals | Is::EqualsNot => value == wanted,
            Is::Begins => value.starts_with(&wanted),
            Is::Ends => value.ends_with(&wanted),
        });
        found != matches!(condition.is, Is::ContainsNot | Is::EqualsNot)
    }
}

/// What the rules do with a message, in order, as the script would.
fn effect(rules: &[Rule], message: &Message<'_>, mailbox: &str) -> Effect {
    let mut effect = Effect::default();
    for rule in rules {
        let meets = |condition: &Condition| message.meets(condition);
        let applies = match rule.join {
            Join::Every => true,
            Join::All => rule.conditions.iter().all(meets),
            Join::Any => rule.conditions.iter().any(meets),
        };
        if !applies {
            continue;
        }
        for action in &rule.actions {
            match action {
                Action::Read => effect.flags.push("\\Seen".into()),
                Action::Star => effect.flags.push("\\Flagged".into()),
                Action::Label(label) => effect.flags.push(label.clone()),
                Action::Move(folder) if effect.to.is_none() => effect.to = Some(folder.clone()),
                Action::Move(folder) | Action::Copy(folder) => effect.copies.push(folder.clone()),
                Action::Trash | Action::Discard => effect.to = effect.to.or(Some(String::new())),
                Action::Redirect(_) | Action::Forward(_) | Action::Reject(_) => {}
            }
        }
        if rule.stop {
            break;
        }
    }
    // What is there already stays.
    effect.copies.retain(|folder| folder != mailbox);
    effect.to = effect.to.filter(|folder| folder != mailbox);
    effect
}

#[cfg(test)]
mod tests {
    use super::*;

    fn condition(field: Field, is: Is, value: &str) -> Condition {
        Condition { field, header: "X-Kind".into(), is, value: value.into() }
    }

    #[test]
    fn conditions_are_those_of_the_script() {
        let bodies = HashMap::from([("needle", HashSet::from([7]))]);
        let header =
            b"From: \"=?utf-8?q?Caf=C3=A9?=\" <Cafe@Example.org>\r\nTo: a@example.test,\r\n b@example.test\r\n\
            Subject: [Rust] News\r\nList-Id: Rust <rust.example.org>\r\nX-Kind: one\r\nX-Kind: two\r\n\r\n";
        let message = Message { uid: 7, size: 2048, header: header.to_vec(), bodies: &bodies };
        for (field, is, value, met) in [
            (Field::From, Is::Contains, "caf\u{e9}", true),
            (Field::From, Is::Equals, "cafe@example.org", true),
            (Field::From, Is::Equals, "afe@example.org", false),
            (Field::To, Is::Equals, "B@example.test", true),
            (Field::To, Is::EqualsNot, "c@example.test", true),
            (Field::Subject, Is::Begins, "[rust]", true),
            (Field::Subject, Is::Ends, "news", true),
            (Field::Subject, Is::ContainsNot, "news", false),
            (Field::List, Is::Contains, "rust.example", true),
            (Field::Header, Is::Equals, "two", true),
            (Field::Body, Is::Contains, "needle", true),
            (Field::Body, Is::Contains, "other", false),
            (Field::Size, Is::Over, "1", true),
            (Field::Size, Is::Under, "2", false),
        ] {
            assert_eq!(message.meets(&condition(field, is, value)), met, "{field:?} {is:?} {value}");
        }
    }

    #[test]
    fn rules_go_in_order_and_stop() {
        let bodies = HashMap::new();
        let message = Message { uid: 1, size: 1, header: b"Subject: x\r\n\r\n".to_vec(), bodies: &bodies };
        let rule = |actions: Vec<Action>, stop| Rule {
            name: "r".into(),
            enabled: true,
            join: Join::All,
            conditions: vec![condition(Field::Subject, Is::Contains, "x")],
            actions,
            stop,
        };
        let rules = [
            rule(vec![Action::Read], false),
            rule(vec![Action::Move("Work".into()), Action::Redirect("a@b.example".into())], true),
            rule(vec![Action::Trash], false),
        ];
        let done = effect(&rules, &message, "INBOX");
        assert_eq!(done, Effect { flags: vec!["\\Seen".into()], copies: Vec::new(), to: Some("Work".into()) });
        assert_eq!(effect(&rules, &message, "Work").to, None);
    }
}
