//! What the admin does: commands, signals, backup.

use crate::{GATEPOST, server};
use std::{fs, process::Command};

#[tokio::test]
async fn commands_speak_to_the_running_server_and_to_the_store_alone() {
    let mut server = server().await;
    server.json(&["alias", "put", "sales@example.test", "alice@example.test"]);
    let running = server.json(&["account", "list"]);
    assert_eq!(running.as_array().map(Vec::len), Some(3), "{running}");
    assert!(server.stop().await, "ends well");
    let alone = server.json(&["account", "list"]);
    assert_eq!(running, alone);
    assert_eq!(server.json(&["alias", "list"])[0]["address"], "sales@example.test");
}

#[tokio::test]
async fn faults_have_their_exit_codes_and_say_what_to_do() {
    let server = server().await;
    let output = server.run(&["account", "show", "nobody@example.test"]);
    assert_eq!(output.status.code(), Some(1));
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(text.contains("nobody@example.test") && text.trim().lines().count() == 1, "{text}");
    assert_eq!(server.run(&["account", "frobnicate"]).status.code(), Some(2));
    let output = server.run_with(&["account", "add", "weak@example.test", "--password-stdin"], "x");
    assert_eq!(output.status.code(), Some(1), "a password of one character is refused");
    let output = server.run(&["account", "show", "nobody@example.test", "--json"]);
    let fault: serde_json::Value =
        serde_json::from_slice(&output.stdout).or_else(|_| serde_json::from_slice(&output.stderr)).expect("is JSON");
    assert!(fault.to_string().contains("nobody@example.test"), "{fault}");
}

#[tokio::test]
async fn a_second_server_on_the_same_store_names_the_first() {
    let server = server().await;
    let output = server.run(&["serve"]);
    assert_eq!(output.status.code(), Some(1));
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(text.contains(&server.pid().to_string()), "{text}");
}

#[tokio::test]
async fn a_wrong_configuration_is_refused_and_the_old_one_stays() {
    let server = server().await;
    server.configure("[limits]\nrecipients_max = 3");
    let output = server.run(&["serve", "--check"]);
    assert_eq!(output.status.code(), Some(1));
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(text.contains("limits.recipients_max") && text.contains("gatepost.toml:"), "{text}");
    server.signal("HUP");
    server.deliver("carol@example.org", "alice@example.test", "Subject: still here\n\n").await;
}

#[tokio::test]
async fn a_good_configuration_is_taken_over() {
    let server = server().await;
    server.configure("[limits]\nrecipients_max = 100");
    server.signal("HUP");
    loop {
        let mut smtp = server.connect(25).await;
        smtp.smtp_reply("220").await;
        smtp.smtp("EHLO sender.example.org", "250").await;
        smtp.smtp("MAIL FROM:<carol@example.org>", "250").await;
        let mut commands = String::new();
        for number in 0..101 {
            commands.push_str(&format!("RCPT TO:<alice+{number}@example.test>\r\n"));
        }
        smtp.send(commands.as_bytes()).await;
        let mut last = String::new();
        for _ in 0..101 {
            last = smtp.expect("").await;
        }
        // The signal is handled some time after it was sent.
        if last.starts_with("452 4.5.3") {
            break;
        }
    }
}

