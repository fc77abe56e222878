//! async-imap, the client that webmail uses, against a session.

use crate::{PASSWORD, Server};
use futures_util::TryStreamExt;
use net::{Peer, Stream};
use std::net::SocketAddr;

#[tokio::test]
async fn async_imap() {
    let server = Server::start().await;
    server.deliver("INBOX", "From: Bob <bob@example.test>\r\nSubject: Hi\r\n\r\nText\r\n").await;
    let (near, far) = tokio::io::duplex(64 * 1024);
    let address = SocketAddr::from(([192, 0, 2, 1], 4000));
    let peer = Peer { client: address, local: address, trusted: false };
    server.shutdown.spawn(imap::session(Stream::Pipe(far), peer, server.context.clone()));

    let mut client = async_imap::Client::new(near);
    client.read_response().await.unwrap().expect("a greeting");
    let mut session = client.login("alice@example.test", PASSWORD).await.map_err(|(error, _)| error).unwrap();
    assert!(session.capabilities().await.unwrap().has_str("IDLE"));
    let names: Vec<_> = session.list(None, Some("*")).await.unwrap().try_collect().await.unwrap();
    assert_eq!(names.len(), 6);
    let mailbox = session.select("INBOX").await.unwrap();
    assert_eq!((mailbox.exists, mailbox.uid_next), (1, Some(2)));

    let query = "(UID FLAGS ENVELOPE BODYSTRUCTURE BODY.PEEK[])";
    let fetched: Vec<_> = session.fetch("1", query).await.unwrap().try_collect().await.unwrap();
    let envelope = fetched[0].envelope().unwrap();
    assert_eq!(envelope.subject.as_deref(), Some(&b"Hi"[..]));
    assert!(fetched[0].body().unwrap().ends_with(b"Text\r\n"));
    assert!(fetched[0].bodystructure().is_some());

    session.append("Archive", None, None, "Subject: kept\r\n\r\nx").await.unwrap();
    assert_eq!(session.status("Archive", "(MESSAGES)").await.unwrap().exists, 1);
    let stored: Vec<_> = session.uid_store("1", "+FLAGS (\\Seen)").await.unwrap().try_collect().await.unwrap();
    assert_eq!(stored.len(), 1);
    assert_eq!(session.uid_search("SUBJECT hi SEEN").await.unwrap().into_iter().collect::<Vec<_>>(), [1]);
    session.uid_mv("1", "Trash").await.unwrap();

    let mut idle = session.idle();
    idle.init().await.unwrap();
    let (wait, _stop) = idle.wait();
    let (event, _) = tokio::join!(wait, server.deliver("INBOX", "Subject: new\r\n\r\nx"));
    assert!(matches!(event.unwrap(), async_imap::extensions::idle::IdleResponse::NewData(_)));
    let mut session = idle.done().await.unwrap();
    session.logout().await.unwrap();
}
