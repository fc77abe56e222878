//! A name server on loopback with a zone that the test writes.

use hickory_server::proto::{
    op::{Message, MessageType, ResponseCode},
    rr::{Name, RData, Record, RecordType, rdata},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    net::{IpAddr, SocketAddr},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use tokio::{net::UdpSocket, task::JoinHandle};

/// Seconds an answer may be kept: none, so that the zone can be changed in the middle of a test.
const TTL: u32 = 0;

/// The server. It ends when this is dropped.
pub struct Dns {
    address: SocketAddr,
    zone: Arc<Mutex<Zone>>,
    task: JoinHandle<()>,
}

#[derive(Default)]
struct Zone {
    records: BTreeMap<String, Vec<RData>>,
    broken: BTreeSet<String>,
    asked: Vec<(String, RecordType)>,
}

impl Dns {
    /// A server with an empty zone: nothing exists (NXDOMAIN) until it is written.
    pub async fn start() -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").await.expect("binds the name server");
        let address = socket.local_addr().expect("has an address");
        let zone = Arc::new(Mutex::new(Zone::default()));
        let task = tokio::spawn(serve(socket, Arc::clone(&zone)));
        Self { address, zone, task }
    }

    /// Where to ask.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The configuration that makes the program ask here.
    pub fn config(&self) -> String {
        format!("[dns]\nservers = [\"{}\"]\n", self.address)
    }

    /// Adds an MX record; the host `.` makes it a null MX (RFC 7505).
    pub fn mx(&self, domain: &str, preference: u16, host: &str) {
        self.add(domain, RData::MX(rdata::MX::new(preference, absolute(host))));
    }

    /// Adds an A or AAAA record.
    pub fn host(&self, name: &str, address: &str) {
        let address = address.parse().unwrap_or_else(|error| panic!("{address}: {error}"));
        self.add(
            name,
            match address {
                IpAddr::V4(address) => RData::A(rdata::A(address)),
                IpAddr::V6(address) => RData::AAAA(rdata::AAAA(address)),
            },
        );
    }

    /// Adds a TXT record.
    pub fn txt(&self, name: &str, text: &str) {
        // A string of a record holds 255 octets (RFC 1035 section 3.3).
        let strings = text.as_bytes().chunks(255).map(|part| String::from_utf8_lossy(part).into_owned()).collect();
        self.add(name, RData::TXT(rdata::TXT::new(strings)));
    }

    /// Adds a TXT record of several strings.
    pub fn txt_parts(&self, name: &str, parts: &[String]) {
        self.add(name, RData::TXT(rdata::TXT::new(parts.to_vec())));
    }

    /// Adds a PTR record; `name` is that below `in-addr.arpa` or `ip6.arpa`.
    pub fn ptr(&self, name: &str, target: &str) {
        self.add(name, RData::PTR(rdata::PTR(absolute(target))));
    }

    /// Names the client at an address.
    pub fn reverse(&self, address: &str, target: &str) {
        let address: IpAddr = address.parse().unwrap_or_else(|error| panic!("{address}: {error}"));
        self.ptr(&Name::from(address).to_ascii(), target);
    }

    /// Adds a CNAME record.
    pub fn cname(&self, name: &str, target: &str) {
        self.add(name, RData::CNAME(rdata::CNAME(absolute(target))));
    }

    /// Makes the name exist, without any record.
    pub fn empty(&self, name: &str) {
        self.lock().records.entry(key(name)).or_default();
    }

    /// Answers SERVFAIL for the name until [`Dns::mend`].
    pub fn fail(&self, name: &str) {
        self.lock().broken.insert(key(name));
    }

    /// Answers for the name again.
    pub fn mend(&self, name: &str) {
        self.lock().broken.remove(&key(name));
    }

    /// Takes all records of the name away.
    pub fn remove(&self, name: &str) {
        self.lock().records.remove(&key(name));
    }

    /// How often the name was asked for.
    pub fn asked(&self, name: &str, kind: RecordType) -> usize {
        let name = key(name);
        self.lock().asked.iter().filter(|asked| asked.0 == name && asked.1 == kind).count()
    }

    fn add(&self, name: &str, data: RData) {
        self.lock().records.entry(key(name)).or_default().push(data);
    }

    fn lock(&self) -> MutexGuard<'_, Zone> {
        lock(&self.zone)
    }
}

impl Drop for Dns {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn lock(zone: &Mutex<Zone>) -> MutexGuard<'_, Zone> {
    zone.lock().unwrap_or_else(PoisonError::into_inner)
}

fn key(name: &str) -> String {
    name.trim_end_matches('.').to_ascii_lowercase()
}

fn absolute(host: &str) -> Name {
    if host.trim_end_matches('.').is_empty() {
        return Name::root();
    }
    // Any bytes may stand in a name, and SPF makes use of that.
    let labels = host.trim_end_matches('.').split('.').map(str::as_bytes);
    let mut name = Name::from_labels(labels).unwrap_or_else(|error| panic!("{host}: {error}"));
    name.set_fqdn(true);
    name
}

async fn serve(socket: UdpSocket, zone: Arc<Mutex<Zone>>) {
    let mut packet = [0; 4096];
    while let Ok((length, client)) = socket.recv_from(&mut packet).await {
        let Ok(query) = Message::from_vec(&packet[..length]) else { continue };
        let reply = lock(&zone).answer(&query);
        if let Ok(bytes) = reply.to_vec() {
            let _ = socket.send_to(&bytes, client).await;
        }
    }
}

impl Zone {
    fn answer(&mut self, query: &Message) -> Message {
        let mut reply = Message::response(query.metadata.id, query.metadata.op_code);
        reply.metadata.message_type = MessageType::Response;
        reply.metadata.recursion_available = true;
        let Some(asked) = query.queries.first().cloned() else { return reply };
        let labels: Vec<_> = asked.name().iter().map(String::from_utf8_lossy).collect();
        let (name, kind) = (key(&labels.join(".")), asked.query_type());
        self.asked.push((name.clone(), kind));
        reply.add_query(asked.clone());
        reply.metadata.response_code = match self.records.get(&name) {
            _ if self.broken.contains(&name) => ResponseCode::ServFail,
            Some(records) => {
                let of = |kind| records.iter().filter(move |data| data.record_type() == kind);
                for data in of(kind).chain(of(RecordType::CNAME).filter(|_| kind != RecordType::CNAME)) {
                    reply.add_answer(Record::from_rdata(asked.name().clone(), TTL, data.clone()));
                }
                ResponseCode::NoError
            }
            None => ResponseCode::NXDomain,
        };
        reply
    }
}
