//! A ManageSieve client (RFC 5804): as much of one as the pages need, over the pipe, signed in by the ticket.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use httpd::{Fault, Session};
use net::{
    line::{LineError, LineReader},
    pipe::Connector,
};
use std::{net::SocketAddr, time::Duration};
use tokio::{
    io::{AsyncWriteExt as _, DuplexStream},
    time::timeout,
};

/// Time for one answer.
const PATIENCE: Duration = Duration::from_secs(60);
/// Octets of a literal that is taken: the server's bound on scripts, with room.
const LITERAL_BYTES_MAX: usize = 1024 * 1024;
/// Octets of a line.
const LINE_BYTES_MAX: usize = 16 * 1024;

/// Why a command failed.
#[derive(Debug)]
pub(crate) enum Error {
    /// The server says no: its code and its words, which are lines of faults where a script is wrong.
    No { code: String, text: String },
    /// The ticket is not taken any more.
    SignIn,
    /// The connection is gone or its answers make no sense.
    Gone(String),
}

impl From<std::io::Error> for Error {
    fn from(error: std::io::Error) -> Self {
        Self::Gone(error.to_string())
    }
}

impl From<LineError> for Error {
    fn from(error: LineError) -> Self {
        Self::Gone(error.to_string())
    }
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        match error {
            Error::No { code, .. } if code == "NONEXISTENT" => Self::NotFound,
            Error::No { code, text } if code == "TRYLATER" => Self::Unavailable(text),
            Error::No { text, .. } => Self::Conflict(text),
            Error::SignIn => Self::SignInNeeded,
            Error::Gone(why) => Self::Unavailable(why),
        }
    }
}

/// A script as it is listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Listed {
    pub(crate) name: String,
    pub(crate) active: bool,
}

/// One connection, signed in.
pub(crate) struct Client {
    stream: DuplexStream,
    lines: LineReader,
}

impl Client {
    /// Connects and signs in.
    pub(crate) async fn open(connector: &Connector, session: &Session, peer: SocketAddr) -> Result<Self, Error> {
        let stream = connector.connect(peer).await?;
        let mut client = Self { stream, lines: LineReader::new() };
        client.answer().await?;
        let address = session.person.address.replace('=', "=3D").replace(',', "=2C");
        let message = format!("n,a={address},\x01auth=Bearer {}\x01\x01", &*session.ticket);
        let line = format!("AUTHENTICATE \"OAUTHBEARER\" \"{}\"\r\n", STANDARD.encode(message));
        client.send(line.as_bytes()).await?;
        match client.answer().await {
            Ok(_) => Ok(client),
            Err(Error::No { .. }) => Err(Error::SignIn),
            Err(error) => Err(error),
        }
    }

    /// The scripts there are.
    pub(crate) async fn list(&mut self) -> Result<Vec<Listed>, Error> {
        let lines = self.run("LISTSCRIPTS", &[]).await?;
        Ok(lines
            .into_iter()
            .filter_map(|words| {
                let mut words = words.into_iter();
                Some(Listed { name: words.next()?, active: words.next().is_some() })
            })
            .collect())
    }

    /// The text of a script.
    pub(crate) async fn get(&mut self, name: &str) -> Result<String, Error> {
        let lines = self.run("GETSCRIPT", &[name]).await?;
        Ok(lines.into_iter().flatten().next().unwrap_or_default())
    }

    /// Writes a script; the server checks it first.
    pub(crate) async fn put(&mut self, name: &str, text: &str) -> Result<(), Error> {
        self.run("PUTSCRIPT", &[name, text]).await.map(|_| ())
    }

    /// Sets the script that runs; an empty name stands for none.
    pub(crate) async fn activate(&mut self, name: &str) -> Result<(), Error> {
        self.run("SETACTIVE", &[name]).await.map(|_| ())
    }

    /// Deletes a script.
    pub(crate) async fn delete(&mut self, name: &str) -> Result<(), Error> {
        self.run("DELETESCRIPT", &[name]).await.map(|_| ())
    }

    /// Whether a script is one.
    pub(crate) async fn check(&mut self, text: &str) -> Result<(), Error> {
        self.run("CHECKSCRIPT", &[text]).await.map(|_| ())
    }

