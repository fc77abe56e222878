//! COMPRESS=DEFLATE (RFC 4978): raw deflate in both directions, each answer flushed so that it can be read at once.

use crate::wire::read_some;
use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress, Status};
use net::Stream;
use std::io;

/// Bytes that are inflated at once; what a client sends is taken piece by piece, however small it was packed.
const INFLATED_BYTES: usize = 16 * 1024;

/// The state of a compressed connection.
pub(crate) struct Deflate {
    packer: Compress,
    unpacker: Decompress,
    /// What has come and is not inflated yet.
    packed: Vec<u8>,
    /// The last piece filled its room, so that more may be had without reading.
    has_more: bool,
}

impl Deflate {
    /// Begins with what has come already.
    pub(crate) fn new(packed: Vec<u8>) -> Self {
        Self {
            packer: Compress::new(Compression::fast(), false),
            unpacker: Decompress::new(false),
            packed,
            has_more: false,
        }
    }

    /// Whether bytes wait to be inflated.
    pub(crate) fn has_input(&self) -> bool {
        !self.packed.is_empty()
    }

    /// The bytes, compressed so that the other end can read them all.
    pub(crate) fn pack(&mut self, bytes: &[u8]) -> io::Result<Vec<u8>> {
        let mut packed = Vec::with_capacity(bytes.len() / 2 + 64);
        let start = self.packer.total_in();
        loop {
            let taken = usize::try_from(self.packer.total_in() - start).unwrap_or(bytes.len());
            self.packer
                .compress_vec(&bytes[taken..], &mut packed, FlushCompress::Sync)
                .map_err(|error| io::Error::other(error.to_string()))?;
            let is_taken = self.packer.total_in() - start == bytes.len() as u64;
            // Room that is left tells that nothing is held back.
            if is_taken && packed.len() < packed.capacity() {
                return Ok(packed);
            }
            packed.reserve(1024);
        }
    }

    /// Adds the next bytes to `input`; 0 at the end of the stream. May be dropped while it waits.
    pub(crate) async fn read(&mut self, stream: &mut Stream, input: &mut Vec<u8>) -> io::Result<usize> {
        loop {
            if self.has_more || !self.packed.is_empty() {
                let length = self.inflate(input)?;
                if length > 0 {
                    return Ok(length);
                }
            }
            if read_some(stream, &mut self.packed).await? == 0 {
                return Ok(0);
            }
        }
    }

    /// Inflates a piece.
    fn inflate(&mut self, input: &mut Vec<u8>) -> io::Result<usize> {
        let broken = || io::Error::from(io::ErrorKind::InvalidData);
        let mut piece = Vec::with_capacity(INFLATED_BYTES);
        let before = self.unpacker.total_in();
        let status =
            self.unpacker.decompress_vec(&self.packed, &mut piece, FlushDecompress::Sync).map_err(|_| broken())?;
        let taken = usize::try_from(self.unpacker.total_in() - before).map_err(|_| broken())?;
        self.packed.drain(..taken);
        self.has_more = piece.len() == piece.capacity();
        match status {
            // The client has ended its stream of deflate, which is the end of what it can say.
            Status::StreamEnd => Err(io::ErrorKind::UnexpectedEof.into()),
            Status::BufError if piece.is_empty() && taken == 0 && !self.packed.is_empty() => Err(broken()),
            Status::Ok | Status::BufError => {
                input.extend_from_slice(&piece);
                Ok(piece.len())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use tokio::io::AsyncWriteExt;

    proptest! {
        #[test]
        fn what_is_packed_is_read(parts in proptest::collection::vec("(abc|[a-z]{0,40}|x{0,20000})*", 1..6)) {
            let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
            runtime.block_on(async {
                let (mut near, far) = tokio::io::duplex(1 << 20);
                let mut sender = Deflate::new(Vec::new());
                for part in &parts {
                    near.write_all(&sender.pack(part.as_bytes()).expect("packs")).await.expect("is sent");
                }
                drop(near);
                let (mut receiver, mut stream, mut read) = (Deflate::new(Vec::new()), Stream::Pipe(far), Vec::new());
                while receiver.read(&mut stream, &mut read).await.expect("is read") > 0 {}
                assert_eq!(read, parts.concat().into_bytes());
            });
        }
    }

    #[test]
    fn what_is_not_deflate_is_an_error() {
        let mut deflate = Deflate::new(vec![0xff; 100]);
        assert!(deflate.inflate(&mut Vec::new()).is_err());
    }
}
