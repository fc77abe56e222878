//! Speaks a script to a server.

use super::{
    pattern::Variables,
    script::{Command, Group, Kind, Piece, Script, State},
    value::{self, Value},
};
use std::time::Duration;
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::TcpStream,
};

/// Longest wait for a line. Far above what anything takes, so that only a hang meets it.
const PATIENCE: Duration = Duration::from_secs(60);
/// Mailboxes that scripts use begin with this.
const MAILBOX: &str = "imaptest";

/// Where a script is spoken.
#[derive(Debug, Clone)]
pub struct Target {
    /// Port of the server on 127.0.0.1.
    pub port: u16,
    /// Who signs in; all their mailboxes that begin with `imaptest` are deleted.
    pub user: String,
    /// Their password.
    pub password: String,
}

/// What came of a script.
#[derive(Debug, PartialEq, Eq)]
pub enum Outcome {
    /// All was as expected; so many groups of commands.
    Passed(usize),
    /// The server does not announce these.
    Lacks(Vec<String>),
    /// What was not as expected, with what was said.
    Failed(String),
}

/// Speaks a script.
pub async fn run(script: &Script, target: &Target) -> Outcome {
    match Runner::begin(script, target).await {
        Ok(Ok(mut runner)) => match runner.groups().await {
            Ok(()) => Outcome::Passed(script.groups.len()),
            Err(why) => Outcome::Failed(format!("{}: {why}\n{}", script.name, runner.told())),
        },
        Ok(Err(missing)) => Outcome::Lacks(missing),
        Err(why) => Outcome::Failed(format!("{}: {why}", script.name)),
    }
}

struct Runner<'a> {
    script: &'a Script,
    connections: Vec<Connection>,
    variables: Variables,
    /// The message that is appended next.
    next_message: usize,
}

struct Connection {
    stream: BufReader<TcpStream>,
    told: Vec<String>,
    tags: usize,
    /// Messages of the selected mailbox, as this connection was told.
    exists: usize,
}

type Fallible<T> = Result<T, String>;

impl<'a> Runner<'a> {
    /// Connects and brings about the state; or the capabilities that are missing.
    async fn begin(script: &'a Script, target: &Target) -> Fallible<Result<Self, Vec<String>>> {
        let mut runner = Self { script, connections: Vec::new(), variables: Variables::default(), next_message: 0 };
        for _ in 0..script.connections {
            runner.connections.push(Connection::open(target.port).await?);
        }
        let (user, domain) = target.user.split_once('@').unwrap_or((&target.user, ""));
        for (name, value) in [
            ("user", target.user.as_str()),
            ("username", user),
            ("domain", domain),
            ("password", &target.password),
            ("mailbox", MAILBOX),
            ("mailbox_url", MAILBOX),
        ] {
            runner.variables.values.insert(name.to_owned(), value.as_bytes().to_vec());
        }
        if script.state > State::NonAuth {
            for connection in &mut runner.connections {
                connection.run(&format!("LOGIN {} \"{}\"", target.user, target.password)).await?;
            }
        }
        let first = &mut runner.connections[0];
        let announced = first.run("CAPABILITY").await?.concat().to_uppercase();
        let announced: Vec<&str> = announced.split_whitespace().collect();
        let is_missing = |wanted: &&String| !announced.contains(&wanted.as_str());
        let missing: Vec<String> = script.capabilities.iter().filter(is_missing).cloned().collect();
        if !missing.is_empty() {
            return Ok(Err(missing));
        }
        runner.prepare().await?;
        Ok(Ok(runner))
    }

    async fn prepare(&mut self) -> Fallible<()> {
        let state = self.script.state;
        if state < State::Auth {
            return Ok(());
        }
        let first = &mut self.connections[0];
        for line in first.run(&format!("LSUB \"\" {MAILBOX}*")).await? {
            if let Some(name) = mailbox_of(&line) {
                first.run(&format!("UNSUBSCRIBE {name}")).await?;
            }
        }
        let listed = first.run(&format!("LIST \"\" {MAILBOX}*")).await?;
        // Inferiors first.
        for name in listed.iter().rev().filter_map(|line| mailbox_of(line)) {
            first.run(&format!("DELETE {name}")).await?;
        }
        if state >= State::Created {
            first.run(&format!("CREATE {MAILBOX}")).await?;
        }
        if state >= State::Appended {
            for _ in 0..self.script.messages.unwrap_or(self.script.mailbox.len()) {
                let command = self.append(MAILBOX.as_bytes(), true);
                self.connections[0].run_bytes(&command).await?;
            }
        }
        if state >= State::Selected {
            for connection in &mut self.connections {
                connection.run(&format!("SELECT {MAILBOX}")).await?;
            }
        }
        Ok(())
    }

