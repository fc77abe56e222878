//! Sieve through the doors: scripts by ManageSieve, mail by SMTP, mailboxes by IMAP.

use crate::{base64, server};
use std::process::Stdio;
use testkit::{Conversation, TestServer, server::PASSWORD};

/// A ManageSieve session of a person.
async fn sieve(server: &TestServer, user: &str) -> Conversation {
    let mut sieve = server.connect(4190).await;
    sieve.until("OK").await;
    let plain = base64(format!("\0{user}@example.test\0{PASSWORD}").as_bytes());
    sieve.say(&format!("AUTHENTICATE \"PLAIN\" \"{plain}\"")).await;
    sieve.expect("OK").await;
    sieve
}

/// Makes a script a person's active one.
async fn activate(server: &TestServer, user: &str, script: &str) {
    let mut sieve = sieve(server, user).await;
    put(&mut sieve, "main", script).await;
    sieve.say("SETACTIVE \"main\"").await;
    sieve.expect("OK").await;
}

async fn put(sieve: &mut Conversation, name: &str, script: &str) {
    let script = script.replace('\n', "\r\n");
    sieve.say(&format!("PUTSCRIPT \"{name}\" {{{}+}}\r\n{script}", script.len())).await;
    sieve.expect("OK").await;
}

/// The messages of a mailbox, whole, with their flags; empty when there is no such mailbox.
async fn messages(server: &TestServer, user: &str, mailbox: &str) -> Vec<String> {
    let mut imap = server.imap(user).await;
    imap.say(&format!("s SELECT \"{mailbox}\"")).await;
    let selected = imap.until("s ").await;
    if !selected.last().is_some_and(|line| line.starts_with("s OK")) || selected.iter().any(|line| line == "* 0 EXISTS")
    {
        return Vec::new();
    }
    let text = imap.imap("FETCH 1:* (FLAGS BODY.PEEK[])").await.join("\n");
    let mut messages: Vec<String> = text.split("\n* ").map(str::to_owned).collect();
    if let Some(last) = messages.last_mut() {
        last.truncate(last.rfind("\nt").unwrap_or(last.len()));
    }
    messages
}

/// A message from carol to alice.
fn mail(subject: &str) -> String {
    format!(
        "From: Carol Chen <carol@example.org>\nTo: alice@example.test\nSubject: {subject}\n\
         Date: Wed, 04 Nov 2026 10:00:00 +0100\nMessage-ID: <{}@example.org>\nX-Number: one\nX-Number: two\n\nThe body of {subject}.\n",
        subject.replace(' ', "-")
    )
}

/// Each extension files one message away that it is to notice, and leaves another in the Inbox that it is not to.
#[tokio::test]
async fn every_extension_works_on_delivery() {
    let server = server().await;
    let cases = [
        ("fileinto", "header :is \"subject\" \"yes\""),
        ("envelope", "envelope :is \"from\" \"carol@example.org\""),
        ("body", "body :text :contains \"body of yes\""),
        ("relational", "header :value \"ge\" \"subject\" \"yes\""),
        ("index", "header :index 2 :is \"x-number\" \"two\""),
        ("date", "date :zone \"+0100\" \"date\" \"hour\" \"10\""),
        ("subaddress", "envelope :detail \"to\" \"tag\""),
        ("mailbox", "mailboxexists \"Drafts\""),
        ("special-use", "specialuse_exists [\"\\\\Junk\", \"\\\\Trash\"]"),
        ("environment", "environment :is \"remote-ip\" \"127.0.0.1\""),
        ("variables", "string \"${subject}\" \"yes\""),
        ("encoded-character", "header :is \"subject\" \"${hex: 79 65 73}\""),
        ("comparator-i;ascii-numeric", "not header :comparator \"i;ascii-numeric\" :is \"subject\" \"5\""),
        ("spamtest", "spamtest \"1\""),
        ("spamtestplus", "spamtest :percent :count \"ge\" \"1\""),
        ("virustest", "virustest \"0\""),
        ("ihave", "ihave \"fileinto\""),
    ];
    for (extension, test) in cases {
        let requires =
            ["fileinto", "mailbox", "variables", "relational", "spamtest", "envelope", "index", "date", extension];
        let script = format!(
            "require [{}];\nif header :matches \"subject\" \"*\" {{ set \"subject\" \"${{1}}\"; }}\n\
             if allof (header :is \"subject\" \"yes\", {test}) {{ fileinto :create \"{extension}\"; }}\n",
            requires.map(|name| format!("\"{name}\"")).join(", ")
        );
        activate(&server, "alice", &script).await;
        server.deliver("carol@example.org", "alice+tag@example.test", &mail("yes")).await;
        server.deliver("carol@example.org", "alice+tag@example.test", &mail("no")).await;
        let filed = messages(&server, "alice", extension).await;
        assert_eq!(filed.len(), 1, "{extension}: {filed:?}");
        assert!(filed[0].contains("Subject: yes"), "{extension}: {filed:?}");
    }
    let kept = messages(&server, "alice", "INBOX").await;
    assert_eq!(kept.len(), cases.len(), "each `no` is in the Inbox");
    assert!(kept.iter().all(|message| message.contains("Subject: no")), "{kept:?}");
}

