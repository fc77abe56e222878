//! What commands do (RFC 5804 section 2).

use super::{
    auth::authenticate,
    proto::{Word, write_answer, write_string},
    session::{After, End, Session},
};
use crate::script::{Fault, compile};
use config::Limits;
use store::{AccountId, Store, Tx};

/// Faults of a script that are told at once.
const FAULTS_MAX: usize = 20;

/// Why a command is answered `NO`.
pub(super) struct Refusal {
    /// Code of RFC 5804 section 1.3, without brackets; empty for none.
    pub(super) code: &'static str,
    pub(super) text: String,
    /// Whether the command is no command, rather than one that cannot be done.
    pub(super) wrong: bool,
}

impl Refusal {
    pub(super) fn no(code: &'static str, text: impl Into<String>) -> Self {
        Self { code, text: text.into(), wrong: false }
    }

    pub(super) fn wrong(text: impl Into<String>) -> Self {
        Self { code: "", text: text.into(), wrong: true }
    }
}

impl From<store::Error> for Refusal {
    fn from(error: store::Error) -> Self {
        match error {
            store::Error::NotFound(_) => Self::no("NONEXISTENT", "there is no script of this name"),
            store::Error::Exists(_) => Self::no("ALREADYEXISTS", "there is a script of this name already"),
            store::Error::Limit("scripts of one account") => {
                Self::no("QUOTA/MAXSCRIPTS", format!("there can be {} scripts", store::script::SCRIPTS_MAX))
            }
            store::Error::Limit(_) => Self::no("QUOTA/MAXSIZE", too_large()),
            store::Error::Invalid(why) if why == "the script is active" => Self::no("ACTIVE", why),
            store::Error::Invalid(why) => Self::no("", why),
            error => {
                tracing::error!(%error, "a script cannot be read or written");
                Self::no("TRYLATER", "the store cannot do it now")
            }
        }
    }
}

impl From<directory::Error> for Refusal {
    fn from(error: directory::Error) -> Self {
        tracing::error!(%error, "the directory cannot answer");
        Self::no("TRYLATER", "this cannot be done now")
    }
}

fn too_large() -> String {
    format!("a script can have {} bytes", Limits::SIEVE_SCRIPT_BYTES_MAX)
}

/// Runs a command and writes its answer; a refusal is written by the caller.
pub(super) async fn run(session: &mut Session, words: &[Word]) -> Result<Result<After, Refusal>, End> {
    let Some(Word::Atom(name)) = words.first() else {
        return Ok(Err(Refusal::wrong("a command begins with its name")));
    };
    let name = name.to_ascii_uppercase();
    let arguments: Vec<&Word> = words[1..].iter().collect();
    if name == "AUTHENTICATE" {
        return match (session.account(), arguments.as_slice()) {
            (Some(_), _) => Ok(Err(Refusal::wrong("you are signed in already"))),
            (None, [Word::String(mechanism)]) => authenticate(session, mechanism, None).await,
            (None, [Word::String(mechanism), Word::String(initial)]) => {
                authenticate(session, mechanism, Some(initial)).await
            }
            _ => Ok(Err(Refusal::wrong("expected AUTHENTICATE \"mechanism\" [\"base64\"]"))),
        };
    }
    let result = match (name.as_str(), arguments.as_slice()) {
        ("STARTTLS", []) => start_tls(session),
        ("LOGOUT", []) => {
            write_answer(&mut session.out, "OK", "", "Good bye");
            Ok(After::Logout)
        }
        ("CAPABILITY", []) => {
            session.capabilities();
            done(session, "")
        }
        ("NOOP", []) => done(session, "Done"),
        ("NOOP", [Word::String(tag)]) => {
            // RFC 5804 section 2.13: the tag comes back in the code.
            session.out.extend_from_slice(b"OK (TAG ");
            write_string(&mut session.out, tag);
            session.out.extend_from_slice(b") \"Done\"\r\n");
            Ok(After::Command)
        }
        _ => match session.account().map(|account| account.id) {
            Some(account) => scripts(session, account, &name, &arguments).await,
            None => Err(Refusal::wrong("sign in first")),
        },
    };
    Ok(result)
}

fn done(session: &mut Session, text: &str) -> Result<After, Refusal> {
    write_answer(&mut session.out, "OK", "", text);
    Ok(After::Command)
}

