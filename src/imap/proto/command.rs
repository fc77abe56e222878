//! Commands (RFC 3501 section 9 `command`, and the extensions that the capability list names).

use super::{
    SequenceSet,
    acl::Acl,
    esearch::Esearch,
    fetch::Fetch,
    lexer::{Dialect, Lexer, Parse, is_astring_char, is_atom_char},
    list::{List, StatusItem},
    mailbox_name,
    metadata::{GetMetadata, SetMetadata},
    notify::{self, NotifySet},
    search::{ParseSearch, Search, Sort, Thread},
    store::{StoreFlags, parse_flag_list},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use mail::date;
use std::borrow::Cow;
use store::{Flags, Role};

/// Messages in one APPEND (RFC 3502).
pub const APPEND_MESSAGES_MAX: usize = 1000;

/// A command with its tag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tagged<'a> {
    /// The tag that the reply carries.
    pub tag: &'a str,
    /// The command.
    pub command: Command<'a>,
}

/// What SELECT says of an earlier session (RFC 7162 section 3.2.5).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resync {
    /// UIDVALIDITY then.
    pub uid_validity: u32,
    /// The newest mod-sequence that the client knows.
    pub modseq: u64,
    /// UIDs that it knows; all when absent.
    pub known: Option<SequenceSet>,
    /// Some sequence numbers with the UIDs that they stood for.
    pub pairs: Option<(SequenceSet, SequenceSet)>,
}

/// A command. Large bytes are borrowed from the input.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names are those of the RFCs; what is not plain is said")]
pub enum Command<'a> {
    Capability,
    Noop,
    Logout,
    /// Keys and values, cut to what is logged.
    Id(Vec<(String, Option<String>)>),
    StartTls,
    Authenticate {
        mechanism: String,
        initial: Option<Vec<u8>>,
    },
    Login {
        user: Cow<'a, str>,
        password: Cow<'a, str>,
    },
    Enable(Vec<String>),
    Select {
        mailbox: String,
        read_only: bool,
        condstore: bool,
        resync: Option<Resync>,
    },
    Create {
        mailbox: String,
        role: Option<Role>,
    },
    /// CREATE with a special use that is not known here.
    BadUse,
    Delete {
        mailbox: String,
    },
    Rename {
        from: String,
        to: String,
    },
    Subscribe {
        mailbox: String,
        subscribed: bool,
    },
    List(List),
    Lsub(List),
    Namespace,
    Status {
        mailbox: String,
        items: Vec<StatusItem>,
    },
    Append {
        mailbox: String,
        messages: Vec<AppendMessage<'a>>,
    },
    /// REPLACE (RFC 8508).
    Replace {
        set: SequenceSet,
        uid: bool,
        mailbox: String,
        message: AppendMessage<'a>,
    },
    /// COMPRESS DEFLATE (RFC 4978).
    Compress,
    /// Who may do what (RFC 4314).
    Acl(Acl),
    /// NOTIFY (RFC 5465); `None` for NOTIFY NONE.
    Notify(Option<NotifySet>),
    /// A NOTIFY of an event that is not known here.
    BadEvent,
    /// UNAUTHENTICATE (RFC 8437).
    Unauthenticate,
    Idle,
    GetMetadata(GetMetadata),
    SetMetadata(SetMetadata),
    GetQuota {
        root: String,
    },
    GetQuotaRoot {
        mailbox: String,
    },
    SetQuota,
    Check,
    Close,
    Unselect,
    /// With a set for UID EXPUNGE (RFC 4315).
    Expunge(Option<SequenceSet>),
    Search(Search),
    /// Over several mailboxes (RFC 7377).
    Esearch(Esearch),
    Sort(Sort),
    Thread(Thread),
    /// A search in a charset that is not known here.
    BadCharset,
    Fetch(Fetch),
    Store(StoreFlags),
    /// COPY, or MOVE (RFC 6851).
    Copy {
        set: SequenceSet,
        uid: bool,
        mailbox: String,
        is_move: bool,
    },
}

/// One message of an APPEND.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppendMessage<'a> {
    /// Flags.
    pub flags: Flags,
    /// Internal date, milliseconds since 1970; now when absent.
    pub received: Option<i64>,
    /// The bytes.
    pub source: Source<'a>,
}

