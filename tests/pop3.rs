//! POP3: programs that people use, and a QUIT that is cut off.

use crate::{GATEPOST, server};
use std::{
    collections::BTreeSet,
    fs::{self, Permissions},
    os::unix::fs::PermissionsExt,
    process::{Command, Output},
};
use testkit::{Conversation, Options, TestServer, server::PASSWORD};

async fn with_mail(count: usize) -> TestServer {
    let server = server().await;
    for number in 0..count {
        let text = format!("Subject: n{number}\n\nBody {number}\n..a line with dots\n");
        server.deliver("carol@example.org", "alice@example.test", &text).await;
    }
    server
}

/// A session of alice.
async fn alice(server: &TestServer) -> Conversation {
    let mut pop3 = server.connect(110).await;
    pop3.expect("+OK").await;
    pop3.say("USER alice@example.test").await;
    pop3.expect("+OK").await;
    pop3.say(&format!("PASS {PASSWORD}")).await;
    pop3.expect("+OK").await;
    pop3
}

/// How many messages there are.
async fn count(server: &TestServer) -> usize {
    let mut pop3 = alice(server).await;
    pop3.say("STAT").await;
    let line = pop3.expect("+OK ").await;
    pop3.say("QUIT").await;
    pop3.expect("+OK").await;
    line.split(' ').nth(1).and_then(|count| count.parse().ok()).expect("STAT tells a number")
}

fn must(output: &Output) -> String {
    let text = String::from_utf8_lossy(&[&output.stdout[..], &output.stderr[..]].concat()).into_owned();
    assert!(output.status.success(), "{text}");
    text
}

#[tokio::test]
async fn curl_lists_and_fetches_over_tls_and_stls() {
    let server = with_mail(3).await;
    let curl = |scheme: &str, port: u16, path: &str, more: &[&str]| {
        let url = format!("{scheme}://127.0.0.1:{}/{path}", server.port(port));
        let user = format!("alice@example.test:{PASSWORD}");
        let output = Command::new("curl").args(["-sS", "--insecure", "--user", &user, &url]).args(more).output();
        must(&output.expect("curl is installed"))
    };
    assert_eq!(curl("pop3", 110, "", &["--ssl-reqd"]).lines().count(), 3);
    let message = curl("pop3s", 995, "2", &[]);
    assert!(message.contains("Subject: n1\r\n\r\nBody 1\r\n.a line with dots\r\n"), "{message:?}");
    let unique = curl("pop3s", 995, "", &["--request", "UIDL"]);
    assert_eq!(unique.lines().collect::<BTreeSet<_>>().len(), 3, "{unique}");
    assert!(curl("pop3s", 995, "1", &["--login-options", "AUTH=PLAIN"]).contains("Subject: n0"));
}

#[tokio::test]
async fn fetchmail_keeps_then_takes() {
    let server = with_mail(5).await;
    let folder = tempfile::tempdir().expect("makes a folder");
    let file = folder.path().join("fetchmailrc");
    let got = folder.path().join("got");
    let configuration = format!(
        "poll 127.0.0.1 protocol pop3 port {} uidl user \"alice@example.test\" password \"{PASSWORD}\" \
         sslproto '' mda \"cat >> {}\"\n",
        server.port(110),
        got.display()
    );
    fs::write(&file, configuration).expect("writes");
    fs::set_permissions(&file, Permissions::from_mode(0o600)).expect("sets the mode");
    let fetch = |more: &str| {
        let mut command = Command::new("fetchmail");
        command.env("FETCHMAILHOME", folder.path()).args(["--nodetach", "--nosyslog", "-f"]).arg(&file).arg(more);
        command.output().expect("fetchmail is installed")
    };
    let subjects = || fs::read_to_string(&got).unwrap_or_default().matches("Subject: n").count();
    must(&fetch("--keep"));
    assert_eq!((subjects(), count(&server).await), (5, 5));
    // It knows them again by their unique-ids: exit status 1 is "no mail".
    let again = fetch("--keep");
    assert_eq!((again.status.code(), subjects()), (Some(1), 5), "{}", String::from_utf8_lossy(&again.stdout));
    server.deliver("carol@example.org", "alice@example.test", "Subject: n-new\n\nx\n").await;
    must(&fetch("--nokeep"));
    assert_eq!((subjects(), count(&server).await), (6, 5));
    must(&fetch("--all"));
    assert_eq!(count(&server).await, 0);
}

