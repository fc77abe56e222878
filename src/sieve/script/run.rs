//! One script over one message. The engine asks about mailboxes, other scripts and memories, and says what is to be done;
//! nothing is done here.

use super::{
    capability, compile,
    outcome::{Filing, Kind, Outcome, Outgoing, Place, Remembered},
    place, vacation,
};
use crate::{Error, delivery::Delivery};
use bytes::Bytes;
use config::Limits;
use directory::{Account, Directory};
use mail::{address::Address, header};
use sieve_engine::{
    Context, Envelope, Event, Input, Mailbox, Recipient, Runtime, Script, compiler::grammar::actions::action_redirect,
    runtime::RuntimeError,
};
use std::collections::HashMap;
use store::{Flags, script::Memory};

const DAY_SECONDS: u64 = 24 * 3600;
/// Days after which a sender is answered again, when the script does not say (RFC 5230 section 4.1).
const VACATION_DAYS: u64 = 7;
/// Names this account where its script has sent a message on, so that it is not sent on twice.
const REDIRECTED: &str = "X-Sieve-Redirected-From";

/// What is run for whom.
pub(crate) struct Job<'a> {
    pub(crate) directory: &'a Directory,
    pub(crate) account: &'a Account,
    pub(crate) delivery: &'a Delivery,
    /// Name of the script.
    pub(crate) name: &'a str,
    /// Its text.
    pub(crate) text: &'a str,
}

/// A run.
struct Run<'a> {
    job: &'a Job<'a>,
    outcome: Outcome,
    /// Messages that the engine has made, by its numbers.
    made: HashMap<usize, Bytes>,
}

/// Why a run ends before its end.
enum Stop {
    /// The script is at fault.
    Fault(String),
    /// The machine is.
    Machine(Error),
}

impl From<store::Error> for Stop {
    fn from(error: store::Error) -> Self {
        Self::Machine(error.into())
    }
}

/// Runs a script.
///
/// # Errors
/// Machine faults; what is wrong with the script is in the outcome.
pub(crate) fn run(job: &Job<'_>) -> Result<Outcome, Error> {
    let outcome = match Run::new(job).drive() {
        Ok(outcome) => outcome,
        Err(Stop::Fault(fault)) => Outcome::failed(fault),
        Err(Stop::Machine(error)) => return Err(error),
    };
    tell_owner(job, outcome)
}

/// A script that failed: its owner is told, once a day.
pub(crate) fn tell_owner(job: &Job<'_>, mut outcome: Outcome) -> Result<Outcome, Error> {
    let Some(fault) = &outcome.fault else { return Ok(outcome) };
    let memory = memory("fault", "");
    let was = job.directory.store().remembered(job.account.id, memory, job.delivery.at)?;
    if !was {
        outcome.note = vacation::note(job, fault).map(Bytes::from);
        let lapses = Some(job.delivery.at + DAY_SECONDS.cast_signed() * 1000);
        outcome.memories.push(Remembered { memory, was, lapses });
    }
    Ok(outcome)
}

/// What stands for something remembered.
fn memory(kind: &str, id: &str) -> Memory {
    let mut hasher = blake3::Hasher::new();
    hasher.update(kind.as_bytes()).update(&[0]).update(id.as_bytes());
    hasher.finalize().as_bytes().first_chunk().copied().unwrap_or_default()
}

fn runtime(hostname: &str) -> Runtime {
    let runtime = Runtime::new()
        .with_cpu_limit(Limits::SIEVE_INSTRUCTIONS_MAX)
        .with_max_nested_includes(Limits::SIEVE_INCLUDES_MAX)
        .with_max_redirects(Limits::SIEVE_REDIRECTS_MAX)
        .with_max_out_messages(Limits::SIEVE_REDIRECTS_MAX + 1)
        .with_max_received_headers(Limits::RECEIVED_HEADERS_MAX)
        .with_max_variable_size(8192)
        .with_max_header_size(4096)
        .with_default_vacation_expiry(VACATION_DAYS * DAY_SECONDS)
        .with_local_hostname(hostname.to_owned())
        .with_env_variable("name", "Gatepost")
        .with_env_variable("version", env!("CARGO_PKG_VERSION"))
        .with_env_variable("location", "MS")
        .with_env_variable("phase", "during")
        .with_env_variable("host", hostname.to_owned())
        .with_protected_headers(["Received", "Auto-Submitted", "Return-Path", REDIRECTED]);
    capability::restrict(runtime)
}

