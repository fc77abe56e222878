//! DKIM vectors: ../shared/corpora/dkim, verified through our resolver.

use filter::auth::{self, Identity, Outcome};
use mail_auth::MessageAuthenticator;
use testkit::Dns;

/// Every signature of every vector has the result that another implementation gave it. What that one allows and we do not,
/// keys below 1024 bits (RFC 8301 section 3.2) and SHA-1 (section 3.1), must not pass here.
#[tokio::test]
async fn vectors_have_their_results() {
    let vectors = crate::json("dkim/vectors.json");
    let mut faults = Vec::new();
    let mut signatures = 0;
    for vector in vectors.as_array().expect("is a list") {
        let name = vector["message"].as_str().expect("names a file");
        let dns = Dns::start().await;
        for (place, record) in vector["txt"].as_object().expect("has records") {
            let text = record.as_str().expect("is text");
            let parts: Vec<String> =
                text.as_bytes().chunks(255).map(|part| String::from_utf8_lossy(part).into_owned()).collect();
            dns.txt_parts(place, &parts);
        }
        let message = crate::crlf(&crate::read(&format!("dkim/{name}")));
        let resolver = crate::resolver(&dns);
        let authenticator = MessageAuthenticator(resolver.below());
        let identity = Identity {
            client: [127, 0, 0, 1].into(),
            helo: "x.test",
            sender: "",
            receiver: "mail.example.test",
            now: 1,
        };
        let found = auth::verify(&resolver, &authenticator, identity, &message).await;
        for wanted in vector["signatures"].as_array().expect("is a list") {
            signatures += 1;
            let (domain, selector) =
                (wanted["d"].as_str().unwrap_or_default(), wanted["s"].as_str().unwrap_or_default());
            let result = wanted["result"].as_str().unwrap_or_default();
            let algorithm = wanted["a"].as_str().unwrap_or_default();
            let same = |signature: &&auth::Signature| signature.domain == domain && signature.selector == selector;
            let outcomes: Vec<Outcome> = found.dkim.iter().filter(same).map(|signature| signature.outcome).collect();
            let passes = outcomes.contains(&Outcome::Pass);
            let is_weak = algorithm == "rsa-sha1" || wanted["weak"].as_bool() == Some(true);
            if (result == "pass" && !is_weak) != passes {
                faults.push(format!(
                    "{name} {domain} {selector} {algorithm}: {outcomes:?} instead of {result}; all: {:?}",
                    found.dkim
                ));
            }
        }
    }
    assert!(faults.is_empty(), "{} of {signatures}:\n{}", faults.len(), faults.join("\n"));
    assert!(signatures > 5, "{signatures}");
}
