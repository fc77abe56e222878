//! Real sockets on loopback: listeners, TLS from the first byte and by STARTTLS, reload of files, bounds, pipes, DNS.

mod acme;
mod dns;
mod listener;
mod tls;

use config::{Limits, Settings, settings};
use net::{limits::ConnectionLimits, limits::Refusal, listener::Service};
use std::{net::SocketAddr, path::Path, time::Duration};

/// Settings with nothing but a folder.
fn settings(data_dir: &Path) -> Settings {
    Settings {
        hostname: "mail.example.test".into(),
        data_dir: data_dir.into(),
        listen: settings::Listen::default(),
        loopback: true,
        tls: settings::Tls::default(),
        dns: settings::Dns::default(),
        store: settings::Store::default(),
        queue: settings::Queue {
            lifetime: Duration::from_secs(60),
            warn_after: Duration::from_secs(60),
            per_destination_max: 1,
            deliveries_max: 1,
            smarthost: None,
            routes: Vec::new(),
            port: 25,
        },
        limits: Limits::default(),
        log: settings::Log::default(),
    }
}

fn anywhere() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 0))
}

fn service<H>(limits: &Limits, handler: H) -> Service<H> {
    Service { tls: None, limits: ConnectionLimits::new(limits), refusal, handler }
}

fn refusal(refusal: Refusal) -> String {
    format!("421 4.7.0 {refusal}\r\n")
}
