//! Commands, a file each.
//!
//! How one is written: `pub(crate) async fn name(session: &mut Session, arguments) -> Result<Completed, Error>`, called by
//! [`run`], which has checked the state, so `session.account()` and `session.selected()` are there where they must be.
//!
//! - Untagged lines go to `session.wire.out` (a `Vec<u8>`), whole lines at a time; a command that writes much calls
//!   `session.wire.drain().await?` between them, and `session.wire.send(bytes).await?` for large bytes that need no copy.
//! - The tagged line is written by the session: from [`Completed::new`] or [`Completed::with_code`] (code without
//!   brackets), or from an [`Error`]: `Error::no("CODE", "text")`, `Error::Bad(text)`, or with `?` from the store, the
//!   directory and the grammar.
//! - `session.selected()?` is what the client was told: `resolve(&set, uid)?` gives UIDs, `number(uid)` the sequence
//!   number, `known()` all UIDs in order, `is_recent(uid)`. A UID of it may have gone since: the store then has no row, and
//!   it is passed over. `session.parts()?` gives selected, store and output at once.
//! - What others did (EXISTS, EXPUNGE, FETCH of flags) is told by the session after each command, before the tagged line;
//!   [`expunges`] says whether EXPUNGE may be among it. No command does it itself. A command that changes flags and tells
//!   them calls `session.selected_mut()?.told(modseq)`, so that they are not told again.
//! - `session.enabled` says what the client has switched on: whether MODSEQ belongs to FETCH answers, names are UTF-8, and so
//!   on; a command with a CONDSTORE argument calls `session.enable_condstore()`.
//! - Reads of the store are calls that return at once; work on a whole mailbox goes to `tokio::task::spawn_blocking` with
//!   `session.store().clone()`; what may take long is waited for with `session.wait_for`.

mod acl;
mod append;
mod auth;
mod binary;
pub(crate) mod capability;
mod catenate;
mod compress;
mod copy;
mod esearch;
mod expunge;
mod fetch;
mod id;
mod list;
mod mailbox;
mod metadata;
mod namespace;
pub(crate) mod notify;
mod quota;
mod replace;
mod search;
mod select;
mod sort;
mod status;
mod store;
mod thread;

use crate::{
    error::Error,
    proto::Command,
    selected::Expunges,
    session::{Completed, Session},
};
use bytes::Bytes;

/// Whether EXPUNGE may be told after a command: not where the client may go on to use sequence numbers (RFC 3501 section
/// 7.4.1).
pub(crate) fn expunges(command: &Command<'_>) -> Expunges {
    let held = match command {
        Command::Fetch(fetch) => !fetch.uid,
        Command::Store(store) => !store.uid,
        Command::Search(search) => !search.uid,
        Command::Sort(sort) => !sort.uid,
        Command::Thread(thread) => !thread.uid,
        _ => false,
    };
    if held { Expunges::Held } else { Expunges::Sent }
}

/// Whether a command says its messages by sequence number, which UIDONLY does away with (RFC 9586 section 3.3).
fn uses_numbers(command: &Command<'_>) -> bool {
    match command {
        Command::Fetch(fetch) => !fetch.uid,
        Command::Store(store) => !store.uid,
        Command::Search(search) => !search.uid,
        Command::Sort(sort) => !sort.uid,
        Command::Thread(thread) => !thread.uid,
        Command::Copy { uid, .. } | Command::Replace { uid, .. } => !uid,
        _ => false,
    }
}

/// The state that a command needs (RFC 3501 section 3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Any,
    NotSignedIn,
    SignedIn,
    Selected,
}

fn state(command: &Command<'_>) -> State {
    use Command as C;
    match command {
        C::Capability | C::Noop | C::Logout | C::Id(_) => State::Any,
        C::StartTls | C::Authenticate { .. } | C::Login { .. } => State::NotSignedIn,
        C::Check
        | C::Close
        | C::Unselect
        | C::Expunge(_)
        | C::Search(_)
        | C::Sort(_)
        | C::Thread(_)
        | C::BadCharset => State::Selected,
        C::Fetch(_) | C::Store(_) | C::Copy { .. } | C::Replace { .. } => State::Selected,
        _ => State::SignedIn,
    }
}

