//! `gatepost.toml` as an administrator writes it: what is taken, and what each mistake is answered with.

mod surgemail;

use config::{
    Error, Limits, Settings, Template,
    settings::{Engine, HopTls, LogFormat, Route},
    template::PORTS_FROM_MAX,
};
use proptest::prelude::*;
use std::{path::Path, time::Duration};

fn parse(text: &str) -> Result<Settings, Error> {
    Settings::parse(text, Path::new("/etc/gatepost/gatepost.toml"))
}

/// The whole error text, with the folder cut off.
fn error(text: &str) -> String {
    let error = parse(text).expect_err("must be refused").to_string();
    error.replace("/etc/gatepost/", "")
}

/// The error of a file with a valid host name in its first line.
#[track_caller]
fn check(rest: &str, expected: &str) {
    assert_eq!(error(&format!("hostname = \"mx.example.org\"\n{rest}")), expected);
}

#[test]
fn a_short_file_has_defaults() {
    let settings = parse("hostname = \"MX.Example.org\"").expect("is valid");
    assert_eq!(settings, Settings::new("mx.example.org", "/etc/gatepost"));
    assert_eq!(settings.queue.lifetime, Duration::from_secs(48 * 3600));
    assert_eq!(settings.limits, Limits::default());
}

#[test]
fn every_key_is_read() {
    let settings = parse(
        r#"
        hostname = "mx.example.org"
        data_dir = "data"
        loopback = true
        [listen]
        smtp = ["0.0.0.0:25", "[::]:25"]
        imap = "127.0.0.1:143"
        [tls]
        certificate = "/etc/ssl/chain.pem"
        key = "key.pem"
        acme_contact = "mailto:a@example.org"
        acme_directory = "https://acme.example.org/directory"
        [dns]
        servers = ["192.0.2.1", "192.0.2.2:5353", "2001:db8::1"]
        [store]
        engine = "redb"
        cache_bytes = "1GB"
        [queue]
        lifetime = "5d"
        warn_after = "1h30m"
        per_destination_max = 2
        deliveries_max = 0x10
        port = 2525
        smarthost = { host = "relay.example.net", username = "u", password_file = "secret" }
        [[queue.routes]]
        domain = "Example.com"
        host = "10.0.0.5"
        [[queue.routes]]
        domain = "example.net"
        host = "[2001:db8::5]"
        port = 26
        [limits]
        message_bytes_max = "10 MiB"
        recipients_max = 200
        [log]
        format = "json"
        filter = "debug"
        "#,
    )
    .expect("is valid");
    assert_eq!(settings.data_dir, Path::new("/etc/gatepost/data"));
    assert!(settings.loopback);
    assert_eq!(settings.listen.smtp.len(), 2);
    assert_eq!(settings.listen.imap, ["127.0.0.1:143".parse().expect("is an address")]);
    assert_eq!(settings.tls.certificate.as_deref(), Some(Path::new("/etc/ssl/chain.pem")));
    assert_eq!(settings.tls.key.as_deref(), Some(Path::new("/etc/gatepost/key.pem")));
    assert_eq!(settings.tls.acme_contact.as_deref(), Some("a@example.org"));
    let servers: Vec<_> = settings.dns.servers.iter().map(ToString::to_string).collect();
    assert_eq!(servers, ["192.0.2.1:53", "192.0.2.2:5353", "[2001:db8::1]:53"]);
    assert_eq!((settings.store.engine, settings.store.cache_bytes), (Engine::Redb, 1 << 30));
    assert_eq!(settings.queue.warn_after, Duration::from_secs(5400));
    assert_eq!((settings.queue.deliveries_max, settings.queue.port), (16, 2525));
    let smarthost = settings.queue.smarthost.expect("is set");
    assert_eq!((smarthost.host.as_str(), smarthost.port), ("relay.example.net", 587));
    let route = |route: &Route| (route.domain.clone().unwrap_or_default(), route.hop.host.clone(), route.hop.port);
    let routes: Vec<_> = settings.queue.routes.iter().map(route).collect();
    let (first, second) = (("example.com", "10.0.0.5"), ("example.net", "2001:db8::5"));
    let expected = [(first, 25), (second, 26)].map(|((domain, host), port)| (domain.to_owned(), host.to_owned(), port));
    assert_eq!(routes, expected);
    assert_eq!(settings.limits.message_bytes_max, 10 << 20);
    assert_eq!((settings.log.format, settings.log.filter.as_str()), (LogFormat::Json, "debug"));
}

