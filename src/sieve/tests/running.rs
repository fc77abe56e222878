//! What scripts do with messages, where that is not told by a mailbox: bounds, faults, answers.

use crate::{NOW, Server};
use sieve::script::outcome::{Kind, Place};

const MAIL: &str =
    "From: Carol <carol@example.org>\nTo: alice@example.test\nSubject: Hello\nMessage-ID: <1@example.org>\n\nHi.\n";
const DAY: i64 = 24 * 3600 * 1000;

#[tokio::test]
async fn a_script_that_fails_keeps_and_tells_once_a_day() {
    let server = Server::start().await;
    for (script, why) in [
        ("require \"regex\";\r\n", "line 1: the extension \"regex\" is not available"),
        ("require \"fileinto\";\r\nfileinto \"Nowhere\";\r\n", "there is no mailbox \"Nowhere\""),
        ("require \"include\";\r\ninclude \"gone\";\r\n", "the included script \"gone\" is not there"),
        ("require \"reject\";\r\nreject \"no\";\r\nkeep;\r\n", "it refuses a message that it also delivers"),
        ("redirect \"nonsense@@example.org\";\r\n", ""),
        ("require [\"include\"];\r\ninclude \"main\";\r\n", ""),
    ] {
        let outcome = server.run(script, MAIL).await;
        assert_eq!(outcome.filings.len(), 1, "{script}: {outcome:?}");
        assert_eq!((outcome.filings[0].place.clone(), outcome.outgoing.len()), (Place::Keep, 0), "{script}");
        if !why.is_empty() {
            assert_eq!(outcome.fault.as_deref(), Some(why), "{script}");
            let note = String::from_utf8(outcome.note.expect("a note").to_vec()).unwrap();
            assert!(note.contains("Auto-Submitted: auto-replied") && note.contains("Hello"), "{note}");
        }
    }
    // What a commit remembers.
    let outcome = server.run("require \"regex\";\r\n", MAIL).await;
    remember(&server, &outcome).await;
    assert!(server.run("require \"regex\";\r\n", MAIL).await.note.is_none());
    let mut tomorrow = server.delivery("carol@example.org", MAIL);
    tomorrow.at = NOW + DAY + 1;
    assert!(server.deliver(tomorrow).await.note.is_some());
}

/// Does what intake's commit does with memories.
async fn remember(server: &Server, outcome: &sieve::Outcome) {
    let (account, memories) = (server.alice.id, outcome.memories.clone());
    let work = move |tx: &mut store::Tx<'_>| {
        for memory in &memories {
            if let Some(lapses) = memory.lapses {
                tx.remember(account, memory.memory, lapses, NOW)?;
            }
        }
        Ok::<_, store::Error>(())
    };
    server.directory.store().commit(Vec::new(), work).await.unwrap();
}

#[tokio::test]
async fn a_script_has_bounds() {
    let server = Server::start().await;
    let many: String = (0..20_000).map(|_| "if true { }\r\n").collect();
    assert!(many.len() > 128 * 1024);
    let endless = format!("require \"variables\";\r\n{}", "set \"a\" \"${a}x\";\r\n".repeat(6000));
    let outcome = server.run(&endless, MAIL).await;
    assert!(outcome.fault.is_none() || outcome.fault.as_deref().is_some_and(|fault| fault.contains("instructions")));
    assert_eq!(outcome.filings.len(), 1);
    let busy = format!("require \"include\";\r\n{}", "include \"part\";\r\n".repeat(9));
    let part = "if header :contains \"subject\" \"x\" { stop; }\r\n".repeat(2000);
    let (account, text) = (server.alice.id, part);
    let put = move |tx: &mut store::Tx<'_>| tx.script_put(account, "part", &text, NOW);
    server.directory.store().commit(Vec::new(), put).await.unwrap();
    let outcome = server.run(&busy, MAIL).await;
    let fault = outcome.fault.expect("a fault");
    assert!(fault.contains("maximum number of instructions"), "{fault}");
    assert_eq!(outcome.filings.len(), 1);
    let redirects: String = (0..30).map(|n| format!("redirect :copy \"p{n}@example.org\";\r\n")).collect();
    let outcome = server.run(&format!("require \"copy\";\r\n{redirects}"), MAIL).await;
    assert_eq!(outcome.outgoing.len(), 10);
}

