//! The suite of RFC 7208: ../shared/corpora/spf.

use filter::spf::{Asked, check};
use serde_json::Value;
use testkit::Dns;

/// The strings of a TXT or SPF value, as one text.
fn joined(value: &Value) -> Option<Vec<String>> {
    match value {
        Value::String(text) if text == "NONE" => None,
        Value::String(text) => Some(vec![text.clone()]),
        Value::Array(parts) => Some(parts.iter().filter_map(Value::as_str).map(str::to_owned).collect()),
        _ => None,
    }
}

fn write(dns: &Dns, name: &str, records: &[Value]) {
    let name = name.trim_end_matches('.');
    dns.empty(name);
    let has_txt = records.iter().any(|record| record.get("TXT").is_some());
    for record in records {
        let Some(record) = record.as_object() else {
            assert_eq!(record.as_str(), Some("TIMEOUT"), "{name}");
            // It stands for all that does not stand before it; nothing else is asked for where there is a TXT record.
            if !records.iter().any(|record| record.get("TXT").is_some_and(|text| joined(text).is_some())) {
                dns.fail(name);
            }
            continue;
        };
        for (kind, value) in record {
            match kind.as_str() {
                "SPF" if has_txt => {}
                "SPF" | "TXT" => {
                    // A record without any string cannot be sent.
                    if let Some(parts) = joined(value).filter(|parts| !parts.is_empty()) {
                        dns.txt_parts(name, &parts);
                    }
                }
                "A" | "AAAA" => dns.host(name, value.as_str().expect("is an address")),
                "MX" => {
                    let (preference, host) =
                        (value[0].as_u64().expect("is a number"), value[1].as_str().expect("is a name"));
                    dns.mx(name, preference as u16, host);
                }
                "PTR" => dns.ptr(name, value.as_str().expect("is a name")),
                "CNAME" => dns.cname(name, value.as_str().expect("is a name")),
                other => panic!("a record of kind {other}"),
            }
        }
    }
}

/// All cases of all scenarios; each scenario has a zone of its own.
#[tokio::test]
async fn the_suite_of_the_standard_passes() {
    let suite = crate::json("spf/rfc7208-tests.json");
    let (mut cases, mut faults) = (0, Vec::new());
    for scenario in suite.as_array().expect("is a list") {
        let dns = Dns::start().await;
        for (name, records) in scenario["zonedata"].as_object().expect("has a zone") {
            write(&dns, name, records.as_array().expect("is a list"));
        }
        let resolver = crate::resolver(&dns);
        for (name, case) in scenario["tests"].as_object().expect("has tests") {
            cases += 1;
            let text = |key: &str| case[key].as_str().unwrap_or_default();
            let helo = text("helo");
            let sender = text("mailfrom");
            let domain =
                sender.rsplit_once('@').map_or(if sender.is_empty() { helo } else { sender }, |(_, domain)| domain);
            let asked = Asked {
                ip: text("host").parse().expect("is an address"),
                domain,
                sender,
                helo,
                receiver: "mail.example.test",
                now: 1,
            };
            let output = check(&resolver, asked).await;
            let allowed: Vec<&str> = match &case["result"] {
                Value::Array(list) => list.iter().filter_map(Value::as_str).collect(),
                one => one.as_str().into_iter().collect(),
            };
            if !allowed.contains(&output.result.word()) {
                faults.push(format!("{name}: {} instead of {allowed:?}", output.result.word()));
            }
            let explanation = output.explanation.as_deref().unwrap_or("DEFAULT");
            if let Some(wanted) = case["explanation"].as_str()
                // Hexadecimal digits may be of either case.
                && !wanted.eq_ignore_ascii_case(explanation)
            {
                faults.push(format!("{name}: explained by {explanation:?} instead of {wanted:?}"));
            }
        }
    }
    assert!(faults.is_empty(), "{} of {cases}:\n{}", faults.len(), faults.join("\n"));
    assert_eq!(cases, 203);
}