/// Where the bytes of a message come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source<'a> {
    /// They are given.
    Literal(&'a [u8]),
    /// They are given, and may hold what no transfer encoding protects (RFC 3516 section 4.4).
    Literal8(&'a [u8]),
    /// They are put together (RFC 4469).
    Catenate(Vec<Piece<'a>>),
}

/// `cat-part`
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece<'a> {
    /// Bytes.
    Text(&'a [u8]),
    /// What a URL names.
    Url(String),
}

/// Pieces of one message.
pub const PIECES_MAX: usize = 1000;

/// Parses a whole command, without its line end.
///
/// # Errors
/// The byte where it stops being a command.
pub fn parse(input: &[u8]) -> Parse<Tagged<'_>> {
    parse_in(input, Dialect::default())
}

/// As [`parse`], of a client that has enabled something.
///
/// # Errors
/// The byte where it stops being a command.
pub fn parse_in(input: &[u8], dialect: Dialect) -> Parse<Tagged<'_>> {
    let mut lexer = Lexer::new(input).with_dialect(dialect);
    let tag = lexer.word(|byte| is_astring_char(byte) && byte != b'+', "a tag")?;
    lexer.space()?;
    let at = lexer.at();
    let verb = lexer.word(is_atom_char, "a command")?.to_ascii_uppercase();
    let command = parse_command(&mut lexer, at, &verb)?;
    lexer.end()?;
    Ok(Tagged { tag, command })
}

fn parse_command<'a>(lexer: &mut Lexer<'a>, at: usize, verb: &str) -> Parse<Command<'a>> {
    let plain = match verb {
        "CAPABILITY" => Command::Capability,
        "NOOP" => Command::Noop,
        "LOGOUT" => Command::Logout,
        "STARTTLS" => Command::StartTls,
        "NAMESPACE" => Command::Namespace,
        "IDLE" => Command::Idle,
        "CHECK" => Command::Check,
        "CLOSE" => Command::Close,
        "UNSELECT" => Command::Unselect,
        "UNAUTHENTICATE" => Command::Unauthenticate,
        "EXPUNGE" => Command::Expunge(None),
        _ => return parse_with_arguments(lexer, at, verb),
    };
    Ok(plain)
}

