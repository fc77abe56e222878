//! A SurgeMail configuration becomes one of ours, and nothing of it is passed over in silence.

use config::{
    Settings, Template,
    surgemail::{Fate, import},
};
use std::path::Path;

const SURGEMAIL: &str = r#"
# front end
g_home "/usr/local/surgemail"
g_relay_allow_ip "10.0.0.1*,10.1.*"
g_spf_skip "*"
g_xfile_allow "*"
g_gateway domain="*" to="smart.example.net:587" user="us" pass="hunter2 hunter2"
g_gateway domain="Old.example" to="10.0.0.9" check="true"
g_gateway domain="old.example" to="10.0.0.8"
g_retry_limit "96"
g_orbs_list name="zen.dnsbl.example" action="deny"
g_orbs_list name="good.dnswl.example" action="accept"
g_redirect from="sales@example.org" to="ann@example.org, bob@elsewhere.example"
g_redirect from="*@example.org" to="x@example.org"
g_something_new "1"
vdomain address="" name="example.org"
  url_host "webmail.example.org"
vdomain address="" name="second.example"
"#;

fn template() -> Template<'static> {
    Template { hostname: "mail.example.org", data_dir: ".", ports_from: None, loopback: false }
}

#[test]
fn what_can_be_said_here_is_in_the_file() {
    let import = import(SURGEMAIL, Some("imaphost 10.0.0.2\nuse_id_autologin true\n")).expect("is read");
    let text = import.render(&template());
    let settings = Settings::parse(&text, Path::new("/etc/gatepost.toml")).expect("is valid");
    assert_eq!(settings.queue.lifetime.as_secs(), 96 * 3600);
    let smarthost = settings.queue.smarthost.expect("there is one");
    assert_eq!((smarthost.host.as_str(), smarthost.port), ("smart.example.net", 587));
    assert_eq!(smarthost.username.as_deref(), Some("us"));
    assert!(!text.contains("hunter2"), "a secret stands in a file of its own");
    assert_eq!(import.passwords, [("smarthost-password".to_owned(), "hunter2 hunter2".to_owned())]);
    let [route] = settings.queue.routes.as_slice() else { panic!("one domain has a route") };
    assert_eq!((route.domain.as_deref(), &*route.hop.host, route.hop.port), (Some("old.example"), "10.0.0.9", 25));
    let lists: Vec<_> = settings.filter.lists.iter().map(|list| (&*list.zone, list.weight)).collect();
    assert_eq!(lists, [("zen.dnsbl.example", 600), ("good.dnswl.example", -300)]);
    assert_eq!(
        import.commands,
        [
            "gatepost alias put sales@example.org ann@example.org bob@elsewhere.example",
            "gatepost domain add example.org",
            "gatepost domain add second.example",
        ]
    );
}

#[test]
fn every_setting_has_its_fate_and_every_wide_wildcard_its_warning() {
    let import = import(SURGEMAIL, Some("imaphost 10.0.0.2\nodd_one 1\n")).expect("is read");
    assert_eq!(import.outcomes.len(), SURGEMAIL.lines().filter(|line| line.starts_with(['g', 'v', ' '])).count() + 2);
    let fate = |name: &str| &import.outcomes.iter().find(|outcome| outcome.name == name).expect("is listed").fate;
    assert!(matches!(fate("g_relay_allow_ip"), Fate::Unsupported(_)));
    assert!(matches!(fate("url_host (example.org)"), Fate::Replaced(_)));
    assert!(matches!(fate("g_something_new"), Fate::Unsupported(_)));
    assert!(matches!(fate("imaphost"), Fate::Replaced(_)));
    assert_eq!(import.outcomes.last().map(|outcome| outcome.place.as_str()), Some("webmail.ini:2"));
    let warned = |text: &str| import.warnings.iter().any(|warning| warning.contains(text));
    assert!(warned("10.0.0.10 to .19") && warned("every address there is"), "{:?}", import.warnings);
    assert!(warned("check=\"true\""), "{:?}", import.warnings);
}

proptest::proptest! {
    /// Any text is read or named as wrong, and what is read renders to a file that is valid.
    #[test]
    fn any_text_is_read_or_named(text in "(?s)((g_gateway|g_orbs_list|vdomain|g_retry_limit|g_redirect|x)[ =]\"?[ -~]{0,40}\"?\n){0,6}") {
        if let Ok(import) = import(&text, Some(&text)) {
            let rendered = import.render(&template());
            proptest::prop_assert!(Settings::parse(&rendered, Path::new("gatepost.toml")).is_ok(), "{rendered}");
        }
    }
}