#[tokio::test]
async fn getmail_takes_over_tls() {
    let server = with_mail(4).await;
    let folder = tempfile::tempdir().expect("makes a folder");
    let got = folder.path().join("got");
    let configuration = format!(
        "[retriever]\ntype = SimplePOP3SSLRetriever\nserver = 127.0.0.1\nport = {}\nusername = alice@example.test\n\
         password = {PASSWORD}\n\n[destination]\ntype = MDA_external\npath = /bin/sh\n\
         arguments = (\"-c\", \"cat >> {}\")\nallow_root_commands = true\n\n[options]\nverbose = 1\ndelete = false\nread_all = false\n",
        server.port(995),
        got.display()
    );
    fs::write(folder.path().join("getmailrc"), configuration).expect("writes");
    let fetch = |more: &[&str]| {
        let mut command = Command::new("getmail");
        command.arg("--getmaildir").arg(folder.path()).args(more);
        must(&command.output().expect("getmail is installed"))
    };
    let subjects = || fs::read_to_string(&got).unwrap_or_default().matches("Subject: n").count();
    fetch(&[]);
    assert_eq!((subjects(), count(&server).await), (4, 4));
    fetch(&[]);
    assert_eq!(subjects(), 4, "what was fetched is known again");
    fetch(&["--delete"]);
    assert_eq!((subjects(), count(&server).await), (4, 0));
}

#[tokio::test]
async fn a_second_session_is_told_that_the_maildrop_is_in_use() {
    let server = with_mail(1).await;
    let first = alice(&server).await;
    let mut second = server.connect(110).await;
    second.expect("+OK").await;
    second.say("USER alice@example.test").await;
    second.expect("+OK").await;
    second.say(&format!("PASS {PASSWORD}")).await;
    second.expect("-ERR [IN-USE] another program is fetching this mail").await;
    drop(first);
}

async fn kills(engine: &str) {
    let options = Options { config: format!("[store]\nengine = \"{engine}\""), accounts: vec!["alice"] };
    let mut server = TestServer::start(GATEPOST, options).await;
    let (mut deleted_all, mut deleted_none) = (0, 0);
    for round in 0..6 {
        for number in 0..20 {
            let text = format!("Subject: r{round}n{number}\n\nBody\n");
            server.deliver("carol@example.org", "alice@example.test", &text).await;
        }
        let before = count(&server).await;
        let mut pop3 = alice(&server).await;
        for number in 1..=before {
            pop3.say(&format!("DELE {number}")).await;
            pop3.expect("+OK").await;
        }
        pop3.say("QUIT").await;
        // In odd rounds the answer is awaited; in the others the kill meets the commit where it is.
        let is_answered = round % 2 == 1;
        if is_answered {
            pop3.expect("+OK").await;
        }
        server.kill();
        server.serve().await;
        match count(&server).await {
            0 => deleted_all += 1,
            left => {
                assert_eq!(left, before, "round {round}: a part was deleted");
                assert!(!is_answered, "round {round}: what was said to be deleted is back");
                deleted_none += 1;
            }
        }
    }
    assert!(deleted_all >= 3, "{deleted_all} all, {deleted_none} none");
    server.stop().await;
    let verified = server.json(&["store", "verify"]);
    assert_eq!(verified["problems"], serde_json::json!([]), "{verified}");
}

#[tokio::test]
async fn kill_9_at_quit_deletes_all_or_nothing_with_sled() {
    kills("sled").await;
}

#[tokio::test]
async fn kill_9_at_quit_deletes_all_or_nothing_with_redb() {
    kills("redb").await;
}