fn parse_with_arguments<'a>(lexer: &mut Lexer<'a>, at: usize, verb: &str) -> Parse<Command<'a>> {
    const KNOWN: [&str; 37] = [
        "ID",
        "AUTHENTICATE",
        "LOGIN",
        "ENABLE",
        "SELECT",
        "EXAMINE",
        "CREATE",
        "DELETE",
        "RENAME",
        "SUBSCRIBE",
        "UNSUBSCRIBE",
        "LIST",
        "LSUB",
        "STATUS",
        "APPEND",
        "REPLACE",
        "COMPRESS",
        "SETACL",
        "DELETEACL",
        "GETACL",
        "LISTRIGHTS",
        "MYRIGHTS",
        "NOTIFY",
        "GETMETADATA",
        "SETMETADATA",
        "GETQUOTA",
        "GETQUOTAROOT",
        "SETQUOTA",
        "SEARCH",
        "ESEARCH",
        "SORT",
        "THREAD",
        "FETCH",
        "STORE",
        "COPY",
        "MOVE",
        "UID",
    ];
    if !KNOWN.contains(&verb) {
        return Lexer::error_at(at, "a known command");
    }
    lexer.space()?;
    Ok(match verb {
        "ID" => parse_id(lexer)?,
        "AUTHENTICATE" => parse_authenticate(lexer)?,
        "LOGIN" => {
            let user = lexer.astring_utf8()?;
            lexer.space()?;
            Command::Login { user, password: lexer.astring_utf8()? }
        }
        "ENABLE" => parse_enable(lexer)?,
        "SELECT" | "EXAMINE" => parse_select(lexer, verb == "EXAMINE")?,
        "CREATE" => parse_create(lexer)?,
        "DELETE" => Command::Delete { mailbox: mailbox_name::parse(lexer)? },
        "RENAME" => {
            let from = mailbox_name::parse(lexer)?;
            lexer.space()?;
            Command::Rename { from, to: without_trailing_separator(mailbox_name::parse(lexer)?) }
        }
        "SUBSCRIBE" | "UNSUBSCRIBE" => {
            Command::Subscribe { mailbox: mailbox_name::parse(lexer)?, subscribed: verb == "SUBSCRIBE" }
        }
        "LIST" => Command::List(List::parse(lexer)?),
        "LSUB" => Command::Lsub(List::parse_lsub(lexer)?),
        "STATUS" => {
            let mailbox = mailbox_name::parse(lexer)?;
            lexer.space()?;
            Command::Status { mailbox, items: StatusItem::parse_list(lexer)? }
        }
        "APPEND" => parse_append(lexer)?,
        "NOTIFY" => match notify::parse(lexer)? {
            Ok(set) => Command::Notify(set),
            Err(notify::BadEvent) => {
                let _ = lexer.take_while(|_| true);
                Command::BadEvent
            }
        },
        "SETACL" | "DELETEACL" | "GETACL" | "LISTRIGHTS" | "MYRIGHTS" => Command::Acl(Acl::parse(lexer, verb)?),
        "COMPRESS" => match lexer.eat_text("DEFLATE") {
            true => Command::Compress,
            false => return lexer.error("DEFLATE"),
        },
        "GETMETADATA" => Command::GetMetadata(GetMetadata::parse(lexer)?),
        "SETMETADATA" => Command::SetMetadata(SetMetadata::parse(lexer)?),
        "GETQUOTA" => Command::GetQuota { root: lexer.astring_utf8()?.into_owned() },
        "GETQUOTAROOT" => Command::GetQuotaRoot { mailbox: mailbox_name::parse(lexer)? },
        "SETQUOTA" => parse_setquota(lexer)?,
        "UID" => {
            let at = lexer.at();
            let verb = lexer.word(is_atom_char, "a command after UID")?.to_ascii_uppercase();
            lexer.space()?;
            if verb == "EXPUNGE" {
                return Ok(Command::Expunge(Some(SequenceSet::parse(lexer)?)));
            }
            parse_on_messages(lexer, at, &verb, true)?
        }
        _ => parse_on_messages(lexer, at, verb, false)?,
    })
}

/// The commands that exist with and without UID.
fn parse_on_messages<'a>(lexer: &mut Lexer<'a>, at: usize, verb: &str, uid: bool) -> Parse<Command<'a>> {
    fn known<'a, T>(
        parsed: ParseSearch<T>,
        lexer: &mut Lexer<'_>,
        command: fn(T) -> Command<'a>,
    ) -> Parse<Command<'a>> {
        Ok(match parsed? {
            Ok(search) => command(search),
            Err(_) => {
                let _ = lexer.take_while(|_| true);
                Command::BadCharset
            }
        })
    }
    match verb {
        "SEARCH" => known(Search::parse(lexer, uid), lexer, Command::Search),
        "ESEARCH" if !uid => known(Esearch::parse(lexer), lexer, Command::Esearch),
        "SORT" => known(Sort::parse(lexer, uid), lexer, Command::Sort),
        "THREAD" => known(Thread::parse(lexer, uid), lexer, Command::Thread),
        "FETCH" => Fetch::parse(lexer, uid).map(Command::Fetch),
        "STORE" => StoreFlags::parse(lexer, uid).map(Command::Store),
        "REPLACE" => {
            let set = SequenceSet::parse(lexer)?;
            lexer.space()?;
            let mailbox = mailbox_name::parse(lexer)?;
            lexer.space()?;
            Ok(Command::Replace { set, uid, mailbox, message: parse_append_message(lexer)? })
        }
        "COPY" | "MOVE" => {
            let set = SequenceSet::parse(lexer)?;
            lexer.space()?;
            Ok(Command::Copy { set, uid, mailbox: mailbox_name::parse(lexer)?, is_move: verb == "MOVE" })
        }
        _ => Lexer::error_at(at, "a known command"),
    }
}

