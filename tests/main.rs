//! The real program through its doors: ports, pages, command line, files.
//!
//! Layout: [`receiving`] and [`submitting`] mail by SMTP, [`delivering`] it to other servers, [`extending`] extensions of SMTP and trusted peers, [`sieve`] scripts and
//! ManageSieve, [`filters`] their pages, [`judging`] what comes in, [`clients`] mail programs people
//! use, [`pop3`] those that fetch, [`durability`] kills, [`operations`] command line, signals, backup, [`web`] pages without scripts, [`browser`], [`reading`] and [`writing`] pages
//! in Chromium, [`screenshots`] the pictures in docs/, [`search`] the full-text index, [`standards`] docs/rfc.tsv against what is announced, [`house`] the
//! rules of this repository.

mod browser;
mod clients;
mod delivering;
mod durability;
mod extending;
mod filters;
mod house;
mod judging;
mod operations;
mod pop3;
mod reading;
mod receiving;
mod screenshots;
mod search;
mod sieve;
mod standards;
mod submitting;
mod web;
mod writing;

use testkit::{Options, TestServer};

/// The program under test.
const GATEPOST: &str = env!("CARGO_BIN_EXE_gatepost");

/// A server with admin@, alice@ and bob@example.test.
async fn server() -> TestServer {
    server_with("").await
}

/// As [`server`], with more configuration.
async fn server_with(config: &str) -> TestServer {
    TestServer::start(GATEPOST, Options { config: config.into(), accounts: vec!["alice", "bob"] }).await
}

fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for three in bytes.chunks(3) {
        let number = three.iter().fold(0, |n, b| n << 8 | u32::from(*b)) << (8 * (3 - three.len()));
        for place in 0..4 {
            let digit = DIGITS[(number >> (18 - 6 * place)) as usize & 63];
            text.push(if place <= three.len() { char::from(digit) } else { '=' });
        }
    }
    text
}