    /// APPEND of the next message.
    fn append(&mut self, arguments: &[u8], dated: bool) -> Vec<u8> {
        let (date, message) = &self.script.mailbox[self.next_message % self.script.mailbox.len()];
        self.next_message += 1;
        let date = if dated { format!(" \"{date}\"") } else { String::new() };
        let mut command = b"append ".to_vec();
        command.extend_from_slice(arguments);
        command.extend_from_slice(format!("{date} {{{}+}}\r\n", message.len()).as_bytes());
        command.extend_from_slice(message);
        command
    }

    async fn groups(&mut self) -> Fallible<()> {
        for group in &self.script.groups {
            self.group(group).await.map_err(|why| format!("line {}: {why}", group.line))?;
        }
        Ok(())
    }

    async fn group(&mut self, group: &Group) -> Fallible<()> {
        let texts: Vec<Vec<u8>> = group.commands.iter().map(|command| self.text_of(command)).collect();
        let connection = &mut self.connections[group.connection];
        self.variables.numbers = (1..).take(connection.exists).collect();
        let mut tags = Vec::new();
        for text in &texts {
            tags.push(connection.say(text).await?);
        }
        if let Some(tag) = tags.last() {
            self.variables.values.insert("tag".into(), tag.clone().into_bytes());
        }
        let mut found = vec![false; group.expected.len()];
        let mut answered = 0;
        while answered < tags.len() {
            let Some(line) = self.connections[group.connection].line().await? else {
                let is_logout = texts.iter().any(|text| text.eq_ignore_ascii_case(b"logout"));
                if is_logout && answered == tags.len() {
                    break;
                }
                return Err("the server closed".into());
            };
            if let Some(untagged) = line.strip_prefix(b"* ") {
                self.untagged(group, &value::parse(untagged), &mut found)?;
            } else if let Some(at) = tags.iter().position(|tag| line.starts_with(format!("{tag} ").as_bytes())) {
                self.tagged(&group.commands[at], &value::parse(&line[tags[at].len() + 1..]))?;
                answered += 1;
            } else {
                return Err(format!("what is this: {}", String::from_utf8_lossy(&line)));
            }
        }
        for (expected, found) in group.expected.iter().zip(found) {
            if expected.kind == Kind::Must && !found {
                return Err(format!("line {}: did not come", expected.line));
            }
        }
        Ok(())
    }

    fn text_of(&mut self, command: &Command) -> Vec<u8> {
        if let [Piece::Text(text)] = command.text.as_slice()
            && let Some(arguments) = text.strip_prefix(b"append")
        {
            let arguments = self.variables.expand(arguments.trim_ascii());
            let arguments = if arguments.is_empty() { MAILBOX.as_bytes().to_vec() } else { arguments };
            if !arguments.ends_with(b"}") && !text.windows(8).any(|part| part.eq_ignore_ascii_case(b"catenate")) {
                let arguments = match arguments.first() {
                    Some(b'(') => [MAILBOX.as_bytes(), b" ", &arguments].concat(),
                    _ => arguments,
                };
                return self.append(&arguments, false);
            }
        }
        let mut bytes = Vec::new();
        for piece in &command.text {
            match piece {
                Piece::Text(text) => bytes.extend(self.variables.expand(text)),
                Piece::Literal(literal, is_literal8) => {
                    let tilde = if *is_literal8 { "~" } else { "" };
                    bytes.extend(format!("{tilde}{{{}+}}\r\n", literal.len()).into_bytes());
                    bytes.extend(literal);
                }
            }
        }
        bytes
    }

    fn untagged(&mut self, group: &Group, reply: &[Value], found: &mut [bool]) -> Fallible<()> {
        let word =
            |at: usize| reply.get(at).and_then(Value::text).map(|text| String::from_utf8_lossy(text).to_lowercase());
        let (first, second) = (word(0).unwrap_or_default(), word(1).unwrap_or_default());
        let is_status = ["ok", "no", "bad", "bye"].contains(&first.as_str());
        let mut is_listed = false;
        for (at, expected) in group.expected.iter().enumerate() {
            if found[at] && expected.kind != Kind::MustNot {
                continue;
            }
            let pattern = pattern(&expected.text);
            if self.variables.matches(&pattern, reply, !is_status) {
                if expected.kind == Kind::MustNot {
                    return Err(format!("line {}: must not come", expected.line));
                }
                // One reply may be what several lines expect, but a message goes once.
                (found[at], is_listed) = (true, true);
                if second == "expunge" {
                    break;
                }
            }
        }
        if self.script.is_strict && !is_listed {
            return Err(format!("a reply that is not listed: {reply:?}"));
        }
        let connection = &mut self.connections[group.connection];
        match (first.parse::<usize>(), second.as_str()) {
            (Ok(count), "exists") => {
                connection.exists = count;
                self.variables.numbers.resize(count, 0);
            }
            (Ok(number @ 1..), "expunge") if number <= connection.exists => {
                connection.exists -= 1;
                self.variables.numbers.remove(number - 1);
            }
            _ => {}
        }
        Ok(())
    }