#[tokio::test]
async fn a_backup_of_a_running_server_restores_to_the_same() {
    let server = server().await;
    for number in 0..10 {
        server.deliver("carol@example.org", "alice@example.test", &format!("Subject: n{number}\n\n")).await;
    }
    let folder = tempfile::tempdir().expect("makes a folder");
    let copy = folder.path().join("copy");
    server.json(&["backup", copy.to_str().expect("is UTF-8")]);
    server.deliver("carol@example.org", "alice@example.test", "Subject: after the backup\n\n").await;
    let output = server.run(&["backup", copy.to_str().expect("is UTF-8")]);
    assert_eq!(output.status.code(), Some(1), "a folder that holds something is not written over");
    let restored = folder.path().join("restored");
    let output = Command::new(GATEPOST)
        .args(["restore", "--from", copy.to_str().expect("is UTF-8"), "--dir", restored.to_str().expect("is UTF-8")])
        .output()
        .expect("runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let output = Command::new(GATEPOST)
        .args(["account", "show", "alice@example.test", "--json", "--config"])
        .arg(restored.join("gatepost.toml"))
        .output()
        .expect("runs");
    let account: serde_json::Value = serde_json::from_slice(&output.stdout).expect("is JSON");
    assert_eq!(account["messages"], 10, "{account}");
}

#[tokio::test]
async fn the_store_is_rebuilt_from_its_log() {
    let mut server = server().await;
    server.deliver("carol@example.org", "alice@example.test", "Subject: kept\n\n").await;
    assert!(server.stop().await);
    fs::remove_dir_all(server.dir().join("store/index")).expect("removes the index");
    server.json(&["store", "rebuild"]);
    let verified = server.json(&["store", "verify"]);
    assert_eq!(verified["problems"], serde_json::json!([]), "{verified}");
    server.serve().await;
    let lines = server.imap("alice").await.imap("STATUS INBOX (MESSAGES)").await;
    assert!(lines[0].contains("MESSAGES 1"), "{lines:?}");
}

#[tokio::test]
async fn a_trace_tells_the_way_of_a_message() {
    let server = server().await;
    server.deliver("carol@example.org", "alice@example.test", "Subject: followed\n\n").await;
    let steps = server.json(&["trace", "find", "carol@example.org"]);
    let text = steps.to_string();
    assert!(text.contains("received") && text.contains("delivered") && text.contains("alice@example.test"), "{text}");
}

#[tokio::test]
async fn stopping_lets_an_idle_session_know() {
    let mut server = server().await;
    let mut imap = server.imap("alice").await;
    imap.imap("SELECT INBOX").await;
    imap.say("i IDLE").await;
    imap.expect("+ ").await;
    assert!(server.stop().await, "ends well");
    imap.until("* BYE").await;
}

#[tokio::test]
async fn the_first_admin_comes_by_a_link_used_once() {
    let folder = tempfile::tempdir().expect("makes a folder");
    let dir = folder.path().join("data");
    let output = Command::new(GATEPOST)
        .args([
            "init",
            "--hostname",
            "mail.example.test",
            "--domain",
            "example.test",
            "--ports-from",
            "31000",
            "--loopback",
        ])
        .arg("--dir")
        .arg(&dir)
        .output()
        .expect("runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(text.contains("/setup"), "a link is printed: {text}");
    let again = Command::new(GATEPOST)
        .args(["init", "--hostname", "mail.example.test", "--domain", "example.test"])
        .arg("--dir")
        .arg(&dir)
        .output()
        .expect("runs");
    assert_eq!(again.status.code(), Some(1), "a folder in use is not written over");
}

#[test]
fn a_surgemail_configuration_becomes_one_of_ours() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str| folder.path().join(name);
    fs::write(
        path("surgemail.ini"),
        "g_gateway domain=\"*\" to=\"smart.example.net\" user=\"us\" pass=\"secret words\"\n",
    )
    .expect("written");
    let import = |out: &str| {
        let mut command = Command::new(GATEPOST);
        command.args(["config", "import-surgemail", "--hostname", "mail.example.org", "--json", "--out"]);
        command.arg(path(out)).arg(path("surgemail.ini")).output().expect("runs")
    };
    let output = import("gatepost.toml");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(!String::from_utf8_lossy(&output.stdout).contains("secret words"), "nobody sees the password");
    assert_eq!(fs::read_to_string(path("smarthost-password")).expect("is there"), "secret words");
    let check = Command::new(GATEPOST)
        .args(["serve", "--check", "--config"])
        .arg(path("gatepost.toml"))
        .output()
        .expect("runs");
    assert!(check.status.success(), "{}", String::from_utf8_lossy(&check.stderr));
    assert_eq!(import("gatepost.toml").status.code(), Some(1), "nothing is written over");
}
