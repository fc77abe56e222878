//! The file that `gatepost init` writes: what was asked for, and every other key as a comment with its default.

use crate::settings::Listen;
use std::{
    fmt::Write,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
};

/// Highest value of [`Template::ports_from`]: the port of node links (7443) must stay a port.
pub const PORTS_FROM_MAX: u16 = u16::MAX - 7443;

/// What a new configuration is made of.
#[derive(Debug, Clone, Copy)]
pub struct Template<'a> {
    /// Name of the host.
    pub hostname: &'a str,
    /// Folder of the data, relative to the file or absolute.
    pub data_dir: &'a str,
    /// Number that is added to every standard port; listeners are on 127.0.0.1 then. At most [`PORTS_FROM_MAX`].
    pub ports_from: Option<u16>,
    /// Whether everything stays on this machine.
    pub loopback: bool,
}

impl Template<'_> {
    /// Where the new server listens.
    pub fn listen(&self) -> Listen {
        let on = |port: u16| {
            let local = SocketAddr::from((Ipv4Addr::LOCALHOST, port.saturating_add(self.ports_from.unwrap_or(0))));
            if self.loopback || self.ports_from.is_some() {
                return vec![local];
            }
            let all = [IpAddr::V4(Ipv4Addr::UNSPECIFIED), IpAddr::V6(Ipv6Addr::UNSPECIFIED)];
            all.map(|address| SocketAddr::new(address, port)).to_vec()
        };
        Listen {
            smtp: on(25),
            submission: on(587),
            submissions: on(465),
            lmtp: Vec::new(),
            imap: on(143),
            imaps: on(993),
            pop3: on(110),
            pop3s: on(995),
            sieve: on(4190),
            http: on(80),
            https: on(443),
        }
    }

    /// The text of the file.
    pub fn render(&self) -> String {
        let mut text = String::from(
            "# Gatepost. Lines that begin with # show a key with its default or an example.\n\
             # `gatepost serve --check` tells what is wrong in this file; a running server takes changes over on SIGHUP.\n\n\
             # Full name of this host: in greetings, in certificates, and in the MX record of your domains.\n",
        );
        let _ = writeln!(text, "hostname = {}", quoted(self.hostname));
        text.push_str("# Folder of the store, certificates and control socket, relative to this file.\n");
        let _ = writeln!(text, "data_dir = {}", quoted(self.data_dir));
        text.push_str(
            "# true: signing in without TLS is allowed from this machine, and the pages are served without TLS too.\n",
        );
        let _ = writeln!(text, "loopback = {}\n", self.loopback);
        text.push_str("# Addresses and ports; an empty list turns a protocol off.\n[listen]\n");
        let Listen { smtp, submission, submissions, lmtp, imap, imaps, pop3, pop3s, sieve, http, https } =
            self.listen();
        let lists = [
            ("smtp", smtp),
            ("submission", submission),
            ("submissions", submissions),
            ("lmtp", lmtp),
            ("imap", imap),
            ("imaps", imaps),
            ("pop3", pop3),
            ("pop3s", pop3s),
            ("sieve", sieve),
            ("http", http),
            ("https", https),
        ];
        for (key, addresses) in lists {
            let addresses: Vec<_> = addresses.iter().map(|address| format!("\"{address}\"")).collect();
            let _ = writeln!(text, "{key} = [{}]", addresses.join(", "));
        }
        text.push_str(REST);
        text
    }
}

/// A TOML basic string.
pub(crate) fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            c if c.is_control() => {
                let _ = write!(quoted, "\\u{:04X}", u32::from(c));
            }
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

/// The keys that `init` does not ask for. A test holds the defaults shown here against the real ones.
const REST: &str = r#"
# The certificate: files (read again when they change), else ACME, else a self-signed one with a warning.
[tls]
# certificate = "/etc/ssl/mail.pem"
# key = "/etc/ssl/mail.key"
# acme_contact = "you@example.org"
# acme_directory = "https://acme.example.net/directory"

# Name servers to ask instead of the system's.
[dns]
# servers = ["192.0.2.53"]

# Peers (networks or addresses) that speak for the clients behind them: `proxy` begin connections with a PROXY header,
# `xclient` use XCLIENT. Both are believed what they say.
[trust]
# proxy = ["10.0.0.0/8"]
# xclient = ["10.0.0.5"]

[store]
# "sled" or "redb"; after a change the index is rebuilt from the log.
# engine = "sled"
# cache_bytes = "64MB"

[queue]
# After this time a message that cannot be delivered goes back to its sender.
# lifetime = "48h"
# After this time the sender is told once that it is late.
# warn_after = "4h"
# per_destination_max = 10
# deliveries_max = 200
# Forwarded mail gets a sender of ours, so that it passes SPF and bounces come back.
# srs = true
# Addresses of this host that connections to other servers come from; the system chooses where there is none.
# sources = ["192.0.2.25"]
# port = 25

# A server that takes all mail for other domains.
# [queue.smarthost]
# host = "smtp.example.net"
# port = 587
# tls = "required"
# username = "you"
# password_file = "/etc/gatepost/example-smarthost-password"

# A fixed next hop for the mail to a domain, or of the senders of a domain; with the keys of a smarthost.
# [[queue.routes]]
# domain = "example.com"
# sender = "example.org"
# host = "10.0.0.5"
# port = 25

# Judging mail from other servers. What is done with it is policy: see gatepost filter show.
[filter]
# enabled = true
# dns_timeout = "5s"
# greylist_delay = "5m"

# A DNS list of clients or domains; the order counts. Ask for leave before you use one.
# [[filter.lists]]
# zone = "dnsbl.example.net"
# kind = "client"
# weight = "4"
# codes = "127.0.0.2-127.0.0.11"

# A virus scanner. failure: "open" takes mail when it does not answer, "defer" lets it come again.
# [filter.clamd]
# address = "unix:/run/clamav/clamd.ctl"
# timeout = "30s"
# failure = "open"

# A milter.
# [[filter.milters]]
# name = "rspamd"
# address = "127.0.0.1:11332"
# timeout = "30s"
# failure = "open"

[limits]
# message_bytes_max = "50MB"
# recipients_max = 1000
# connections_max = 4096
# connections_per_address_max = 100
# connections_per_address_per_minute_max = 600
# connections_local_max = 2000
# connections_local_per_minute_max = 200000
# incoming_bytes_max = "512MB"
# bad_commands_max = 20
# sign_in_failures_per_address_max = 20
# sign_in_failures_per_account_max = 10
# Offences of one address in 15 minutes before it is banned: a failed sign-in counts 5, an unknown recipient 2.
# offences_max = 100
# ban_time = "1h"
# Delay of each refusal in a session after the third.
# tarpit = "1s"
# What one account may send. At the bound for a day its sending stops until an administrator allows it again.
# account_messages_per_hour_max = 1000
# account_recipients_per_hour_max = 2000
# account_recipients_per_day_max = 10000

[log]
# "text" or "json".
# format = "text"
# filter = "info"
"#;
