//! A line protocol spoken as a transcript: what the client says, and how the lines it must get begin.

use std::time::Duration;
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::{TcpStream, tcp::OwnedReadHalf, tcp::OwnedWriteHalf},
};

/// Longest wait for a line. Far above what anything takes, so that only a hang meets it.
const PATIENCE: Duration = Duration::from_secs(60);

/// One connection.
pub struct Conversation {
    reader: BufReader<OwnedReadHalf>,
    writer: OwnedWriteHalf,
    told: Vec<String>,
    tag: u32,
}

impl Conversation {
    /// Connects to a port on this machine.
    pub async fn open(port: u16) -> Self {
        let stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap_or_else(|e| panic!("port {port}: {e}"));
        let (reader, writer) = stream.into_split();
        Self { reader: BufReader::new(reader), writer, told: Vec::new(), tag: 0 }
    }

    /// Sends a line.
    pub async fn say(&mut self, line: &str) {
        self.told.push(format!("C: {line}"));
        self.send(format!("{line}\r\n").as_bytes()).await;
    }

    /// Sends bytes as they are.
    pub async fn send(&mut self, bytes: &[u8]) {
        self.writer.write_all(bytes).await.unwrap_or_else(|error| self.fail(&format!("cannot be sent: {error}")));
    }

    /// The next line; `None` when the server has closed the connection.
    pub async fn line(&mut self) -> Option<String> {
        let mut line = Vec::new();
        let read = tokio::time::timeout(PATIENCE, self.reader.read_until(b'\n', &mut line)).await;
        match read {
            Ok(Ok(0)) | Ok(Err(_)) => None,
            Ok(Ok(_)) => {
                let line = String::from_utf8_lossy(&line).trim_end_matches(['\r', '\n']).to_owned();
                self.told.push(format!("S: {line}"));
                Some(line)
            }
            Err(_) => self.fail("no line came"),
        }
    }

    /// The next `length` bytes, as after an IMAP literal's announcement.
    pub async fn bytes(&mut self, length: usize) -> Vec<u8> {
        let mut bytes = vec![0; length];
        match tokio::time::timeout(PATIENCE, self.reader.read_exact(&mut bytes)).await {
            Ok(Ok(_)) => bytes,
            _ => self.fail("the bytes did not come"),
        }
    }

    /// Reads one line, which must begin so; returns it.
    pub async fn expect(&mut self, start: &str) -> String {
        match self.line().await {
            Some(line) if line.starts_with(start) => line,
            _ => self.fail(&format!("expected a line that begins with {start:?}")),
        }
    }

    /// Reads lines up to one that begins so; returns all of them.
    pub async fn until(&mut self, start: &str) -> Vec<String> {
        let mut lines = Vec::new();
        loop {
            match self.line().await {
                Some(line) => {
                    let last = line.starts_with(start);
                    lines.push(line);
                    if last {
                        return lines;
                    }
                }
                None => self.fail(&format!("closed before a line that begins with {start:?}")),
            }
        }
    }

    /// An SMTP command and its reply, which must begin with `code`; returns the lines of the reply.
    pub async fn smtp(&mut self, command: &str, code: &str) -> Vec<String> {
        self.say(command).await;
        self.smtp_reply(code).await
    }

    /// A reply of SMTP, which must begin with `code`.
    pub async fn smtp_reply(&mut self, code: &str) -> Vec<String> {
        let mut lines = Vec::new();
        loop {
            let line = self.expect(code).await;
            let more = line.as_bytes().get(3) == Some(&b'-');
            lines.push(line);
            if !more {
                return lines;
            }
        }
    }

    /// An IMAP command that must succeed; returns the untagged lines and the tagged one.
    pub async fn imap(&mut self, command: &str) -> Vec<String> {
        self.imap_ends(command, "OK").await
    }

    /// An IMAP command that must end with this status.
    pub async fn imap_ends(&mut self, command: &str, status: &str) -> Vec<String> {
        self.tag += 1;
        let tag = format!("t{}", self.tag);
        self.say(&format!("{tag} {command}")).await;
        let lines = self.until(&format!("{tag} ")).await;
        if !lines.last().is_some_and(|line| line.starts_with(&format!("{tag} {status}"))) {
            self.fail(&format!("expected {status} for {command:?}"));
        }
        lines
    }

    fn fail(&self, what: &str) -> ! {
        let from = self.told.len().saturating_sub(30);
        panic!("{what}; so far:\n{}", self.told[from..].join("\n"))
    }
}