#[tokio::test]
async fn flags_copies_headers_and_mailboxes_are_as_the_script_says() {
    let server = server().await;
    let script = "require [\"fileinto\", \"mailbox\", \"copy\", \"imap4flags\", \"editheader\", \"special-use\"];\n\
        addflag [\"\\\\Seen\", \"$Work\"];\n\
        fileinto :copy :create \"Work/Clients\";\n\
        addheader \"X-Filed\" \"yes\";\n\
        fileinto :copy :specialuse \"\\\\Archive\" \"Elsewhere\";\n\
        deleteheader \"X-Number\";\n\
        keep :flags \"\\\\Flagged\";\n";
    activate(&server, "alice", script).await;
    server.deliver("carol@example.org", "alice@example.test", &mail("one")).await;
    let work = messages(&server, "alice", "Work/Clients").await;
    assert!(work[0].contains("\\Seen") && work[0].contains("$Work") && !work[0].contains("X-Filed"), "{work:?}");
    let archived = messages(&server, "alice", "Archive").await;
    assert!(archived[0].contains("X-Filed: yes") && archived[0].contains("X-Number: two"), "{archived:?}");
    let inbox = messages(&server, "alice", "INBOX").await;
    assert!(
        inbox[0].contains("\\Flagged") && !inbox[0].contains("X-Number") && inbox[0].contains("X-Filed"),
        "{inbox:?}"
    );
    assert!(inbox[0].contains("The body of one."), "{inbox:?}");
    let lines = server.imap("alice").await.imap("LSUB \"\" \"Work/*\"").await;
    assert!(lines.iter().any(|line| line.contains("Work/Clients")), "{lines:?}");
}

#[tokio::test]
async fn discarding_duplicates_and_includes() {
    let server = server().await;
    let mut session = sieve(&server, "alice").await;
    put(&mut session, "part", "require [\"variables\", \"include\"];\nglobal \"found\";\nset \"found\" \"yes\";\n")
        .await;
    let script = "require [\"duplicate\", \"include\", \"variables\", \"fileinto\", \"mailbox\"];\nglobal \"found\";\n\
        if duplicate { discard; stop; }\ninclude :personal \"part\";\n\
        if string \"${found}\" \"yes\" { fileinto :create \"Found\"; }\n";
    activate(&server, "alice", script).await;
    for _ in 0..3 {
        server.deliver("carol@example.org", "alice@example.test", &mail("same")).await;
    }
    server.deliver("carol@example.org", "alice@example.test", &mail("other")).await;
    assert_eq!(messages(&server, "alice", "Found").await.len(), 2);
    assert!(messages(&server, "alice", "INBOX").await.is_empty());
}

/// Many copies of one message at the same time: one of them is the first.
#[tokio::test]
async fn copies_at_the_same_time_are_duplicates_of_one_another() {
    let server = server().await;
    activate(&server, "alice", "require \"duplicate\";\nif duplicate { discard; }\n").await;
    let text = mail("at once");
    let all = (0..12).map(|_| server.deliver("carol@example.org", "alice@example.test", &text));
    futures_join(all.collect()).await;
    assert_eq!(messages(&server, "alice", "INBOX").await.len(), 1);
}

