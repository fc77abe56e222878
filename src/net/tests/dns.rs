//! The resolver against a server of ours on loopback.

use hickory_resolver::proto::{
    op::{Message, MessageType, ResponseCode},
    rr::{Name, RData, Record, RecordType, rdata},
};
use net::dns::{Error, Resolver};
use std::net::{IpAddr, SocketAddr};
use tokio::net::UdpSocket;

/// Answers from a fixed zone; `broken.test` is SERVFAIL.
fn answer(query: &Message) -> Message {
    let mut reply = Message::response(query.metadata.id, query.metadata.op_code);
    reply.metadata.message_type = MessageType::Response;
    reply.metadata.recursion_available = true;
    let asked = query.queries[0].clone();
    reply.add_query(asked.clone());
    let name = asked.name().to_ascii().to_lowercase();
    let host = |text: &str| Name::from_ascii(text).unwrap();
    let data: Vec<RData> = match (name.as_str(), asked.query_type()) {
        ("example.test.", RecordType::MX) => vec![
            RData::MX(rdata::MX::new(20, host("mx2.example.test."))),
            RData::MX(rdata::MX::new(10, host("mx1.example.test."))),
        ],
        ("null.test.", RecordType::MX) => vec![RData::MX(rdata::MX::new(0, Name::root()))],
        ("mx1.example.test.", RecordType::A) => vec![RData::A(rdata::A::new(192, 0, 2, 1))],
        ("mx1.example.test.", RecordType::AAAA) => {
            vec![RData::AAAA("2001:db8::1".parse().map(rdata::AAAA).unwrap())]
        }
        ("example.test.", RecordType::TXT) => {
            vec![RData::TXT(rdata::TXT::new(vec!["v=spf1 ".into(), "-all".into()]))]
        }
        ("1.2.0.192.in-addr.arpa.", RecordType::PTR) => {
            vec![RData::PTR(rdata::PTR(host("mx1.example.test.")))]
        }
        ("broken.test.", _) => {
            reply.metadata.response_code = ResponseCode::ServFail;
            vec![]
        }
        ("example.test." | "null.test." | "mx1.example.test.", _) => vec![],
        _ => {
            reply.metadata.response_code = ResponseCode::NXDomain;
            vec![]
        }
    };
    for data in data {
        reply.add_answer(Record::from_rdata(asked.name().clone(), 60, data));
    }
    reply
}

async fn resolver() -> Resolver {
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let server: SocketAddr = socket.local_addr().unwrap();
    tokio::spawn(async move {
        let mut packet = [0; 4096];
        loop {
            let (length, client) = socket.recv_from(&mut packet).await.unwrap();
            let reply = answer(&Message::from_vec(&packet[..length]).unwrap());
            socket.send_to(&reply.to_vec().unwrap(), client).await.unwrap();
        }
    });
    Resolver::new(&config::settings::Dns { servers: vec![server] }).unwrap()
}

#[tokio::test]
async fn records_are_found() {
    let resolver = resolver().await;
    let exchangers = resolver.mx("Example.test").await.unwrap();
    assert_eq!(exchangers, [(10, "mx1.example.test".into()), (20, "mx2.example.test".into())]);
    assert_eq!(resolver.mx("null.test").await.unwrap(), [(0, String::new())]);
    let addresses: Vec<IpAddr> = vec!["2001:db8::1".parse().unwrap(), "192.0.2.1".parse().unwrap()];
    assert_eq!(resolver.addresses("mx1.example.test").await.unwrap(), addresses);
    assert_eq!(resolver.txt("example.test.").await.unwrap(), ["v=spf1 -all"]);
    assert_eq!(resolver.ptr("192.0.2.1".parse().unwrap()).await.unwrap(), ["mx1.example.test"]);
}

#[tokio::test]
async fn absence_is_told_from_failure() {
    let resolver = resolver().await;
    assert_eq!(resolver.mx("absent.test").await, Err(Error::NoDomain("absent.test".into())));
    assert_eq!(resolver.mx("mx1.example.test").await, Err(Error::NoRecord("mx1.example.test".into(), "MX")));
    assert_eq!(resolver.addresses("example.test").await, Err(Error::NoRecord("example.test".into(), "address")));
    assert_eq!(resolver.addresses("absent.test").await, Err(Error::NoDomain("absent.test".into())));
    assert!(matches!(resolver.mx("broken.test").await, Err(Error::Temporary(..))));
    let long = "x".repeat(64) + ".test";
    assert_eq!(resolver.mx(&long).await, Err(Error::NoDomain(long.clone())));
}

#[tokio::test]
async fn addresses_pass_as_they_are() {
    let resolver = resolver().await;
    for (text, address) in [
        ("192.0.2.7", "192.0.2.7"),
        ("[192.0.2.7]", "192.0.2.7"),
        ("[IPv6:2001:db8::7]", "2001:db8::7"),
        ("::1", "::1"),
    ] {
        assert_eq!(resolver.addresses(text).await.unwrap(), [address.parse::<IpAddr>().unwrap()]);
    }
}
