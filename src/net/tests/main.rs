//! Real sockets on loopback: listeners, TLS from the first byte and by STARTTLS, reload of files, bounds, pipes, DNS.

mod acme;
mod dns;
mod listener;
mod tls;

use config::{Limits, Settings};
use net::{limits::ConnectionLimits, limits::Refusal, listener::Service};
use std::{net::SocketAddr, path::Path};

/// Settings with nothing but a folder.
fn settings(data_dir: &Path) -> Settings {
    Settings { loopback: true, ..Settings::new("mail.example.test", data_dir) }
}

fn anywhere() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 0))
}

fn service<H>(limits: &Limits, handler: H) -> Service<H> {
    Service {
        tls: None,
        limits: ConnectionLimits::new(limits),
        refusal,
        trust: config::Trust::default(),
        banned: net::listener::nobody_banned(),
        handler,
    }
}

fn refusal(refusal: Refusal) -> String {
    format!("421 4.7.0 {refusal}\r\n")
}