impl<'a> Run<'a> {
    fn new(job: &'a Job<'a>) -> Self {
        Self { job, outcome: Outcome::default(), made: HashMap::new() }
    }

    fn drive(mut self) -> Result<Outcome, Stop> {
        let Delivery { message, reverse_path, named, origin, .. } = self.job.delivery;
        let compiled = compile(self.job.text).map_err(|faults| {
            Stop::Fault(faults.first().map_or_else(|| "it is not valid".to_owned(), ToString::to_string))
        })?;
        let runtime = runtime(&origin.hostname);
        let mut context: Context<'_> = runtime.filter(message);
        context.set_envelope(Envelope::From, reverse_path.0.as_ref().map(Address::to_string).unwrap_or_default());
        context.set_envelope(Envelope::To, named.to_string());
        context.set_user_address(self.job.account.address.to_string());
        context.set_user_full_name(&self.job.account.name);
        context.set_env_variable("domain", self.job.account.address.domain().to_owned());
        if let Some(client) = origin.client {
            context.set_env_variable("remote-ip", client.to_string());
            context.set_env_variable("remote-host", origin.helo.clone());
        }
        context.set_spam_status(origin.spam.to_engine());
        context.set_virus_status(origin.virus.to_engine());
        let mut input = Input::script(self.job.name, compiled.0);
        while let Some(event) = context.run(input) {
            let event = event.map_err(|error| match error {
                RuntimeError::TooManyIncludes => Stop::Fault("it includes scripts too deeply".into()),
                other => Stop::Fault(words(&other.to_string())),
            })?;
            input = self.answer(event)?;
        }
        self.check()?;
        Ok(self.outcome)
    }

    /// Takes what the engine says; the answer, where it asked.
    fn answer(&mut self, event: Event) -> Result<Input, Stop> {
        let store = self.job.directory.store();
        let account = self.job.account.id;
        match event {
            Event::IncludeScript { name, optional } => return self.include(name, optional),
            Event::MailboxExists { mailboxes, special_use } => {
                let names: Vec<String> = mailboxes
                    .into_iter()
                    .map(|mailbox| match mailbox {
                        Mailbox::Name(name) | Mailbox::Id(name) => name,
                    })
                    .collect();
                return Ok(place::exist(store, account, &names, &special_use)?.into());
            }
            Event::DuplicateId { id, expiry, last } => return Ok(self.seen(&id, expiry, last)?.into()),
            Event::Keep { flags, message_id } => {
                let changed = self.made.get(&message_id).cloned();
                self.outcome.file(Filing { place: Place::Keep, flags: place::flags(&flags), changed });
            }
            Event::FileInto { folder, flags, special_use, create, message_id, .. } => {
                self.file(&folder, special_use.as_deref(), create, place::flags(&flags), message_id)?;
            }
            Event::Reject { reason, .. } => self.outcome.reject = Some(words(&reason)),
            Event::SendMessage { recipient: Recipient::Address(to), notify, message_id, .. } => {
                let answers = notify == action_redirect::Notify::Never;
                self.send(&to, answers, message_id)?;
            }
            Event::CreatedMessage { message_id, message } => {
                self.made.insert(message_id, message.into());
            }
            // Lists as recipients, notifications, external functions and envelopes to be set belong to extensions that
            // are withheld.
            Event::Discard
            | Event::SendMessage { .. }
            | Event::ListContains { .. }
            | Event::SetEnvelope { .. }
            | Event::Function { .. }
            | Event::Notify { .. } => {}
        }
        Ok(Input::False)
    }

    fn include(&self, name: Script, optional: bool) -> Result<Input, Stop> {
        let store = self.job.directory.store();
        // There are no scripts that belong to all.
        let text = match &name {
            Script::Personal(personal) => store.script_text(self.job.account.id, personal)?,
            Script::Global(_) => None,
        };
        match text {
            Some(text) => match compile(&text) {
                Ok(compiled) => Ok(Input::script(name, compiled.0)),
                Err(faults) => {
                    let fault = faults.first().map(ToString::to_string).unwrap_or_default();
                    Err(Stop::Fault(format!("the included script \"{name}\" is not valid: {fault}")))
                }
            },
            None if optional => Ok(Input::False),
            None => Err(Stop::Fault(format!("the included script \"{name}\" is not there"))),
        }
    }