#[tokio::test]
async fn a_vacation_answers_once_and_in_right_form() {
    let server = Server::start().await;
    let script =
        "require \"vacation\";\r\nvacation :days 3 :subject \"Bin im Urlaub – Grüße\" \"Zurück am 7.\\nAlice\";\r\n";
    let outcome = server.run(script, MAIL).await;
    assert_eq!(outcome.filings.len(), 1, "the message is kept");
    let [answer] = outcome.outgoing.as_slice() else { panic!("{outcome:?}") };
    assert_eq!((answer.kind, answer.reverse_path.0.clone()), (Kind::Vacation, None));
    assert_eq!(answer.to.to_string(), "carol@example.org");
    let text = String::from_utf8(answer.message.to_vec()).unwrap();
    let (header, _) = text.split_once("\r\n\r\n").unwrap();
    assert!(header.is_ascii(), "{header}");
    for field in ["In-Reply-To: <1@example.org>", "References: <1@example.org>", "Auto-Submitted: auto-replied"] {
        assert!(header.contains(field), "{header}");
    }
    assert!(header.contains("alice@example.test"), "{header}");
    let summary = mail::summary::summarize(text.as_bytes());
    assert_eq!(summary.envelope.subject.as_deref(), Some("Bin im Urlaub – Grüße"));
    remember(&server, &outcome).await;
    assert!(server.run(script, MAIL).await.outgoing.is_empty(), "once");
    let mut later = server.delivery("carol@example.org", MAIL);
    later.at = NOW + 2 * DAY;
    assert!(server.deliver(later.clone()).await.outgoing.is_empty(), "not within three days");
    later.at = NOW + 3 * DAY + 1;
    assert_eq!(server.deliver(later).await.outgoing.len(), 1, "and again after them");
    let mut other = server.delivery("dan@example.org", MAIL);
    other.at = NOW + 1;
    assert_eq!(server.deliver(other).await.outgoing.len(), 1, "others are answered too");
}

#[tokio::test]
async fn nothing_automatic_is_answered() {
    let server = Server::start().await;
    server.activate("main", "require \"vacation\";\r\nvacation \"Away.\";\r\n").await;
    for field in [
        "List-Id: <list.example.org>",
        "List-Unsubscribe: <https://example.org/>",
        "Precedence: bulk",
        "Precedence: list",
        "Precedence: junk",
        "Auto-Submitted: auto-generated",
        "Auto-Submitted: auto-replied; owner-email=\"x@example.org\"",
        "X-Auto-Response-Suppress: OOF",
    ] {
        let outcome = server.deliver(server.delivery("carol@example.org", &format!("{field}\n{MAIL}"))).await;
        assert_eq!((outcome.outgoing.len(), outcome.filings.len()), (0, 1), "{field}");
    }
    for sender in
        ["", "mailer-daemon@example.org", "owner-list@example.org", "list-request@example.org", "alice@example.test"]
    {
        let outcome = server.deliver(server.delivery(sender, MAIL)).await;
        assert_eq!(outcome.outgoing.len(), 0, "{sender}");
    }
    // Not written to alice: she may be on a list, or in Bcc.
    let other = MAIL.replace("alice@example.test", "somebody@example.org");
    assert_eq!(server.deliver(server.delivery("carol@example.org", &other)).await.outgoing.len(), 0);
    let mut spam = server.delivery("carol@example.org", MAIL);
    spam.origin.spam = sieve::Spam::Likely(0.9);
    assert_eq!(server.deliver(spam).await.outgoing.len(), 0);
    let plain = format!("Auto-Submitted: no\n{MAIL}");
    assert_eq!(server.deliver(server.delivery("carol@example.org", &plain)).await.outgoing.len(), 1);
}

#[tokio::test]
async fn texts_of_a_message_cannot_write_the_header_of_an_answer() {
    let server = Server::start().await;
    let script = "require [\"vacation\", \"variables\", \"encoded-character\"];\r\n\
        if header :matches \"subject\" \"*\" { set \"s\" \"${1}\"; }\r\n\
        vacation :subject \"Re: ${s}${hex: 0d 0a}Bcc: victim@example.org${hex: 0d 0a 0d 0a}body\" \"Away.\";\r\n";
    let mail = MAIL.replace("Hello", "=?utf-8?q?x=0D=0AX-Evil:_1=0D=0A=0D=0Abody?=");
    let outcome = server.run(script, &mail).await;
    for outgoing in &outcome.outgoing {
        let text = String::from_utf8(outgoing.message.to_vec()).unwrap();
        let (header, _) = text.split_once("\r\n\r\n").unwrap();
        assert!(!header.contains("\r\nBcc") && !header.contains("\r\nX-Evil"), "{header}");
    }
    assert_eq!(outcome.outgoing.len(), 1, "{outcome:?}");
}

#[tokio::test]
async fn redirects_do_not_go_in_circles() {
    let server = Server::start().await;
    let outcome = server.run("redirect \"bob@example.org\";\r\n", MAIL).await;
    assert!(outcome.filings.is_empty());
    let sent = String::from_utf8(outcome.outgoing[0].message.to_vec()).unwrap();
    assert!(sent.starts_with("X-Sieve-Redirected-From: alice@example.test\r\nFrom: Carol"), "{sent}");
    assert_eq!(outcome.outgoing[0].reverse_path.to_string(), "carol@example.org");
    // It comes back.
    let again = server.deliver(server.delivery("carol@example.org", &sent.replace("\r\n", "\n"))).await;
    assert_eq!((again.filings.len(), again.outgoing.len()), (1, 0));
    // To oneself: kept.
    let own = server.run("redirect \"alice@example.test\";\r\n", MAIL).await;
    assert_eq!((own.filings.len(), own.outgoing.len()), (1, 0));
}
