//! Accept loops and pipes.

use crate::{anywhere, service};
use config::Limits;
use net::{Peer, Stream, listener, pipe, shutdown::Shutdown};
use std::{io::ErrorKind, net::SocketAddr, time::Duration};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

/// Greets, then sends back what it gets.
async fn echo(mut stream: Stream, _peer: Peer) {
    let _ = stream.write_all(b"220 hello\r\n").await;
    let (mut from, mut to) = tokio::io::split(stream);
    let _ = tokio::io::copy(&mut from, &mut to).await;
}

async fn greeting(address: SocketAddr) -> (TcpStream, String) {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let mut line = vec![0; 200];
    let length = stream.read(&mut line).await.unwrap();
    line.truncate(length);
    (stream, String::from_utf8(line).unwrap())
}

#[tokio::test]
async fn a_port_in_use_is_named() {
    let held = listener::bind(anywhere()).await.unwrap();
    let address = held.local_addr().unwrap();
    let error = listener::bind(address).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AddrInUse);
    assert_eq!(error.to_string(), format!("cannot listen on {address}: the port is in use by another program"));
    let error = listener::bind("192.0.2.1:2525".parse().unwrap()).await.unwrap_err();
    assert_eq!(error.to_string(), "cannot listen on 192.0.2.1:2525: this machine does not have the address");
}

#[tokio::test]
async fn both_wildcards_of_a_port_can_be_had() {
    let free = listener::bind("0.0.0.0:0".parse().unwrap()).await.unwrap().local_addr().unwrap().port();
    let both = [format!("[::]:{free}").parse().unwrap(), format!("0.0.0.0:{free}").parse().unwrap()];
    assert_eq!(listener::bind_all(&both).await.unwrap().len(), 2);
}

#[tokio::test]
async fn sessions_run_until_draining_and_their_end_is_awaited() {
    let shutdown = Shutdown::default();
    let listener = listener::bind(anywhere()).await.unwrap();
    let address = listener.local_addr().unwrap();
    let serving = tokio::spawn(listener::serve(listener, service(&Limits::default(), echo), shutdown.clone()));
    let (mut stream, line) = greeting(address).await;
    assert_eq!(line, "220 hello\r\n");

    shutdown.draining.cancel();
    serving.await.unwrap();
    assert!(TcpStream::connect(address).await.is_err(), "no new connections while draining");
    stream.write_all(b"still here").await.unwrap();
    let mut answer = [0; 10];
    stream.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"still here");
    drop(stream);
    assert!(shutdown.drain(Duration::from_secs(30)).await);
}

#[tokio::test]
async fn a_client_over_the_bound_is_told_why() {
    let limits = Limits { connections_local_max: 2, ..Limits::default() };
    let service = service(&limits, echo);
    let counted = service.limits.clone();
    let listener = listener::bind(anywhere()).await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(listener::serve(listener, service, Shutdown::default()));
    let first = greeting(address).await;
    let _second = greeting(address).await;
    let (mut refused, line) = greeting(address).await;
    assert_eq!(line, "421 4.7.0 too many connections from your address\r\n");
    assert_eq!(refused.read(&mut [0; 1]).await.unwrap(), 0, "closed behind the line");
    drop(first);
    while counted.open() > 1 {
        tokio::task::yield_now().await;
    }
    assert_eq!(greeting(address).await.1, "220 hello\r\n");
}

#[tokio::test]
async fn a_handler_that_panics_ends_its_own_session_only() {
    async fn fragile(mut stream: Stream, _peer: Peer) {
        let mut command = [0; 1];
        stream.read_exact(&mut command).await.unwrap();
        assert_eq!(&command, b"q", "told to fail");
        let _ = stream.write_all(b"bye").await;
    }
    let service = service(&Limits::default(), fragile);
    let counted = service.limits.clone();
    let listener = listener::bind(anywhere()).await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(listener::serve(listener, service, Shutdown::default()));
    for (command, answer) in [(b"x", ""), (b"q", "bye")] {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(command).await.unwrap();
        let mut got = String::new();
        let _ = stream.read_to_string(&mut got).await;
        assert_eq!(got, answer);
    }
    while counted.open() > 0 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_pipe_is_a_trusted_secure_stream_for_the_persons_address() {
    let local: SocketAddr = "127.0.0.1:143".parse().unwrap();
    let person: SocketAddr = "203.0.113.9:50000".parse().unwrap();
    let (connector, acceptor) = pipe::listen(local);
    let shutdown = Shutdown::default();
    let tell = |mut stream: Stream, peer: Peer| async move {
        let text = format!("{} {} {} {}", peer.client, peer.local, peer.trusted, stream.is_secure());
        stream.write_all(text.as_bytes()).await.unwrap();
    };
    let serving = tokio::spawn(listener::serve_pipe(acceptor, tell, shutdown.clone()));
    let mut stream = connector.connect(person).await.unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).await.unwrap();
    assert_eq!(text, "203.0.113.9:50000 127.0.0.1:143 true true");

    assert!(shutdown.drain(Duration::from_secs(30)).await);
    serving.await.unwrap();
    assert_eq!(connector.connect(person).await.unwrap_err().kind(), ErrorKind::NotConnected);
}