#[test]
fn peers_next_hops_and_addresses_are_read() {
    let settings = parse(
        r#"
        hostname = "mx.example.org"
        [listen]
        lmtp = ["127.0.0.1:24"]
        [trust]
        proxy = ["10.0.0.0/8", "2001:db8::/32"]
        xclient = ["192.0.2.1"]
        [queue]
        srs = false
        sources = ["192.0.2.25", "2001:db8::25"]
        [[queue.routes]]
        sender = "example.net"
        host = "relay.example.net"
        port = 465
        tls = "implicit"
        "#,
    )
    .expect("is valid");
    let address = |text: &str| text.parse().expect("is an address");
    assert_eq!(settings.listen.lmtp, ["127.0.0.1:24".parse().expect("is an address")]);
    assert!(settings.trust.is_proxy(address("10.9.8.7")) && settings.trust.is_proxy(address("::ffff:10.0.0.1")));
    assert!(!settings.trust.is_proxy(address("11.0.0.1")) && !settings.trust.is_proxy(address("192.0.2.1")));
    assert!(settings.trust.may_speak_for_others(address("192.0.2.1")));
    assert!(!settings.trust.may_speak_for_others(address("192.0.2.10")));
    assert!(!settings.queue.srs && settings.queue.sources.len() == 2);
    let route = &settings.queue.routes[0];
    assert_eq!((&route.domain, route.sender.as_deref()), (&None, Some("example.net")));
    assert_eq!(route.hop.tls, Some(HopTls::Implicit));
}

#[test]
fn peers_next_hops_and_addresses_are_checked() {
    check(
        "[trust]\nproxy = [\"10.0.0.1/8\"]",
        "gatepost.toml:3: trust.proxy: has bits beyond its prefix: write 10.0.0.0/8 for the whole network",
    );
    check(
        "[trust]\nxclient = [\"10.0.0.1*\"]",
        "gatepost.toml:3: trust.xclient: must be networks such as \"10.0.0.0/8\", \"2001:db8::/32\" or \"192.0.2.1\", not \"10.0.0.1*\"",
    );
    check(
        "[queue]\nsources = [\"192.0.2.1\", \"192.0.2.2\"]",
        "gatepost.toml:3: queue.sources: must have at most one IPv4 and one IPv6 address",
    );
    check("[queue]\nsources = [\"192.0.2.0/24\"]", "gatepost.toml:3: queue.sources: must be single addresses");
    check(
        "[[queue.routes]]\nhost = \"h\"\nsender = \"a.org\"\ntls = \"yes\"",
        "gatepost.toml:5: queue.routes.tls: must be \"implicit\", \"required\" or \"offered\", not \"yes\"",
    );
    check(
        "[limits]\noffences_max = 5",
        "gatepost.toml:3: limits.offences_max: must be a whole number from 10 to 1000000000, not 5",
    );
}

#[test]
fn the_template_describes_what_it_was_told() {
    for (ports_from, loopback) in [(None, false), (Some(10_000), true), (Some(PORTS_FROM_MAX), true)] {
        let template = Template { hostname: "mx.example.org", data_dir: "da\"ta\\", ports_from, loopback };
        let settings = parse(&template.render()).expect("is valid");
        let mut expected = Settings::new("mx.example.org", "/etc/gatepost/da\"ta\\");
        (expected.listen, expected.loopback) = (template.listen(), loopback);
        assert_eq!(settings, expected);
    }
}

#[test]
fn the_defaults_shown_in_the_template_are_the_defaults() {
    let template = Template { hostname: "mx.example.org", data_dir: ".", ports_from: None, loopback: false };
    let text = template.render();
    let shown: String = text
        .lines()
        .filter(|line| !line.contains("example") && !line.contains("192.0.2") && !line.contains("10.0.0"))
        .take_while(|line| !line.contains("queue.smarthost"))
        .chain(text.lines().skip_while(|line| *line != "[limits]"))
        .filter(|line| !["# certificate", "# key", "# acme"].iter().any(|key| line.starts_with(key)))
        .map(|line| line.strip_prefix("# ").filter(|rest| rest.contains(" = ")).unwrap_or(line))
        .collect::<Vec<_>>()
        .join("\n");
    let shown = format!("hostname = \"mx.example.org\"\n{shown}");
    let mut expected = Settings::new("mx.example.org", "/etc/gatepost/.");
    expected.listen = template.listen();
    assert_eq!(parse(&shown).expect("is valid"), expected);
}

