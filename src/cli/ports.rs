//! Addresses to listen on: the standard ports everywhere, or all of them shifted on loopback.

use std::fmt::Write;

/// Listeners by their key in `[listen]`, with their standard ports.
pub(crate) const STANDARD: [(&str, u16); 7] = [
    ("smtp", 25),
    ("submission", 587),
    ("submissions", 465),
    ("imap", 143),
    ("imaps", 993),
    ("http", 80),
    ("https", 443),
];

/// The `[listen]` table of a new configuration.
pub(crate) fn listen_table(ports_from: Option<u16>, loopback: bool) -> String {
    let mut table = String::from("[listen]\n");
    for (key, port) in STANDARD {
        let addresses = match (ports_from, loopback) {
            (Some(from), _) => format!("\"127.0.0.1:{}\"", from + port),
            (None, true) => format!("\"127.0.0.1:{port}\""),
            (None, false) => format!("\"0.0.0.0:{port}\", \"[::]:{port}\""),
        };
        let _ = writeln!(table, "{key} = [{addresses}]");
    }
    table
}

/// Reads `--ports-from`: every port must stay a port.
pub(crate) fn parse(text: &str) -> Result<u16, String> {
    let highest = u16::MAX - 7443;
    match text.parse() {
        Ok(from) if from <= highest => Ok(from),
        _ => Err(format!(
            "write a number from 0 to {highest}, to which the standard ports are added: 10000 gives 10025, 10143, 10443 ..."
        )),
    }
}
