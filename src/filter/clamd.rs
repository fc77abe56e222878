//! clamd: a message is streamed to it (`INSTREAM` of its protocol), it names what it finds.

use config::{
    Limits,
    settings::filter::{Endpoint, Scanner},
};
use std::io;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::{TcpStream, UnixStream},
    time::timeout,
};

/// Octets of one chunk.
const CHUNK_BYTES: usize = 64 * 1024;
/// Octets of an answer.
const ANSWER_BYTES_MAX: u64 = 4096;

/// What the scanner says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scan {
    /// Nothing found.
    Clean,
    /// This was found.
    Found(String),
    /// No answer, and why. `defer`: the configuration wants the message later then.
    Failed {
        /// What went wrong.
        why: String,
        /// Whether the message is to come again.
        defer: bool,
    },
}

/// Has a message scanned.
pub async fn scan(scanner: &Scanner, message: &[u8]) -> Scan {
    let defer = scanner.failure == config::settings::filter::Failure::Defer;
    if message.len() > Limits::SCAN_BYTES_MAX {
        return Scan::Failed { why: "the message is too large to be scanned".to_owned(), defer: false };
    }
    let exchange = async {
        match &scanner.address {
            Endpoint::Unix(path) => talk(UnixStream::connect(path).await?, message).await,
            Endpoint::Tcp(address) => talk(TcpStream::connect(address).await?, message).await,
        }
    };
    let answer = match timeout(scanner.timeout, exchange).await {
        Ok(Ok(answer)) => answer,
        Ok(Err(error)) => return Scan::Failed { why: error.to_string(), defer },
        Err(_) => return Scan::Failed { why: "no answer in time".to_owned(), defer },
    };
    match parse(&answer) {
        Ok(Some(name)) => Scan::Found(name),
        Ok(None) => Scan::Clean,
        Err(why) => Scan::Failed { why, defer },
    }
}

async fn talk(mut stream: impl AsyncRead + AsyncWrite + Unpin, message: &[u8]) -> io::Result<Vec<u8>> {
    stream.write_all(b"zINSTREAM\0").await?;
    for chunk in message.chunks(CHUNK_BYTES) {
        // A scanner that has seen enough closes its side and has answered by then.
        let length = u32::try_from(chunk.len()).unwrap_or(0).to_be_bytes();
        if stream.write_all(&length).await.is_err() || stream.write_all(chunk).await.is_err() {
            break;
        }
    }
    let _ = stream.write_all(&[0; 4]).await;
    let _ = stream.flush().await;
    let mut answer = Vec::new();
    stream.take(ANSWER_BYTES_MAX).read_to_end(&mut answer).await?;
    Ok(answer)
}

/// Reads an answer: the name of what was found, or nothing.
///
/// # Errors
/// The scanner's words for a failure, or that it cannot be understood.
pub fn parse(answer: &[u8]) -> Result<Option<String>, String> {
    let text = String::from_utf8_lossy(answer);
    let text = text.trim_end_matches(['\0', '\n', '\r', ' ']);
    let verdict = text.strip_prefix("stream: ").unwrap_or(text);
    if verdict == "OK" {
        return Ok(None);
    }
    let shown: String = verdict.chars().filter(|c| !c.is_control()).take(200).collect();
    match shown.strip_suffix(" FOUND") {
        Some(name) if !name.is_empty() => Ok(Some(name.to_owned())),
        _ if shown.is_empty() => Err("it closed without an answer".to_owned()),
        _ => Err(shown),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn answers_are_read() {
        assert_eq!(parse(b"stream: OK\0"), Ok(None));
        assert_eq!(parse(b"stream: Eicar-Test-Signature FOUND\0"), Ok(Some("Eicar-Test-Signature".into())));
        assert_eq!(parse(b"INSTREAM size limit exceeded. ERROR\0"), Err("INSTREAM size limit exceeded. ERROR".into()));
        assert!(parse(b"").is_err() && parse(b" FOUND").is_err());
    }

    proptest! {
        #[test]
        fn no_answer_panics(answer: Vec<u8>, near in "(stream: | FOUND|OK|ERROR|\0|é)*") {
            let _ = (parse(&answer), parse(near.as_bytes()));
        }
    }
}
