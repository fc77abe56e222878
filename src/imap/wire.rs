//! Bytes in and out of a connection. What is written is gathered and leaves when the client is waited for, or when it has
//! become much; what is read is held only while there is something to hold, so that a session that waits has no buffer.

use crate::{
    deflate::Deflate,
    proto::gather::{Bounds, Gather, Progress, Refusal},
};
use bytes::Bytes;
use net::Stream;
use std::{future::poll_fn, io, mem::MaybeUninit, pin::Pin, sync::Arc, task::Poll, time::Duration};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWriteExt, ReadBuf},
    sync::{OwnedSemaphorePermit, Semaphore},
    time::timeout,
};

/// Output beyond this is sent before a command is finished.
const OUTPUT_BYTES: usize = 64 * 1024;
/// Bytes that a client has [`WRITE_TIMEOUT`] to take.
const SEND_BYTES: usize = 256 * 1024;
/// Bytes read at once where no literal is awaited; they pass through the stack.
const READ_BYTES: usize = 8 * 1024;
/// Most bytes that a literal makes room for before they have come.
const READ_LITERAL_BYTES: usize = 1024 * 1024;
/// Wait for a client that does not take what it asked for.
const WRITE_TIMEOUT: Duration = Duration::from_secs(120);
/// Wait between two parts of a message being appended.
const LITERAL_TIMEOUT: Duration = Duration::from_secs(180);
/// Wait for memory that other sessions' messages hold.
const BUDGET_TIMEOUT: Duration = Duration::from_secs(60);

/// A connection.
pub(crate) struct Wire {
    stream: Option<Stream>,
    input: Vec<u8>,
    gather: Gather,
    /// What is to be sent. Commands write here, and call [`Wire::drain`] now and then when they write much.
    pub(crate) out: Vec<u8>,
    /// What is being sent, and how much of it is sent already: waiting may be given up at any time.
    sending: Vec<u8>,
    sent: usize,
    /// Both directions are compressed (RFC 4978).
    deflate: Option<Box<Deflate>>,
    budget: Option<OwnedSemaphorePermit>,
}

/// A command that has come.
pub(crate) struct Gathered {
    /// Its bytes with the line end, or what came of them.
    pub(crate) bytes: Bytes,
    /// Bytes without the line end.
    pub(crate) length: usize,
    /// Why it is not run.
    pub(crate) refused: Option<Refusal>,
    /// The memory it holds of the budget for incoming messages.
    _budget: Option<OwnedSemaphorePermit>,
}

impl Wire {
    pub(crate) fn new(stream: Stream) -> Self {
        Self {
            stream: Some(stream),
            input: Vec::new(),
            gather: Gather::default(),
            out: Vec::new(),
            sending: Vec::new(),
            sent: 0,
            deflate: None,
            budget: None,
        }
    }

    fn stream(&mut self) -> io::Result<&mut Stream> {
        self.stream.as_mut().ok_or_else(|| io::ErrorKind::NotConnected.into())
    }

    /// The next command; `None` at the end of the stream. May be dropped while it waits, and called again.
    pub(crate) async fn command(
        &mut self,
        bounds: Bounds,
        budget: &Arc<Semaphore>,
        block_bytes: usize,
    ) -> io::Result<Option<Gathered>> {
        loop {
            let missing = match self.gather.advance(&mut self.input, bounds) {
                Progress::Done(length, end) => return Ok(Some(self.take(length, end, None))),
                Progress::Refused(refusal, end) => return Ok(Some(self.take(end, end, Some(refusal)))),
                // It leaves once there is room. What follows is looked at before anything is awaited: some clients send it
                // without having been told.
                Progress::Continue(_) => {
                    self.out.extend_from_slice(b"+ Go on\r\n");
                    continue;
                }
                Progress::More(missing) => missing,
            };
            self.reserve(budget, block_bytes).await?;
            self.flush().await?;
            let read = match self.budget {
                None => self.fill(missing).await?,
                // Memory that others wait for is not held for a client that sends nothing.
                Some(_) => {
                    timeout(LITERAL_TIMEOUT, self.fill(missing)).await.map_err(|_| io::ErrorKind::TimedOut)??
                }
            };
            if read == 0 {
                return Ok(None);
            }
        }
    }

    fn take(&mut self, length: usize, end: usize, refused: Option<Refusal>) -> Gathered {
        self.gather.reset();
        let end = end.min(self.input.len());
        let rest = if end == self.input.len() { Vec::new() } else { self.input.split_off(end) };
        let bytes = std::mem::replace(&mut self.input, rest).into();
        Gathered { bytes, length: length.min(end), refused, _budget: self.budget.take() }
    }

    /// Waits until the budget covers the messages announced. A client whose bytes are not read waits as well.
    async fn reserve(&mut self, budget: &Arc<Semaphore>, block_bytes: usize) -> io::Result<()> {
        let wanted = self.gather.message_bytes().div_ceil(block_bytes);
        let have = self.budget.as_ref().map_or(0, OwnedSemaphorePermit::num_permits);
        let Some(more) = wanted.checked_sub(have).filter(|more| *more > 0) else { return Ok(()) };
        let more = u32::try_from(more).map_err(|_| io::ErrorKind::OutOfMemory)?;
        let acquired = timeout(BUDGET_TIMEOUT, Arc::clone(budget).acquire_many_owned(more)).await;
        let acquired = acquired.map_err(|_| io::ErrorKind::OutOfMemory)?.map_err(|_| io::ErrorKind::OutOfMemory)?;
        match &mut self.budget {
            Some(budget) => budget.merge(acquired),
            None => self.budget = Some(acquired),
        }
        Ok(())
    }