#[test]
fn a_missing_file_is_named() {
    let dir = tempfile::tempdir().expect("makes a folder");
    let path = dir.path().join("gatepost.toml");
    let error = Settings::load(&path).expect_err("is not there").to_string();
    assert_eq!(error, format!("{}: No such file or directory (os error 2)", path.display()));
    std::fs::write(&path, "hostname = \"mx.example.org\"\n").expect("writes");
    assert_eq!(Settings::load(&path).expect("is valid").data_dir, dir.path());
}

#[test]
fn broken_toml_names_its_line() {
    let text = error("hostname = \"a\"\nqueue = [\n\n");
    assert!(text.starts_with("gatepost.toml:"), "{text}");
    assert!(error("a = 1\na = 2").starts_with("gatepost.toml:2: duplicate key"), "{}", error("a = 1\na = 2"));
}

#[test]
fn the_host_name_is_checked() {
    assert_eq!(
        error(""),
        "gatepost.toml: hostname: is needed: the full name of this host, such as \"mail.example.org\""
    );
    assert_eq!(error("hostname = 5"), "gatepost.toml:1: hostname: must be text in quotes, not the number 5");
    assert_eq!(
        error("\nhostname = \"a_b.org\""),
        "gatepost.toml:2: hostname: must be a name such as \"mail.example.org\" of letters, digits and hyphens \
         (international names as xn--...), not \"a_b.org\""
    );
    assert_eq!(
        error("hostname = \"192.0.2.1\""),
        "gatepost.toml:1: hostname: must be a name such as \"mail.example.org\", not the address \"192.0.2.1\""
    );
}

#[test]
fn unknown_keys_are_named_with_the_known_ones() {
    check("[log]\nlevel = \"info\"", "gatepost.toml:3: log.level: unknown key; allowed here: format, filter");
    check(
        "host = 1",
        "gatepost.toml:2: host: unknown key; allowed here: hostname, data_dir, loopback, listen, tls, dns, trust, \
         store, queue, filter, limits, log",
    );
}

#[test]
fn listen_addresses_are_checked() {
    check(
        "[listen]\nsmtp = [\"25\"]",
        "gatepost.toml:3: listen.smtp: must be addresses with a port such as \"0.0.0.0:25\" or \"[::]:25\", not \"25\"",
    );
    check("[listen]\nsmtp = 25", "gatepost.toml:3: listen.smtp: must be a list of addresses, not the number 25");
    check("[listen]\nsmtp = [25]", "gatepost.toml:3: listen.smtp: must be an address in quotes, not the number 25");
    check(
        "[listen]\nsmtp = [\"0.0.0.0:0\"]",
        "gatepost.toml:3: listen.smtp: must have a port from 1 to 65535, not \"0.0.0.0:0\"",
    );
    check(
        "[listen]\nsmtp = [\"0.0.0.0:25\"]\nimap = [\n\"0.0.0.0:143\",\n\"0.0.0.0:25\"]",
        "gatepost.toml:6: listen.imap: 0.0.0.0:25 is listed already, for smtp",
    );
    check("listen = true", "gatepost.toml:2: listen: must be a table, not true");
}

#[test]
fn pairs_need_each_other() {
    check("[tls]\ncertificate = \"a\"", "gatepost.toml:3: tls.certificate: needs key beside it");
    check("[tls]\nkey = \"a\"", "gatepost.toml:3: tls.key: needs certificate beside it");
    check(
        "[tls]\nacme_directory = \"https://a/\"",
        "gatepost.toml:3: tls.acme_directory: needs acme_contact beside it",
    );
    check(
        "[queue.smarthost]\nhost = \"a\"\nusername = \"u\"",
        "gatepost.toml:4: queue.smarthost.username: needs password_file beside it",
    );
}

#[test]
fn tls_values_are_checked() {
    check(
        "[tls]\nacme_contact = \"me\"",
        "gatepost.toml:3: tls.acme_contact: must be an e-mail address such as \"postmaster@example.org\"",
    );
    check(
        "[tls]\nacme_contact = \"a@b.org\"\nacme_directory = \"http://x\"",
        "gatepost.toml:4: tls.acme_directory: must be a URL that begins with https://",
    );
    check("[tls]\ncertificate = \"\"\nkey = \"k\"", "gatepost.toml:3: tls.certificate: must be a path");
}