fn start_tls(session: &mut Session) -> Result<After, Refusal> {
    if !session.can_start_tls() {
        return Err(Refusal::wrong("TLS cannot begin here"));
    }
    if session.has_input() {
        // An attacker on the way may have put commands here, to be run as if they had come through TLS.
        return Err(Refusal::wrong("commands came behind STARTTLS"));
    }
    write_answer(&mut session.out, "OK", "", "Begin TLS");
    Ok(After::StartTls)
}

/// Commands of someone who has signed in.
async fn scripts(session: &mut Session, account: AccountId, name: &str, arguments: &[&Word]) -> Result<After, Refusal> {
    let store = session.context.directory.store().clone();
    match (name, arguments) {
        ("HAVESPACE", [Word::String(name), Word::Atom(size)]) => {
            let bytes = size.parse::<u32>().map_err(|_| Refusal::wrong("expected a number"))? as usize;
            let name = name.clone();
            commit(&store, move |tx| tx.script_room(account, &name, bytes)).await?;
            done(session, "There is room")
        }
        ("PUTSCRIPT", [Word::String(name), Word::String(text)]) => {
            check(text).await?;
            let (name, text, at) = (name.clone(), text.clone(), now());
            commit(&store, move |tx| tx.script_put(account, &name, &text, at)).await?;
            done(session, "The script is stored")
        }
        ("CHECKSCRIPT", [Word::String(text)]) => {
            check(text).await?;
            done(session, "The script is valid")
        }
        ("LISTSCRIPTS", []) => {
            for script in store.scripts(account)? {
                write_string(&mut session.out, &script.name);
                session.out.extend_from_slice(if script.active { b" ACTIVE\r\n" } else { b"\r\n" });
            }
            done(session, "")
        }
        ("GETSCRIPT", [Word::String(name)]) => {
            let text = store.script_text(account, name)?.ok_or(store::Error::NotFound("script"))?;
            session.out.extend_from_slice(format!("{{{}}}\r\n", text.len()).as_bytes());
            session.out.extend_from_slice(text.as_bytes());
            session.out.extend_from_slice(b"\r\n");
            done(session, "")
        }
        ("SETACTIVE", [Word::String(name)]) => {
            let name = Some(name.clone()).filter(|name| !name.is_empty());
            let text = if name.is_some() { "The script is active" } else { "No script is active" };
            commit(&store, move |tx| tx.script_activate(account, name.as_deref())).await?;
            done(session, text)
        }
        ("DELETESCRIPT", [Word::String(name)]) => {
            let name = name.clone();
            commit(&store, move |tx| tx.script_remove(account, &name)).await?;
            done(session, "The script is deleted")
        }
        ("RENAMESCRIPT", [Word::String(from), Word::String(to)]) => {
            let (from, to) = (from.clone(), to.clone());
            commit(&store, move |tx| tx.script_rename(account, &from, &to)).await?;
            done(session, "The script is renamed")
        }
        ("UNAUTHENTICATE", []) => {
            session.sign_out();
            done(session, "You are signed out")
        }
        (
            "HAVESPACE" | "PUTSCRIPT" | "CHECKSCRIPT" | "LISTSCRIPTS" | "GETSCRIPT" | "SETACTIVE" | "DELETESCRIPT"
            | "RENAMESCRIPT" | "UNAUTHENTICATE" | "STARTTLS" | "LOGOUT" | "CAPABILITY" | "NOOP",
            _,
        ) => Err(Refusal::wrong(format!("{name} takes other arguments"))),
        _ => Err(Refusal::wrong("unknown command")),
    }
}

async fn commit(
    store: &Store,
    mut work: impl FnMut(&mut Tx<'_>) -> Result<(), store::Error> + Send + 'static,
) -> Result<(), Refusal> {
    store.commit(Vec::new(), move |tx| work(tx)).await.map_err(Refusal::from)
}

/// Whether a script is one.
async fn check(text: &str) -> Result<(), Refusal> {
    if text.len() > Limits::SIEVE_SCRIPT_BYTES_MAX {
        return Err(Refusal::no("QUOTA/MAXSIZE", too_large()));
    }
    let text = text.to_owned();
    let faults = match tokio::task::spawn_blocking(move || compile(&text)).await {
        Ok(Ok(_)) => return Ok(()),
        Ok(Err(faults)) => faults,
        // The engine met what it was not made for.
        Err(error) => {
            tracing::error!(%error, "a script could not be compiled");
            vec![Fault { line: 1, text: "it cannot be read".to_owned() }]
        }
    };
    let lines: Vec<_> = faults.iter().take(FAULTS_MAX).map(ToString::to_string).collect();
    Err(Refusal::no("", lines.join("\r\n")))
}

/// Milliseconds since 1970.
fn now() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}