    /// Sends a command whose arguments are strings, as literals; the words of the lines before the last.
    async fn run(&mut self, name: &str, arguments: &[&str]) -> Result<Vec<Vec<String>>, Error> {
        let mut command = name.as_bytes().to_vec();
        for argument in arguments {
            command.extend_from_slice(format!(" {{{}+}}\r\n", argument.len()).as_bytes());
            command.extend_from_slice(argument.as_bytes());
        }
        command.extend_from_slice(b"\r\n");
        self.send(&command).await?;
        self.answer().await
    }

    async fn send(&mut self, bytes: &[u8]) -> Result<(), Error> {
        match timeout(PATIENCE, self.stream.write_all(bytes)).await {
            Ok(done) => Ok(done?),
            Err(_) => Err(Error::Gone("ManageSieve takes no commands".into())),
        }
    }

    /// Lines up to `OK`; `NO` and `BYE` are errors.
    async fn answer(&mut self) -> Result<Vec<Vec<String>>, Error> {
        let mut lines = Vec::new();
        loop {
            let words = match timeout(PATIENCE, self.words()).await {
                Ok(words) => words?,
                Err(_) => return Err(Error::Gone("ManageSieve does not answer".into())),
            };
            let status = words.first().filter(|(_, quoted)| !quoted).map(|(word, _)| word.to_ascii_uppercase());
            match status.as_deref() {
                Some("OK") => return Ok(lines),
                Some(status @ ("NO" | "BYE")) => {
                    let code = words.get(1).filter(|(word, _)| word.starts_with('('));
                    let code = code.map(|(word, _)| word.trim_matches(['(', ')']).to_owned()).unwrap_or_default();
                    let text = words.into_iter().skip(1).find(|(_, quoted)| *quoted).map(|(word, _)| word);
                    let text = text.unwrap_or_default();
                    return Err(if status == "NO" { Error::No { code, text } } else { Error::Gone(text) });
                }
                _ => lines.push(words.into_iter().map(|(word, _)| word).collect()),
            }
        }
    }

    /// The words of a line with its literals, and whether each is a string.
    async fn words(&mut self) -> Result<Vec<(String, bool)>, Error> {
        let mut words = Vec::new();
        loop {
            let line = self.lines.next(&mut self.stream, LINE_BYTES_MAX).await?;
            let line = line.ok_or_else(|| Error::Gone("ManageSieve has closed the connection".into()))?;
            let line = String::from_utf8_lossy(&line).into_owned();
            let literal = line.strip_suffix('}').and_then(|rest| rest.rsplit_once('{'));
            let Some((text, Ok(length))) = literal.map(|(text, digits)| (text, digits.parse::<usize>())) else {
                split(&line, &mut words);
                return Ok(words);
            };
            split(text, &mut words);
            if length > LITERAL_BYTES_MAX {
                return Err(Error::Gone("ManageSieve sends too much".into()));
            }
            let mut bytes = Vec::with_capacity(length);
            while bytes.len() < length {
                if self.lines.buffered().is_empty() && self.lines.fill(&mut self.stream).await? == 0 {
                    return Err(Error::Gone("ManageSieve has closed the connection".into()));
                }
                bytes.extend_from_slice(&self.lines.take_bytes(length - bytes.len()));
            }
            words.push((String::from_utf8_lossy(&bytes).into_owned(), true));
        }
    }
}

/// Words of a text: strings in quotes, codes in brackets, atoms.
fn split(text: &str, words: &mut Vec<(String, bool)>) {
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        if first == '"' {
            let mut word = String::new();
            let mut end = rest.len();
            let mut escaped = false;
            for (at, c) in rest.char_indices().skip(1) {
                match c {
                    _ if escaped => {
                        word.push(c);
                        escaped = false;
                    }
                    '\\' => escaped = true,
                    '"' => {
                        end = at + 1;
                        break;
                    }
                    c => word.push(c),
                }
            }
            words.push((word, true));
            rest = &rest[end..];
        } else {
            let end = match first {
                '(' => rest.find(')').map_or(rest.len(), |at| at + 1),
                _ => rest.find(' ').unwrap_or(rest.len()),
            };
            words.push((rest[..end].to_owned(), false));
            rest = &rest[end..];
        }
        rest = rest.trim_start();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_words() {
        let mut words = Vec::new();
        split(r#"NO (QUOTA/MAXSIZE) "a \"b\" c""#, &mut words);
        assert_eq!(words, [("NO".into(), false), ("(QUOTA/MAXSIZE)".into(), false), ("a \"b\" c".into(), true)]);
    }
}