#[test]
fn store_dns_and_log_values_are_checked() {
    check(
        "[store]\nengine = \"rocksdb\"",
        "gatepost.toml:3: store.engine: must be \"sled\" or \"redb\", not \"rocksdb\"",
    );
    check(
        "[store]\ncache_bytes = 5",
        "gatepost.toml:3: store.cache_bytes: must be a size from 1MB to 1TB, such as \"50MB\" or a number of bytes",
    );
    check(
        "[dns]\nservers = [\"dns.example.org\"]",
        "gatepost.toml:3: dns.servers: must be IP addresses such as \"192.0.2.1\" or \"[2001:db8::1]:53\", not \
         \"dns.example.org\"",
    );
    check("[log]\nformat = \"xml\"", "gatepost.toml:3: log.format: must be \"text\" or \"json\", not \"xml\"");
    check(
        "[log]\nfilter = \"\"",
        "gatepost.toml:3: log.filter: must be a filter such as \"info\" or \"info,smtp=debug\"",
    );
    check("loopback = \"yes\"", "gatepost.toml:2: loopback: must be true or false, not \"yes\"");
}

#[test]
fn queue_values_are_checked() {
    check(
        "[queue]\nlifetime = \"2 days\"",
        "gatepost.toml:3: queue.lifetime: must be a duration from 1m to 30d, such as \"48h\" or \"30m\"",
    );
    check("[queue]\nlifetime = 48", "gatepost.toml:3: queue.lifetime: must be text in quotes, not the number 48");
    check("[queue]\nwarn_after = \"3d\"", "gatepost.toml:3: queue.warn_after: must be shorter than lifetime");
    check(
        "[queue]\ndeliveries_max = -1",
        "gatepost.toml:3: queue.deliveries_max: must be a whole number from 1 to 100000, not -1",
    );
    check(
        "[queue]\ndeliveries_max = 1.5",
        "gatepost.toml:3: queue.deliveries_max: must be a whole number from 1 to 100000, not the number 1.5",
    );
    check(
        "[queue.smarthost]\nport = 25",
        "gatepost.toml:2: queue.smarthost.host: is needed: the name or address of the server",
    );
    check(
        "[[queue.routes]]\nhost = \"h:25\"\ndomain = \"a.org\"",
        "gatepost.toml:3: queue.routes.host: must be a host name or an IP address, without a port",
    );
    check(
        "[[queue.routes]]\nhost = \"h\"\ndomain = \"a.org\"\n[[queue.routes]]\nhost = \"h\"\ndomain = \"A.org\"",
        "gatepost.toml:7: queue.routes.domain: a.org has a route already",
    );
    check("[queue]\nroutes = 5", "gatepost.toml:3: queue.routes: must be a list of tables, not the number 5");
}

#[test]
fn limits_are_checked() {
    check(
        "[limits]\nmessage_bytes_max = \"1KB\"",
        "gatepost.toml:3: limits.message_bytes_max: must be a size from 64KB to 2147483647 bytes, such as \"50MB\" or a \
         number of bytes",
    );
    check(
        "[limits]\nmessage_bytes_max = true",
        "gatepost.toml:3: limits.message_bytes_max: must be a size such as \"50MB\" or a number of bytes, not true",
    );
    check(
        "[limits]\nmessage_bytes_max = \"1GB\"",
        "gatepost.toml:2: limits.incoming_bytes_max: must be at least message_bytes_max",
    );
    check(
        "[limits]\nrecipients_max = 10",
        "gatepost.toml:3: limits.recipients_max: must be a whole number from 100 to 100000, not 10",
    );
}

#[test]
fn all_faults_are_shown_at_once() {
    assert_eq!(
        error("loopback = 1\n[log]\nformat = 1\ncolour = true"),
        "gatepost.toml: hostname: is needed: the full name of this host, such as \"mail.example.org\"\n\
         gatepost.toml:1: loopback: must be true or false, not the number 1\n\
         gatepost.toml:3: log.format: must be text in quotes, not the number 1\n\
         gatepost.toml:4: log.colour: unknown key; allowed here: format, filter"
    );
}

proptest! {
    #[test]
    fn no_text_panics(text in ".*", lines in "(hostname|listen|queue|\\[|\\]|=|\"|48h|[{}]|smtp|,|\n|routes|limits|9| )*") {
        let _ = (parse(&text), parse(&lines));
    }

    #[test]
    fn no_value_panics(value in "(-?[0-9]{1,25}|\"[a-z0-9.:@]*\"|true|\\[1, \"a\"\\]|1e9|1979-05-27|\\{ a = 1 \\})") {
        for key in [
            "hostname", "data_dir", "loopback", "listen", "listen.smtp", "tls.key", "dns.servers", "store.engine",
            "store.cache_bytes", "queue.lifetime", "queue.routes", "queue.smarthost", "limits.recipients_max",
            "limits.message_bytes_max", "log.filter",
        ] {
            let _ = parse(&format!("{key} = {value}"));
        }
    }
}
