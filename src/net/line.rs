//! A reader of lines with a bound, for protocols whose lines end in CRLF (RFC 5321 section 2.3.8, RFC 9051 section 2.2).

use bytes::{Buf as _, Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt as _};

/// Room asked for by one read.
const READ_BYTES: usize = 8 * 1024;

/// Why there is no line. After [`LineError::TooLong`] and [`LineError::BareNewline`] the line has been read to its end,
/// so the next call gives the next line.
#[derive(Debug, thiserror::Error)]
pub enum LineError {
    /// The line is longer than allowed; it was thrown away.
    #[error("line too long")]
    TooLong,
    /// CR without LF or LF without CR: a server that takes these for line ends can be made to see commands that others
    /// saw as text (SMTP smuggling).
    #[error("bare CR or LF")]
    BareNewline,
    /// The connection ended in the middle of a line.
    #[error("the connection ended within a line")]
    Truncated,
    /// Reading failed.
    #[error(transparent)]
    Io(#[from] std::io::Error),
}

/// Lines out of a stream of bytes. Holds what was read ahead. Every method is cancel-safe: a deadline around it loses
/// nothing.
#[derive(Debug, Default)]
pub struct LineReader {
    buffer: BytesMut,
    /// Bytes at the front of `buffer` known to hold no LF.
    scanned: usize,
    /// A line that is too long is being thrown away.
    skipping: bool,
}

impl LineReader {
    /// An empty reader.
    pub fn new() -> Self {
        Self::default()
    }

    /// The next line without its CRLF; `None` when the connection ended between lines. `line_bytes_max` counts the CRLF.
    ///
    /// # Errors
    /// See [`LineError`].
    pub async fn next<R>(&mut self, reader: &mut R, line_bytes_max: usize) -> Result<Option<Bytes>, LineError>
    where
        R: AsyncRead + Unpin,
    {
        loop {
            if let Some(line) = self.take(line_bytes_max)? {
                return Ok(Some(line));
            }
            if self.fill(reader).await? == 0 {
                let between_lines = self.buffer.is_empty() && !self.skipping;
                return if between_lines { Ok(None) } else { Err(LineError::Truncated) };
            }
        }
    }

    /// The next line if all of it has been read already: for pipelined commands, whose replies are sent together.
    ///
    /// # Errors
    /// See [`LineError`].
    pub fn take(&mut self, line_bytes_max: usize) -> Result<Option<Bytes>, LineError> {
        let Some(found) = memchr::memchr(b'\n', &self.buffer[self.scanned..]) else {
            if self.skipping || self.buffer.len() >= line_bytes_max {
                self.skipping = true;
                self.buffer.clear();
            }
            self.scanned = self.buffer.len();
            return Ok(None);
        };
        let line = self.buffer.split_to(self.scanned + found + 1).freeze();
        self.scanned = 0;
        if std::mem::take(&mut self.skipping) || line.len() > line_bytes_max {
            return Err(LineError::TooLong);
        }
        match line.strip_suffix(b"\r\n") {
            Some(text) if memchr::memchr(b'\r', text).is_none() => Ok(Some(line.slice(..text.len()))),
            _ => Err(LineError::BareNewline),
        }
    }

    /// Reads more bytes into the buffer: how many, 0 at the end of the stream.
    ///
    /// # Errors
    /// Those of the stream.
    pub async fn fill<R>(&mut self, reader: &mut R) -> std::io::Result<usize>
    where
        R: AsyncRead + Unpin,
    {
        self.buffer.reserve(READ_BYTES);
        reader.read_buf(&mut self.buffer).await
    }

    /// What was read and not yet taken, for literals and message text.
    pub fn buffered(&self) -> &[u8] {
        &self.buffer
    }

    /// Takes up to `length` bytes of what was read.
    pub fn take_bytes(&mut self, length: usize) -> Bytes {
        self.scanned = 0;
        self.buffer.split_to(length.min(self.buffer.len())).freeze()
    }

    /// Passes over up to `length` bytes of what was read.
    pub fn skip(&mut self, length: usize) {
        self.scanned = 0;
        self.buffer.advance(length.min(self.buffer.len()));
    }

    /// Forgets what was read and says whether there was anything. To be called before TLS begins: what came in the clear
    /// behind STARTTLS must not count as sent under it (RFC 3207 section 6).
    pub fn forget(&mut self) -> bool {
        let any = !self.buffer.is_empty();
        *self = Self::default();
        any
    }

    /// Gives memory back while a connection idles.
    pub fn shrink(&mut self) {
        if self.buffer.is_empty() {
            self.buffer = BytesMut::new();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn lines(input: &[u8], max: usize) -> Vec<String> {
        // Two bytes a read, so that every state is entered with a line cut anywhere.
        let mut reader = tokio_test_reader(input);
        let mut lines = LineReader::new();
        let mut seen = Vec::new();
        loop {
            match lines.next(&mut reader, max).await {
                Ok(Some(line)) => seen.push(String::from_utf8_lossy(&line).into_owned()),
                Ok(None) => return seen,
                Err(LineError::Truncated) => {
                    seen.push("!cut".into());
                    return seen;
                }
                Err(error) => seen.push(format!("!{error}")),
            }
        }
    }

    fn tokio_test_reader(input: &[u8]) -> impl AsyncRead + Unpin {
        let (mut near, far) = tokio::io::duplex(2);
        let input = input.to_vec();
        tokio::spawn(async move {
            use tokio::io::AsyncWriteExt as _;
            let _ = near.write_all(&input).await;
        });
        far
    }

    #[tokio::test]
    async fn lines_end_in_crlf_only() {
        assert_eq!(lines(b"one\r\n\r\ntwo\r\n", 100).await, ["one", "", "two"]);
        assert_eq!(lines(b"a\nb\r\nc\rd\r\ne\r\n", 100).await, ["!bare CR or LF", "b", "!bare CR or LF", "e"]);
        assert_eq!(lines(b"a\r\r\nb\r\n", 100).await, ["!bare CR or LF", "b"]);
        assert_eq!(lines(b"a\r\nb", 100).await, ["a", "!cut"]);
    }

    #[tokio::test]
    async fn a_line_too_long_is_dropped_and_the_next_is_read() {
        let mut input = vec![b'x'; 100_000];
        input.extend_from_slice(b"\r\nnext\r\n");
        assert_eq!(lines(&input, 16).await, ["!line too long", "next"]);
        assert_eq!(lines(b"12345678\r\n123456789\r\n1\r\n", 10).await, ["12345678", "!line too long", "1"]);
    }

    #[tokio::test]
    async fn pipelined_text_behind_starttls_is_noticed() {
        let mut reader: &[u8] = b"STARTTLS\r\nRCPT TO:<x@y>\r\n";
        let mut lines = LineReader::new();
        assert_eq!(&lines.next(&mut reader, 100).await.unwrap().unwrap()[..], b"STARTTLS");
        assert!(lines.forget());
        assert!(lines.next(&mut reader, 100).await.unwrap().is_none());
    }
}