    /// A line that is no command, without its line end: a SASL response, or DONE. `None` at the end of the stream.
    pub(crate) async fn line(&mut self, bytes_max: usize) -> io::Result<Option<Vec<u8>>> {
        self.flush().await?;
        let mut scanned = 0;
        loop {
            if let Some(offset) = memchr::memchr(b'\n', &self.input[scanned..]) {
                let rest = self.input.split_off(scanned + offset + 1);
                let mut line = std::mem::replace(&mut self.input, rest);
                line.pop();
                if line.last() == Some(&b'\r') {
                    line.pop();
                }
                return Ok(Some(line));
            }
            scanned = self.input.len();
            if scanned > bytes_max {
                return Err(io::ErrorKind::InvalidData.into());
            }
            if self.fill(1).await? == 0 {
                return Ok(None);
            }
        }
    }

    /// Reads what has come, at least a byte; 0 at the end of the stream. `missing` bytes are known to be on the way.
    async fn fill(&mut self, missing: usize) -> io::Result<usize> {
        if self.input.is_empty() {
            // Nothing is held while nothing comes.
            self.input = Vec::new();
        }
        let stream = self.stream.as_mut().ok_or(io::ErrorKind::NotConnected)?;
        if let Some(deflate) = &mut self.deflate {
            return deflate.read(stream, &mut self.input).await;
        }
        if missing > READ_BYTES {
            self.input.reserve(missing.min(READ_LITERAL_BYTES) + 2);
            return stream.read_buf(&mut self.input).await;
        }
        read_some(stream, &mut self.input).await
    }

    /// Sends what is written when it has become much.
    pub(crate) async fn drain(&mut self) -> io::Result<()> {
        if self.out.len() >= OUTPUT_BYTES { self.flush().await } else { Ok(()) }
    }

    /// Sends what is written. May be dropped while it waits, and called again.
    pub(crate) async fn flush(&mut self) -> io::Result<()> {
        while !self.sending.is_empty() || !self.out.is_empty() {
            if self.sending.is_empty() {
                let out = std::mem::take(&mut self.out);
                self.sending = match &mut self.deflate {
                    Some(deflate) => deflate.pack(&out)?,
                    None => out,
                };
            }
            let Self { stream, sending, sent, .. } = &mut *self;
            let stream = stream.as_mut().ok_or(io::ErrorKind::NotConnected)?;
            let write = async {
                while *sent < sending.len() {
                    match stream.write(&sending[*sent..]).await? {
                        0 => return Err(io::ErrorKind::WriteZero.into()),
                        length => *sent += length,
                    }
                }
                stream.flush().await
            };
            timeout(WRITE_TIMEOUT, write).await.map_err(|_| io::ErrorKind::TimedOut)??;
            self.sending = Vec::new();
            self.sent = 0;
        }
        Ok(())
    }

    /// Begins to compress (RFC 4978). What has come behind the command is compressed already.
    pub(crate) async fn compress(&mut self) -> io::Result<()> {
        self.flush().await?;
        self.deflate = Some(Box::new(Deflate::new(std::mem::take(&mut self.input))));
        Ok(())
    }

    /// Whether both directions are compressed.
    pub(crate) fn is_compressed(&self) -> bool {
        self.deflate.is_some()
    }

    /// Sends bytes that need no copy, after what is written.
    pub(crate) async fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        if bytes.len() < OUTPUT_BYTES {
            self.out.extend_from_slice(bytes);
            return self.drain().await;
        }
        self.flush().await?;
        for part in bytes.chunks(SEND_BYTES) {
            let packed = self.deflate.as_mut().map(|deflate| deflate.pack(part)).transpose()?;
            let stream = self.stream()?;
            timeout(WRITE_TIMEOUT, stream.write_all(packed.as_deref().unwrap_or(part)))
                .await
                .map_err(|_| io::ErrorKind::TimedOut)??;
        }
        Ok(())
    }

    /// Whether more has come than was taken.
    pub(crate) fn has_input(&self) -> bool {
        !self.input.is_empty() || self.deflate.as_ref().is_some_and(|deflate| deflate.has_input())
    }

    /// Begins TLS. What came before it has been looked at ([`Wire::has_input`]).
    pub(crate) async fn start_tls(&mut self, config: Arc<rustls::ServerConfig>) -> io::Result<()> {
        self.flush().await?;
        let stream = self.stream.take().ok_or(io::ErrorKind::NotConnected)?;
        self.stream = Some(stream.starttls(config).await?);
        Ok(())
    }

    /// Whether TLS can begin here.
    pub(crate) fn is_plain(&self) -> bool {
        matches!(self.stream, Some(Stream::Tcp(_))) && self.deflate.is_none()
    }

    /// Sends what is left and closes.
    pub(crate) async fn close(&mut self) {
        if self.flush().await.is_ok()
            && let Some(stream) = &mut self.stream
        {
            let _ = timeout(WRITE_TIMEOUT, stream.shutdown()).await;
        }
    }
}

/// Adds what has come to `input`, by way of the stack; 0 at the end of the stream.
pub(crate) async fn read_some(stream: &mut Stream, input: &mut Vec<u8>) -> io::Result<usize> {
    poll_fn(|cx| {
        let mut room = [MaybeUninit::uninit(); READ_BYTES];
        let mut read = ReadBuf::uninit(&mut room);
        match Pin::new(&mut *stream).poll_read(cx, &mut read) {
            Poll::Ready(Ok(())) => {
                input.extend_from_slice(read.filled());
                Poll::Ready(Ok(read.filled().len()))
            }
            Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
            Poll::Pending => Poll::Pending,
        }
    })
    .await
}