    fn tagged(&mut self, command: &Command, reply: &[Value]) -> Fallible<()> {
        let status = reply.first().and_then(Value::text).unwrap_or_default();
        if let Some(wanted) = &command.status
            && !status.eq_ignore_ascii_case(wanted.as_bytes())
        {
            return Err(format!("{wanted} was expected"));
        }
        if !self.variables.matches(&pattern(&command.prefix), &reply[1..], false) {
            return Err("the tagged reply does not begin as expected".into());
        }
        Ok(())
    }

    fn told(&self) -> String {
        let mut text = String::new();
        for (number, connection) in self.connections.iter().enumerate() {
            let from = connection.told.len().saturating_sub(12);
            for line in &connection.told[from..] {
                text.push_str(&format!("{} {line}\n", number + 1));
            }
        }
        text
    }
}

/// What is expected, with literals as on the wire.
fn pattern(pieces: &[Piece]) -> Vec<Value> {
    let mut line = Vec::new();
    for piece in pieces {
        match piece {
            Piece::Text(text) => line.extend_from_slice(text),
            Piece::Literal(literal, _) => {
                line.extend(format!("{{{}}}\r\n", literal.len()).into_bytes());
                line.extend_from_slice(literal);
            }
        }
    }
    value::parse(&line)
}

/// The name at the end of a LIST or LSUB reply, as it stands there.
fn mailbox_of(line: &str) -> Option<&str> {
    let rest = line.strip_prefix("* LIST ").or_else(|| line.strip_prefix("* LSUB "))?;
    rest.split_once("\"/\" ").map(|(_, name)| name.trim_end())
}

impl Connection {
    async fn open(port: u16) -> Fallible<Self> {
        let stream = TcpStream::connect(("127.0.0.1", port)).await.map_err(|error| error.to_string())?;
        let mut connection = Self { stream: BufReader::new(stream), told: Vec::new(), tags: 0, exists: 0 };
        connection.line().await?;
        Ok(connection)
    }

    /// Sends a command; its tag.
    async fn say(&mut self, command: &[u8]) -> Fallible<String> {
        self.tags += 1;
        let tag = format!("t{}", self.tags);
        self.told.push(format!("C: {tag} {}", String::from_utf8_lossy(command)));
        let bytes = [tag.as_bytes(), b" ", command, b"\r\n"].concat();
        self.stream.get_mut().write_all(&bytes).await.map_err(|error| error.to_string())?;
        Ok(tag)
    }

    /// The next reply with its literals, without its line end; `None` when the server has closed.
    async fn line(&mut self) -> Fallible<Option<Vec<u8>>> {
        let mut reply = Vec::new();
        loop {
            let start = reply.len();
            let read = tokio::time::timeout(PATIENCE, self.stream.read_until(b'\n', &mut reply)).await;
            match read.map_err(|_| "no line came".to_owned())?.map_err(|error| error.to_string())? {
                0 => return Ok(None),
                _ if reply.len() - start < 2 => return Err("a line without CRLF".into()),
                _ => {}
            }
            match value::literal_at_end(&reply[start..reply.len() - 2]) {
                None => {
                    reply.truncate(reply.len() - 2);
                    self.told.push(format!("S: {}", String::from_utf8_lossy(&reply)));
                    return Ok(Some(reply));
                }
                Some(length) => {
                    let at = reply.len();
                    reply.resize(at + length, 0);
                    self.stream.read_exact(&mut reply[at..]).await.map_err(|error| error.to_string())?;
                }
            }
        }
    }

    async fn run(&mut self, command: &str) -> Fallible<Vec<String>> {
        self.run_bytes(command.as_bytes()).await
    }

    /// Runs a command that must succeed; the untagged lines.
    async fn run_bytes(&mut self, command: &[u8]) -> Fallible<Vec<String>> {
        let tag = self.say(command).await?;
        let mut lines = Vec::new();
        while let Some(line) = self.line().await? {
            let line = String::from_utf8_lossy(&line).into_owned();
            if let Some(count) = line.strip_prefix("* ").and_then(|rest| rest.strip_suffix(" EXISTS")) {
                self.exists = count.parse().map_err(|_| "a count".to_owned())?;
            }
            match line.strip_prefix(&format!("{tag} ")) {
                Some(last) if last.starts_with("OK") => return Ok(lines),
                Some(last) => return Err(format!("{}: {last}", String::from_utf8_lossy(command))),
                None => lines.push(line),
            }
        }
        Err("the server closed".into())
    }
}