    /// Whether this was seen before; and it is seen now.
    fn seen(&mut self, id: &str, expiry: u64, last: bool) -> Result<bool, Stop> {
        let answers = id.starts_with("_v");
        if answers && vacation::is_unanswerable(self.job) {
            return Ok(true);
        }
        let shortest = if answers { DAY_SECONDS } else { 1 };
        let expiry = expiry.clamp(shortest, u64::from(Limits::SIEVE_MEMORY_DAYS_MAX) * DAY_SECONDS);
        let now = self.job.delivery.at;
        let memory = memory("seen", id);
        let was = self.job.directory.store().remembered(self.job.account.id, memory, now)?;
        let lapses = (!was || last).then(|| now + expiry.cast_signed() * 1000);
        if !self.outcome.memories.iter().any(|other| other.memory == memory) {
            self.outcome.memories.push(Remembered { memory, was, lapses });
        }
        Ok(was)
    }

    fn file(
        &mut self,
        folder: &str,
        special_use: Option<&str>,
        create: bool,
        flags: Flags,
        message_id: usize,
    ) -> Result<(), Stop> {
        let (store, account) = (self.job.directory.store(), self.job.account.id);
        let Some(place) = place::resolve(store, account, folder, special_use, create)? else {
            return Err(Stop::Fault(format!("there is no mailbox \"{}\"", words(folder))));
        };
        if self.outcome.filings.len() >= Limits::SIEVE_FILINGS_MAX {
            return Err(Stop::Fault("it files a message into too many mailboxes".into()));
        }
        let changed = self.made.get(&message_id).cloned();
        self.outcome.file(Filing { place, flags, changed });
        Ok(())
    }

    fn send(&mut self, to: &str, answers: bool, message_id: usize) -> Result<(), Stop> {
        let delivery = self.job.delivery;
        let Ok(to) = to.parse::<Address>() else {
            return Err(Stop::Fault(format!("\"{}\" is not an address", words(to))));
        };
        if answers {
            let generated = self.made.get(&message_id);
            if let Some(message) = generated.and_then(|generated| vacation::write(self.job, generated, &to)) {
                self.outcome.outgoing.push(Outgoing {
                    kind: Kind::Vacation,
                    // RFC 5230 section 5.1: an answer must not be answered.
                    reverse_path: mail::address::ReversePath::NULL,
                    to,
                    message: message.into(),
                });
            }
            return Ok(());
        }
        let own = self.job.account.address.to_string();
        let again = header::fields(&delivery.message).any(|(name, value)| {
            name.eq_ignore_ascii_case(REDIRECTED.as_bytes())
                && header::unfold(value).trim_ascii().eq_ignore_ascii_case(own.as_bytes())
        });
        if again || self.outcome.outgoing.iter().any(|other| other.to.key() == to.key()) {
            // It went round, or it goes there already. Whoever it was for shall see it here.
            if again {
                self.outcome.file(Filing::keep());
            }
            return Ok(());
        }
        let bytes = match self.made.get(&message_id) {
            Some(changed) => Bytes::from(header::remove(changed, &["Return-Path"])),
            None => delivery.relayed(),
        };
        self.outcome.outgoing.push(Outgoing {
            kind: Kind::Redirect,
            reverse_path: delivery.reverse_path.clone(),
            to,
            message: header::prepend(&bytes, &format!("{REDIRECTED}: {own}\r\n")).into(),
        });
        Ok(())
    }

    /// RFC 5429 section 2.1: a message cannot be refused and delivered.
    fn check(&self) -> Result<(), Stop> {
        let redirected = self.outcome.outgoing.iter().any(|outgoing| outgoing.kind == Kind::Redirect);
        if self.outcome.reject.is_some() && (redirected || !self.outcome.filings.is_empty()) {
            return Err(Stop::Fault("it refuses a message that it also delivers".into()));
        }
        Ok(())
    }
}

/// Words from a script or the engine as they can be shown: on few lines and not too many.
fn words(text: &str) -> String {
    text.chars().filter(|c| !c.is_control() || *c == '\n').take(1000).collect::<String>().trim().to_owned()
}