/// Waits for all of them, polled together.
async fn futures_join(futures: Vec<impl Future<Output = ()>>) {
    let mut futures: Vec<_> = futures.into_iter().map(|future| Some(Box::pin(future))).collect();
    std::future::poll_fn(|cx| {
        for slot in &mut futures {
            if slot.as_mut().is_some_and(|future| future.as_mut().poll(cx).is_ready()) {
                *slot = None;
            }
        }
        if futures.iter().all(Option::is_none) { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
    })
    .await;
}

#[tokio::test]
async fn a_refused_message_is_refused_to_the_client_when_it_is_for_nobody_else() {
    let server = server().await;
    activate(&server, "alice", "require \"reject\";\nreject \"I do not take mail from you.\";\n").await;
    let mut smtp = server.connect(25).await;
    smtp.smtp_reply("220").await;
    smtp.smtp("EHLO sender.example.org", "250").await;
    smtp.smtp("MAIL FROM:<carol@example.org>", "250").await;
    smtp.smtp("RCPT TO:<alice@example.test>", "250").await;
    smtp.smtp("DATA", "354").await;
    smtp.smtp(&format!("{}.", mail("no").replace('\n', "\r\n")), "550 5.7.1 I do not take mail from you.").await;
    // bob takes it; the sender, who is here, hears of alice's refusal.
    smtp.smtp("MAIL FROM:<admin@example.test>", "250").await;
    smtp.smtp("RCPT TO:<alice@example.test>", "250").await;
    smtp.smtp("RCPT TO:<bob@example.test>", "250").await;
    smtp.smtp("DATA", "354").await;
    smtp.smtp(&format!("{}.", mail("both").replace('\n', "\r\n")), "250").await;
    assert_eq!(messages(&server, "bob", "INBOX").await.len(), 1);
    assert!(messages(&server, "alice", "INBOX").await.is_empty());
    let told = wait_for_mail(&server, "admin").await;
    assert!(told.contains("I do not take mail from you.") && told.contains("report-type=delivery-status"), "{told}");
}

/// The first message that comes into somebody's Inbox, waited for by IDLE.
async fn wait_for_mail(server: &TestServer, user: &str) -> String {
    let mut imap = server.imap(user).await;
    imap.imap("SELECT INBOX").await;
    imap.say("i IDLE").await;
    loop {
        let line = imap.line().await.expect("goes on");
        let came = line.ends_with(" EXISTS") && !line.starts_with("* 0") || line == "+ idling";
        if came && let Some(first) = messages(server, user, "INBOX").await.into_iter().next() {
            return first;
        }
    }
}

#[tokio::test]
async fn a_vacation_answers_and_a_redirect_sends_on() {
    let server = server().await;
    let script = "require [\"vacation\", \"copy\"];\nvacation :days 7 :subject \"Away\" \"Back on Monday.\";\nredirect :copy \"bob@example.test\";\n";
    activate(&server, "alice", script).await;
    let text = mail("hello").replace("carol@example.org", "admin@example.test");
    server.deliver("admin@example.test", "alice@example.test", &text).await;
    let answer = wait_for_mail(&server, "admin").await;
    assert!(answer.contains("Subject: Away") && answer.contains("Back on Monday."), "{answer}");
    assert!(answer.contains("Auto-Submitted: auto-replied"), "{answer}");
    let copy = wait_for_mail(&server, "bob").await;
    assert!(copy.contains("X-Sieve-Redirected-From: alice@example.test") && copy.contains("body of hello"), "{copy}");
    // bob's own script sends it back: alice sees that it was hers.
    activate(&server, "bob", "redirect \"alice@example.test\";\n").await;
    server.deliver("admin@example.test", "alice@example.test", &text.replace("<hello@", "<again@")).await;
    let mut imap = server.imap("alice").await;
    imap.imap("SELECT INBOX").await;
    imap.say("i IDLE").await;
    while messages(&server, "alice", "INBOX").await.len() < 3 {
        imap.line().await.expect("goes on");
    }
    assert_eq!(messages(&server, "admin", "INBOX").await.len(), 1, "answered once");
}

#[tokio::test]
async fn a_script_that_fails_loses_nothing_and_its_owner_is_told_once() {
    let server = server().await;
    activate(&server, "alice", "require \"fileinto\";\nfileinto \"Nowhere\";\n").await;
    for subject in ["one", "two"] {
        server.deliver("carol@example.org", "alice@example.test", &mail(subject)).await;
    }
    let inbox = messages(&server, "alice", "INBOX").await;
    assert_eq!(inbox.len(), 3, "{inbox:?}");
    let notes: Vec<_> = inbox.iter().filter(|text| text.contains("could not be run")).collect();
    assert!(notes.len() == 1 && notes[0].contains("there is no mailbox \"Nowhere\""), "{notes:?}");
}

#[tokio::test]
async fn scripts_and_memories_outlive_a_kill() {
    let mut server = server().await;
    activate(&server, "alice", "require [\"duplicate\", \"fileinto\", \"mailbox\"];\nif duplicate { discard; stop; }\nfileinto :create \"Filed\";\n").await;
    server.deliver("carol@example.org", "alice@example.test", &mail("before")).await;
    server.kill();
    server.serve().await;
    server.deliver("carol@example.org", "alice@example.test", &mail("before")).await;
    server.deliver("carol@example.org", "alice@example.test", &mail("after")).await;
    let filed = messages(&server, "alice", "Filed").await;
    assert_eq!(filed.len(), 2, "{filed:?}");
    let mut session = sieve(&server, "alice").await;
    session.say("LISTSCRIPTS").await;
    session.expect("\"main\" ACTIVE").await;
}

/// Debian's client, over STARTTLS.
#[tokio::test]
async fn sieve_connect_writes_and_reads_scripts() {
    let server = server().await;
    let folder = tempfile::tempdir().expect("makes a folder");
    let script = folder.path().join("mine.sieve");
    std::fs::write(&script, "require \"fileinto\";\r\nfileinto \"Archive\";\r\n").expect("writes the script");
    let port = server.port(4190).to_string();
    let run = |args: &[&str]| {
        // The password is read from a descriptor, so that it is in no list of processes.
        let input = format!("exec 4<<'END'\n{PASSWORD}\nEND\nexec \"$@\"");
        let mut shell = std::process::Command::new("sh");
        shell.args(["-c", &input, "sh", "sieve-connect", "--server", "127.0.0.1", "--port", &port]);
        shell.args(["--user", "alice@example.test", "--notlsverify", "--authmech", "PLAIN", "--passwordfd", "4"]);
        let output = shell.args(args).current_dir(folder.path()).stdin(Stdio::null()).output().expect("runs");
        let text = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success(), "{args:?}: {text}");
        text
    };
    run(&["--upload", "--localsieve", "mine.sieve", "--remotesieve", "mine"]);
    run(&["--activate", "--remotesieve", "mine"]);
    assert!(run(&["--list"]).contains("mine"), "it is listed");
    run(&["--download", "--remotesieve", "mine", "--localsieve", "back.sieve"]);
    let back = std::fs::read(folder.path().join("back.sieve")).expect("was downloaded");
    assert_eq!(String::from_utf8_lossy(&back), "require \"fileinto\";\r\nfileinto \"Archive\";\r\n");
    server.deliver("carol@example.org", "alice@example.test", &mail("filed")).await;
    assert_eq!(messages(&server, "alice", "Archive").await.len(), 1);
}