/// Runs a command. `bytes` is the whole of it, which what it borrows is part of.
pub(crate) async fn run(session: &mut Session, command: Command<'_>, bytes: &Bytes) -> Result<Completed, Error> {
    use Command as C;
    match state(&command) {
        State::NotSignedIn if session.is_signed_in() => return Err(Error::Bad("you have signed in already".into())),
        State::SignedIn | State::Selected if !session.is_signed_in() => return Err(Error::Bad("sign in first".into())),
        State::Selected => session.selected().map(|_| ())?,
        _ => {}
    }
    if session.enabled.uid_only && uses_numbers(&command) {
        return Err(Error::Bad("[UIDREQUIRED] sequence numbers are switched off".into()));
    }
    match command {
        C::Capability => capability::capability(session),
        C::Noop => Ok(Completed::new("NOOP completed")),
        C::Check => Ok(Completed::new("CHECK completed")),
        C::Idle => Ok(Completed::new("")),
        C::Logout => auth::logout(session),
        C::Id(pairs) => id::id(session, &pairs),
        C::StartTls => auth::starttls(session),
        C::Authenticate { mechanism, initial } => auth::authenticate(session, &mechanism, initial).await,
        C::Login { user, password } => auth::login(session, &user, &password).await,
        C::Enable(names) => capability::enable(session, &names),
        C::Select { mailbox, read_only, condstore, resync } => {
            select::select(session, &mailbox, read_only, condstore, resync).await
        }
        C::Create { mailbox, role } => mailbox::create(session, mailbox, role).await,
        C::BadUse => Err(Error::no("USEATTR", "one of \\Drafts, \\Sent, \\Archive, \\Junk and \\Trash can be given")),
        C::Delete { mailbox } => mailbox::delete(session, &mailbox).await,
        C::Rename { from, to } => mailbox::rename(session, from, to).await,
        C::Subscribe { mailbox, subscribed } => mailbox::subscribe(session, mailbox, subscribed).await,
        C::List(list) => list::list(session, &list).await,
        C::Lsub(list) => list::lsub(session, &list),
        C::Namespace => namespace::namespace(session),
        C::Status { mailbox, items } => status::status(session, &mailbox, &items),
        C::Append { mailbox, messages } => append::append(session, &mailbox, &messages, bytes).await,
        C::GetMetadata(command) => metadata::get(session, &command),
        C::SetMetadata(command) => metadata::set(session, command).await,
        C::Replace { set, uid, mailbox, message } => {
            replace::replace(session, &set, uid, &mailbox, &message, bytes).await
        }
        C::Compress => compress::compress(session),
        C::Unauthenticate => auth::unauthenticate(session),
        C::Acl(command) => acl::acl(session, command).await,
        C::Notify(set) => notify::notify(session, set).await,
        C::BadEvent => Err(Error::no(
            "BADEVENT (MessageNew MessageExpunge FlagChange MailboxName SubscriptionChange MailboxMetadataChange \
             ServerMetadataChange)",
            "an event is not known here",
        )),
        C::GetQuota { root } => quota::get_quota(session, &root),
        C::GetQuotaRoot { mailbox } => quota::get_quota_root(session, &mailbox),
        C::SetQuota => Err(Error::no("NOPERM", "quotas are set by an administrator")),
        C::Close => expunge::close(session).await,
        C::Unselect => expunge::unselect(session),
        C::Expunge(set) => expunge::expunge(session, set).await,
        C::BadCharset => Err(Error::no("BADCHARSET (UTF-8 US-ASCII)", "the charset is not known here")),
        C::Search(command) => sendable(search::search(session, &command, bytes)).await,
        C::Esearch(command) => sendable(esearch::esearch(session, &command, bytes)).await,
        C::Sort(command) => Box::pin(sort::sort(session, &command, bytes)).await,
        C::Thread(command) => Box::pin(thread::thread(session, &command, bytes)).await,
        C::Fetch(command) => Box::pin(fetch::fetch(session, command)).await,
        C::Store(command) => store::store(session, command).await,
        C::Copy { set, uid, mailbox, is_move } => copy::copy(session, &set, uid, mailbox, is_move, bytes).await,
    }
}

/// A future that is known to go from thread to thread: the compiler does not find that out through several layers.
fn sendable<'a, T>(
    future: impl Future<Output = T> + Send + 'a,
) -> std::pin::Pin<Box<dyn Future<Output = T> + Send + 'a>> {
    Box::pin(future)
}