/// RFC 2971: `"ID" SP ("(" *(string SP nstring) ")" / nil)`
fn parse_id<'a>(lexer: &mut Lexer<'a>) -> Parse<Command<'a>> {
    if lexer.eat_text("NIL") {
        return Ok(Command::Id(Vec::new()));
    }
    let shown = |text: &[u8]| String::from_utf8_lossy(&text[..text.len().min(200)]).into_owned();
    let pairs = lexer.list(true, 30, |lexer| {
        let key = shown(&lexer.string()?);
        lexer.space()?;
        Ok((key, lexer.nstring()?.map(|value| shown(&value))))
    })?;
    Ok(Command::Id(pairs))
}

/// RFC 4959: the initial response is base64, or `=` when it is empty.
fn parse_authenticate<'a>(lexer: &mut Lexer<'a>) -> Parse<Command<'a>> {
    let mechanism = lexer.atom("a SASL mechanism")?.to_ascii_uppercase();
    let mut initial = None;
    if lexer.eat(b' ') && !lexer.is_end() {
        let at = lexer.at();
        let text = lexer.take_while(|byte| byte != b' ');
        initial = match (text, STANDARD.decode(text)) {
            (b"=", _) => Some(Vec::new()),
            (_, Ok(bytes)) => Some(bytes),
            _ => return Lexer::error_at(at, "base64"),
        };
    }
    Ok(Command::Authenticate { mechanism, initial })
}

/// RFC 5161: `"ENABLE" 1*(SP capability)`
fn parse_enable<'a>(lexer: &mut Lexer<'a>) -> Parse<Command<'a>> {
    let mut names = vec![lexer.atom("a capability")?.to_ascii_uppercase()];
    while lexer.peek() == Some(b' ') && lexer.rest().len() > 1 {
        if names.len() >= 32 {
            return lexer.error("fewer capabilities");
        }
        lexer.space()?;
        names.push(lexer.atom("a capability")?.to_ascii_uppercase());
    }
    Ok(Command::Enable(names))
}

/// RFC 4466: `mailbox [SP "(" select-param ")"]`
fn parse_select<'a>(lexer: &mut Lexer<'a>, read_only: bool) -> Parse<Command<'a>> {
    let mailbox = mailbox_name::parse(lexer)?;
    let (mut condstore, mut resync) = (false, None);
    if lexer.peek() == Some(b' ') && lexer.rest().len() > 1 {
        lexer.space()?;
        lexer.list(false, 8, |lexer| {
            if lexer.eat_text("CONDSTORE") {
                condstore = true;
            } else if lexer.eat_text("QRESYNC ") {
                resync = Some(parse_resync(lexer)?);
            } else {
                return lexer.error("CONDSTORE or QRESYNC");
            }
            Ok(())
        })?;
    }
    Ok(Command::Select { mailbox, read_only, condstore, resync })
}

/// RFC 7162 section 3.2.5: `"(" uidvalidity SP mod-sequence [SP known-uids] [SP "(" sequences SP uids ")"] ")"`
fn parse_resync(lexer: &mut Lexer<'_>) -> Parse<Resync> {
    lexer.expect(b'(', "`(`")?;
    let uid_validity = lexer.number_nonzero()?;
    lexer.space()?;
    let modseq = lexer.number64()?;
    let mut resync = Resync { uid_validity, modseq, known: None, pairs: None };
    if lexer.peek() == Some(b' ') && lexer.rest().get(1) != Some(&b'(') {
        lexer.space()?;
        resync.known = Some(SequenceSet::parse(lexer)?);
    }
    if lexer.eat(b' ') {
        lexer.expect(b'(', "`(`")?;
        let numbers = SequenceSet::parse(lexer)?;
        lexer.space()?;
        resync.pairs = Some((numbers, SequenceSet::parse(lexer)?));
        lexer.expect(b')', "`)`")?;
    }
    lexer.expect(b')', "`)`")?;
    Ok(resync)
}

