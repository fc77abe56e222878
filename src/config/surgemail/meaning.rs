//! What each setting becomes. Where SurgeMail's own text could not be read, the reason says so rather than guess.

use super::{Fate, Hop, Import, ini::Setting, wildcard};
use crate::checks;
use std::time::Duration;

const HOUR: Duration = Duration::from_secs(3600);
/// What a listed client counts, hundredths: enough for Junk with one further sign, as `deny` there was enough to refuse.
const DENY_WEIGHT: i32 = 600;
const STAMP_WEIGHT: i32 = 300;
const ACCEPT_WEIGHT: i32 = -300;

fn taken(text: impl Into<String>) -> Fate {
    Fate::Taken(text.into())
}
fn replaced(text: &str) -> Fate {
    Fate::Replaced(text.into())
}
fn unsupported(text: &str) -> Fate {
    Fate::Unsupported(text.into())
}

/// A setting of `surgemail.ini`.
pub(super) fn server(import: &mut Import, setting: &Setting) -> Fate {
    let name = setting.name.as_str();
    match name {
        "vdomain" => domain(import, setting),
        "g_gateway" => gateway(import, setting),
        "g_redirect" | "redirect" => redirect(import, setting),
        "g_retry_limit" => retry_limit(import, setting),
        "g_orbs_list" => list(import, setting),
        "g_relay_allow_ip" | "g_gateway_allow" => {
            networks(import, setting);
            unsupported(
                "no address may relay without signing in: programs sign in on 587 or 465, nodes have certificates",
            )
        }
        "g_spf_skip" | "g_verify_mx_skip" | "g_spf_share" | "g_xfile_allow" => {
            networks(import, setting);
            node_trust(name)
        }
        "g_mirror_config" | "g_proxy" | "g_proxy_default" | "tohost" => {
            unsupported("there is one server to a store in this version: no mirror and no proxy to others")
        }
        _ => known(name),
    }
}

/// A setting of `webmail.ini`.
pub(super) fn webmail(import: &mut Import, setting: &Setting) -> Fate {
    match setting.name.as_str() {
        "imaphost" | "pophost" | "smtphost" => replaced(
            "webmail reaches the store of the same server by itself, by IMAP and submission inside the process",
        ),
        "use_id_autologin" => replaced("a ticket bound to the session takes the place of automatic sign-in"),
        "valid_host" => replaced("people sign in with their whole address, and to this server only"),
        "vhost" | "url_host" => {
            let domain = setting.domain.as_deref().unwrap_or(&setting.value);
            import.warnings.push(format!(
                "the pages of {domain} are on this server's own name; others need a record that leads there"
            ));
            replaced("one set of pages serves all domains")
        }
        name => known(name),
    }
}

fn node_trust(name: &str) -> Fate {
    match name {
        "g_spf_skip" => replaced("SPF is judged on the client that XCLIENT or a PROXY header tells; see [trust]"),
        "g_verify_mx_skip" => unsupported("there is no test whether a sender stands in its domain's MX record"),
        "g_spf_share" => unsupported("what one server learned of senders is not given to others in this version"),
        _ => unsupported("servers do not exchange files; what the setting did there is not documented"),
    }
}

/// Settings whose fate does not depend on their value.
fn known(name: &str) -> Fate {
    match name {
        "g_home" | "mailbox_path" | "g_mailbox_path" => {
            replaced("data_dir, the folder of all data; mail comes over by IMAP")
        }
        "g_spf_mode" => {
            replaced("SPF, DKIM and DMARC as their standards have them; no record is made up for domains without one")
        }
        "g_spam_block" | "spam_block" => replaced("DMARC and the score decide; see gatepost filter policy"),
        "g_spf_rewrite" => replaced("forwarded mail is handled by the server itself"),
        "g_verify_mx" => unsupported("there is no test whether a sender stands in its domain's MX record"),
        "g_autologin_pop" => replaced("a ticket bound to the session takes the place of automatic sign-in"),
        "g_surgeweb_backend_server" => replaced("webmail reaches the store of the same server by itself"),
        "g_friends_ignore_trusted" => {
            replaced("known senders are judged by the original client, whoever handed the mail over")
        }
        "g_retry_minutes" => replaced("the time between tries grows from try to try"),
        "g_retry_bounces" => replaced("bounces are tried as long as other mail; queue.lifetime"),
        "g_retry_dns" => {
            replaced("a domain that does not exist bounces at once, one that cannot be asked is tried again")
        }
        "g_black_count" | "g_black_to" | "g_black_nbad" => {
            replaced("limits.offences_max and limits.ban_time; bans are listed and can be lifted")
        }
        "g_friends_at_rcpt" => replaced("known senders cost nothing while they are looked up"),
        "g_access_group" | "g_access_group_default" => {
            unsupported("protocols are not allowed or forbidden account by account")
        }
        "fallback_relay" => {
            unsupported("mail for unknown addresses of a domain is refused, not handed on; use an alias for each")
        }
        "url_host" => replaced("one set of pages serves all domains"),
        name if name.starts_with("g_friends") => {
            replaced("known senders, who are never asked to confirm anything; see gatepost filter policy")
        }
        name if name.starts_with("g_mirror") => unsupported("there is no mirror in this version; see docs/backup.md"),
        name if name.starts_with("g_ssl") || name.starts_with("g_tls") => {
            replaced("TLS is offered on every port and used to others whenever they have it; [tls]")
        }
        name if name.starts_with("g_smite") || name.starts_with("g_aspam") || name.starts_with("g_spam") => {
            replaced("the filter scores mail and learns from what is moved to Junk; see gatepost filter policy")
        }
        name if name.starts_with("g_sms") => unsupported("no messages are sent by SMS"),
        name if name.starts_with("g_virus") => replaced("a scanner that speaks clamd; [filter.clamd]"),
        _ => unsupported("it is not among the settings whose meaning is known"),
    }
}

