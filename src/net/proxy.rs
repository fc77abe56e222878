//! The PROXY header that a load balancer puts in front of a connection, version 1 and 2
//! (<https://www.haproxy.org/download/3.0/doc/proxy-protocol.txt>).

use std::{
    io::{Error, ErrorKind},
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
};
use tokio::io::{AsyncRead, AsyncReadExt};

/// Octets of a header of version 1 with its line end.
const V1_BYTES_MAX: usize = 107;
/// Octets of addresses and further fields of version 2.
const V2_BYTES_MAX: usize = 4096;
const V2_SIGNATURE: [u8; 12] = *b"\r\n\r\n\0\r\nQUIT\n";

/// The client and the address it connected to; `None` when the proxy speaks for itself (health checks) or does not know.
pub type Told = Option<(SocketAddr, SocketAddr)>;

/// Reads the header, and not one octet more. The caller sets the deadline.
///
/// # Errors
/// `InvalidData` for anything that is no header: what follows could not be told from what the client says.
pub async fn read(stream: &mut (impl AsyncRead + Unpin)) -> std::io::Result<Told> {
    let mut start = [0; 12];
    stream.read_exact(&mut start).await?;
    if start == V2_SIGNATURE {
        return version_2(stream).await;
    }
    let mut line = start.to_vec();
    while !line.ends_with(b"\r\n") {
        if line.len() >= V1_BYTES_MAX {
            return Err(invalid());
        }
        line.push(stream.read_u8().await?);
    }
    version_1(&line).ok_or_else(invalid)
}

fn invalid() -> Error {
    Error::new(ErrorKind::InvalidData, "no PROXY header")
}

/// `PROXY TCP4 192.0.2.1 192.0.2.2 56324 25`; the line ends in CRLF.
fn version_1(line: &[u8]) -> Option<Told> {
    let line = std::str::from_utf8(line).ok()?.strip_suffix("\r\n")?;
    let mut words = line.split(' ');
    if words.next() != Some("PROXY") {
        return None;
    }
    let kind = words.next()?;
    if kind == "UNKNOWN" {
        return Some(None);
    }
    let mut address = || words.next()?.parse::<IpAddr>().ok();
    let (client, local) = (address()?, address()?);
    let mut port = || words.next()?.parse::<u16>().ok();
    let (client, local) = (SocketAddr::new(client, port()?), SocketAddr::new(local, port()?));
    let fits = match kind {
        "TCP4" => client.is_ipv4() && local.is_ipv4(),
        "TCP6" => client.is_ipv6() && local.is_ipv6(),
        _ => false,
    };
    (fits && words.next().is_none()).then_some(Some((client, local)))
}

async fn version_2(stream: &mut (impl AsyncRead + Unpin)) -> std::io::Result<Told> {
    let (command, family, length) = (stream.read_u8().await?, stream.read_u8().await?, stream.read_u16().await?);
    if usize::from(length) > V2_BYTES_MAX {
        return Err(invalid());
    }
    let mut rest = vec![0; length.into()];
    stream.read_exact(&mut rest).await?;
    match command {
        // LOCAL: the proxy's own connection.
        0x20 => Ok(None),
        0x21 => addresses(family, &rest).ok_or_else(invalid),
        _ => Err(invalid()),
    }
}

/// TCP over IPv4 or IPv6; other families are as good as unknown.
fn addresses(family: u8, bytes: &[u8]) -> Option<Told> {
    let port = |at: usize| bytes.get(at..at + 2).and_then(|two| two.first_chunk()).map(|two| u16::from_be_bytes(*two));
    let v4 =
        |at: usize| bytes.get(at..at + 4).and_then(|four| four.first_chunk::<4>()).map(|four| Ipv4Addr::from(*four));
    let v6 = |at: usize| bytes.get(at..at + 16).and_then(|all| all.first_chunk::<16>()).map(|all| Ipv6Addr::from(*all));
    Some(match family {
        0x11 => Some(((v4(0)?, port(8)?).into(), (v4(4)?, port(10)?).into())),
        0x21 => Some(((v6(0)?, port(32)?).into(), (v6(16)?, port(34)?).into())),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn told(mut bytes: &[u8]) -> (std::io::Result<Told>, usize) {
        let told = read(&mut bytes).await;
        (told, bytes.len())
    }

    fn pair(client: &str, local: &str) -> Told {
        Some((client.parse().unwrap(), local.parse().unwrap()))
    }

    #[tokio::test]
    async fn headers_are_read_and_nothing_behind_them() {
        let (v1, left) = told(b"PROXY TCP4 192.0.2.1 192.0.2.2 56324 25\r\nEHLO x").await;
        assert_eq!((v1.unwrap(), left), (pair("192.0.2.1:56324", "192.0.2.2:25"), 6));
        let (v1, _) = told(b"PROXY TCP6 2001:db8::1 2001:db8::2 1 2\r\n").await;
        assert_eq!(v1.unwrap(), pair("[2001:db8::1]:1", "[2001:db8::2]:2"));
        let (unknown, left) = told(b"PROXY UNKNOWN\r\nrest").await;
        assert_eq!((unknown.unwrap(), left), (None, 4));
        let mut v2 = V2_SIGNATURE.to_vec();
        v2.extend([0x21, 0x11, 0, 15, 192, 0, 2, 1, 192, 0, 2, 2, 0, 7, 0, 25, 3, 0, 0, b'E']);
        let (v2, left) = told(&v2).await;
        assert_eq!((v2.unwrap(), left), (pair("192.0.2.1:7", "192.0.2.2:25"), 1));
        let mut local = V2_SIGNATURE.to_vec();
        local.extend([0x20, 0, 0, 0]);
        assert_eq!(told(&local).await.0.unwrap(), None);
    }

    #[tokio::test]
    async fn anything_else_is_no_header() {
        let long = [b"PROXY TCP4 ".as_slice(), &[b'1'; 200]].concat();
        let wrong: [&[u8]; 6] = [
            b"EHLO mail.example.org\r\n",
            b"PROXY TCP4 ::1 ::1 1 2\r\n",
            b"PROXY TCP4 192.0.2.1 192.0.2.2 1 2 3\r\n",
            b"PROXY TCP4 192.0.2.1 192.0.2.2 1\r\n",
            b"PROXY",
            &long,
        ];
        for bytes in wrong {
            assert!(told(bytes).await.0.is_err(), "{}", bytes.escape_ascii());
        }
        let mut short = V2_SIGNATURE.to_vec();
        short.extend([0x21, 0x11, 0, 4, 192, 0, 2, 1]);
        assert!(told(&short).await.0.is_err());
    }
}