/// RFC 6154 section 5.3: `mailbox [SP "(USE (" use-attr "))"]`
fn parse_create<'a>(lexer: &mut Lexer<'a>) -> Parse<Command<'a>> {
    let mailbox = without_trailing_separator(mailbox_name::parse(lexer)?);
    let (mut role, mut is_unknown) = (None, false);
    if lexer.eat_text(" (USE ") {
        lexer.list(true, 8, |lexer| {
            // A mailbox has one use here.
            is_unknown |= role.is_some();
            lexer.expect(b'\\', "a special use")?;
            role = match lexer.atom("a special use")?.to_ascii_uppercase().as_str() {
                "DRAFTS" => Some(Role::Drafts),
                "SENT" => Some(Role::Sent),
                "ARCHIVE" => Some(Role::Archive),
                "JUNK" => Some(Role::Junk),
                "TRASH" => Some(Role::Trash),
                _ => {
                    is_unknown = true;
                    None
                }
            };
            Ok(())
        })?;
        lexer.expect(b')', "`)`")?;
    }
    Ok(if is_unknown { Command::BadUse } else { Command::Create { mailbox, role } })
}

/// RFC 3501 section 6.3.3: a separator at the end says that inferiors will come, which any mailbox here may have.
fn without_trailing_separator(mut name: String) -> String {
    if name.len() > 1 && name.ends_with(mailbox_name::SEPARATOR) {
        name.pop();
    }
    name
}

/// RFC 3502: `mailbox 1*(SP append-message)`
fn parse_append<'a>(lexer: &mut Lexer<'a>) -> Parse<Command<'a>> {
    let mailbox = mailbox_name::parse(lexer)?;
    let mut messages = Vec::new();
    loop {
        lexer.space()?;
        messages.push(parse_append_message(lexer)?);
        if lexer.peek() != Some(b' ') || lexer.rest().len() == 1 {
            return Ok(Command::Append { mailbox, messages });
        }
        if messages.len() >= APPEND_MESSAGES_MAX {
            return lexer.error("fewer messages");
        }
    }
}

/// RFC 4466: `[flag-list SP] [date-time SP] append-data`
fn parse_append_message<'a>(lexer: &mut Lexer<'a>) -> Parse<AppendMessage<'a>> {
    let flags = if lexer.peek() == Some(b'(') {
        let flags = parse_flag_list(lexer)?;
        lexer.space()?;
        flags
    } else {
        Flags::default()
    };
    let received = if lexer.peek() == Some(b'"') {
        let at = lexer.at();
        let text = lexer.string()?;
        let date = std::str::from_utf8(&text).ok().and_then(date::parse_imap);
        if date.is_none() {
            return Lexer::error_at(at, "a date-time like \"24-Nov-2026 04:36:00 +0000\"");
        }
        lexer.space()?;
        date
    } else {
        None
    };
    Ok(AppendMessage { flags, received, source: parse_source(lexer)? })
}

/// `literal`, `literal8`, `"UTF8 (" literal8 ")"` (RFC 6855 section 4), or `"CATENATE (" cat-part *(SP cat-part) ")"`
fn parse_source<'a>(lexer: &mut Lexer<'a>) -> Parse<Source<'a>> {
    if lexer.eat_text("UTF8 (") {
        let (message, is_literal8) = lexer.literal_or_8()?;
        lexer.expect(b')', "`)`")?;
        return Ok(if is_literal8 { Source::Literal8(message) } else { Source::Literal(message) });
    }
    if lexer.eat_text("CATENATE ") {
        return Ok(Source::Catenate(lexer.list(false, PIECES_MAX, parse_piece)?));
    }
    Ok(match lexer.literal_or_8()? {
        (message, true) => Source::Literal8(message),
        (message, false) => Source::Literal(message),
    })
}

fn parse_piece<'a>(lexer: &mut Lexer<'a>) -> Parse<Piece<'a>> {
    if lexer.eat_text("TEXT ") {
        Ok(Piece::Text(lexer.literal_or_8()?.0))
    } else if lexer.eat_text("URL ") {
        Ok(Piece::Url(lexer.astring_utf8()?.into_owned()))
    } else {
        lexer.error("TEXT or URL")
    }
}

/// RFC 9208: quotas are set in the console, so the arguments are only checked.
fn parse_setquota<'a>(lexer: &mut Lexer<'a>) -> Parse<Command<'a>> {
    lexer.astring()?;
    lexer.space()?;
    lexer.list(true, 16, |lexer| {
        lexer.atom("a resource")?;
        lexer.space()?;
        lexer.number64()
    })?;
    Ok(Command::SetQuota)
}