fn networks(import: &mut Import, setting: &Setting) {
    let list = if setting.value.is_empty() { setting.part("ip").unwrap_or_default() } else { &setting.value };
    for warning in wildcard::networks(list).warnings {
        import.warn(setting, &warning);
    }
}

fn domain(import: &mut Import, setting: &Setting) -> Fate {
    match setting.domain.as_deref().map(checks::hostname) {
        Some(Ok(domain)) => {
            let command = format!("gatepost domain add {domain}");
            let fate = taken(format!("the command: {command}"));
            import.commands.push(command);
            fate
        }
        Some(Err(problem)) => Fate::Unsupported(format!("the name of a domain {problem}")),
        None => unsupported("it names no domain"),
    }
}

/// A whole domain to a host. For all domains it is a smarthost, which here never widens who may relay.
fn gateway(import: &mut Import, setting: &Setting) -> Fate {
    let Some((domain, to)) = setting.part("domain").zip(setting.part("to")) else {
        return unsupported("it lacks domain or to");
    };
    let hop = match hop(to) {
        Ok(hop) => hop,
        Err(problem) => return Fate::Unsupported(format!("to: {problem}")),
    };
    if setting.part("check").is_some_and(|check| check.eq_ignore_ascii_case("true")) {
        import
            .warn(setting, "recipients are not asked for at the next hop before mail is taken, as check=\"true\" did");
    }
    if setting.part("relay").is_some() {
        import.warn(setting, "relay is without effect: mail for other servers is taken from signed-in people only");
    }
    if domain == "*" {
        if import.found.smarthost.is_some() {
            return unsupported("there is one smarthost, and an earlier line has named it");
        }
        let hop = sign_in(import, setting, hop, "smarthost-password");
        import.found.smarthost = Some(hop);
        return taken("[queue.smarthost]");
    }
    match checks::hostname(domain) {
        Ok(domain) if import.found.routes.iter().any(|(routed, _)| *routed == domain) => {
            unsupported("the domain has a route already, from an earlier line")
        }
        Ok(domain) => {
            let hop = sign_in(import, setting, hop, &format!("{domain}-password"));
            import.found.routes.push((domain, hop));
            taken("a route of [queue.routes]")
        }
        Err(_) => unsupported("a route is for one domain, without wildcards"),
    }
}

/// Adds how to sign in at a next hop, where the setting tells it.
fn sign_in(import: &mut Import, setting: &Setting, mut hop: Hop, file: &str) -> Hop {
    let user = setting.part("user").filter(|user| !user.contains(char::is_control));
    if let Some((user, password)) = user.zip(setting.part("pass")) {
        import.passwords.push((file.to_owned(), password.to_owned()));
        hop.sign_in = Some((user.to_owned(), file.to_owned()));
    }
    hop
}

fn hop(to: &str) -> Result<Hop, String> {
    let (host, port) = match to.rsplit_once(':') {
        Some((host, port)) if !host.contains(':') => {
            let port = port.parse().ok().filter(|&port| port > 0);
            (host, port.ok_or("its port is not a number from 1 to 65535")?)
        }
        _ => (to, 25),
    };
    Ok(Hop { host: checks::host(host)?, port, sign_in: None })
}

fn redirect(import: &mut Import, setting: &Setting) -> Fate {
    let ends = setting.part("from").or(setting.part("user")).zip(setting.part("to"));
    let Some((from, to)) = ends.filter(|(from, to)| is_address(from) && to.split(',').all(|to| is_address(to.trim())))
    else {
        return unsupported("only one address to others can become an alias: no wildcards, no captures");
    };
    let targets: Vec<&str> = to.split(',').map(str::trim).collect();
    let command = format!("gatepost alias put {from} {}", targets.join(" "));
    let fate = taken(format!("the command: {command}"));
    import.warn(setting, "it also caught outgoing mail there; an alias is for what comes in or is sent here");
    import.commands.push(command);
    fate
}

/// An address that a shell takes as it stands.
fn is_address(text: &str) -> bool {
    let plain = |part: &str| !part.is_empty() && part.chars().all(|c| c.is_ascii_alphanumeric() || "._-+".contains(c));
    text.split_once('@')
        .is_some_and(|(local, domain)| plain(local) && !local.starts_with('-') && checks::hostname(domain).is_ok())
}

fn retry_limit(import: &mut Import, setting: &Setting) -> Fate {
    match setting.value.parse::<u32>() {
        Ok(hours @ 1..=720) => {
            import.found.lifetime = Some(hours * HOUR);
            taken(format!("queue.lifetime = \"{hours}h\""))
        }
        _ => unsupported("it is not a number of hours from 1 to 720"),
    }
}

fn list(import: &mut Import, setting: &Setting) -> Fate {
    let zone = setting.part("name").or(Some(&setting.value).filter(|value| !value.is_empty()).map(String::as_str));
    let Some(Ok(zone)) = zone.map(checks::hostname) else { return unsupported("it names no zone") };
    let weight = match setting.part("action").unwrap_or("stamp").to_ascii_lowercase().as_str() {
        "deny" => DENY_WEIGHT,
        "accept" => ACCEPT_WEIGHT,
        _ => STAMP_WEIGHT,
    };
    import.warn(setting, "lists come and go: see whether this one still answers, and whether you may ask it");
    import.found.lists.push((zone, weight));
    taken("a list of [filter.lists]; it counts towards the score and refuses nothing by itself")
}