#[tokio::test]
async fn an_admin_writes_and_stops_scripts() {
    let server = server().await;
    let put = ["script", "put", "alice@example.test", "main", "-", "--activate"];
    let wrong = server.run_with(&put, "keep;\nrequire \"regex\";\n");
    let said = String::from_utf8_lossy(&wrong.stderr).into_owned();
    assert!(!wrong.status.success() && said.contains("line 2"), "{said}");
    let right = server.run_with(&put, "discard;\n");
    assert!(right.status.success(), "{}", String::from_utf8_lossy(&right.stderr));
    let listed = server.json(&["script", "list", "alice@example.test"]);
    assert_eq!((listed[0]["name"].as_str(), listed[0]["active"].as_bool()), (Some("main"), Some(true)));
    assert_eq!(server.json(&["script", "show", "alice@example.test", "main"]), "discard;\r\n");
    server.deliver("carol@example.org", "alice@example.test", &mail("gone")).await;
    assert!(messages(&server, "alice", "INBOX").await.is_empty());
    let pages = server.pages();
    pages.sign_in("admin").await;
    let page = "/admin/accounts/alice@example.test";
    assert!(pages.page(page).await.text().contains("The Sieve script main is active."));
    pages.submit(page, &format!("{page}/script/off"), &[]).await;
    server.deliver("carol@example.org", "alice@example.test", &mail("kept")).await;
    assert_eq!(messages(&server, "alice", "INBOX").await.len(), 1);
    server.json(&["script", "use", "alice@example.test", "main"]);
    server.json(&["script", "off", "alice@example.test"]);
    assert_eq!(server.json(&["script", "list", "alice@example.test"])[0]["active"].as_bool(), Some(false));
}
