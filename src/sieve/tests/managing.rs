//! What a client does with scripts.

use crate::{Client, Server, base64};
use config::Limits;

#[tokio::test]
async fn capabilities_tell_what_there_is() {
    let server = Server::start().await;
    let mut client = server.connect(false).await;
    let lines = client.says("CAPABILITY", "OK").await;
    let line = |start: &str| lines.iter().find(|line| line.starts_with(start)).unwrap_or_else(|| panic!("{lines:?}"));
    assert!(line("\"IMPLEMENTATION\" \"Gatepost").ends_with('"'));
    let sieve = line("\"SIEVE\"");
    for extension in ["fileinto", "vacation", "imap4flags", "editheader", "special-use", "spamtestplus"] {
        assert!(sieve.contains(&format!(" {extension}")) || sieve.contains(&format!("\"{extension}")), "{sieve}");
    }
    assert!(!sieve.contains("regex") && !sieve.contains("enotify"), "{sieve}");
    assert_eq!(line("\"SASL\""), "\"SASL\" \"SCRAM-SHA-256 PLAIN LOGIN\"");
    assert_eq!(line("\"VERSION\""), "\"VERSION\" \"1.0\"");
    assert!(!lines.iter().any(|line| line.starts_with("\"STARTTLS\"") || line.starts_with("\"OWNER\"")));
    let lines = server.signed_in().await.says("CAPABILITY", "OK").await;
    assert!(lines.contains(&"\"OWNER\" \"alice@example.test\"".to_owned()), "{lines:?}");
    assert!(lines.contains(&"\"SASL\" \"\"".to_owned()), "{lines:?}");
}

#[tokio::test]
async fn scripts_are_written_listed_renamed_and_deleted() {
    let server = Server::start().await;
    let mut client = server.signed_in().await;
    assert_eq!(client.says("LISTSCRIPTS", "OK").await, ["OK"]);
    client.says("HAVESPACE \"first\" 99", "OK").await;
    client.says(&Client::put("first", "# one\r\nkeep;\r\n"), "OK").await;
    client.says(&Client::put("second", "discard;\r\n"), "OK").await;
    client.says("SETACTIVE \"first\"", "OK").await;
    assert_eq!(client.says("LISTSCRIPTS", "OK").await, ["\"first\" ACTIVE", "\"second\"", "OK"]);
    assert_eq!(client.says("GETSCRIPT \"first\"", "OK").await, ["{14}", "# one", "keep;", "", "OK"]);
    client.says("RENAMESCRIPT \"first\" \"second\"", "NO (ALREADYEXISTS)").await;
    client.says("RENAMESCRIPT \"first\" \"erst\u{e4}\"", "OK").await;
    assert_eq!(client.says("LISTSCRIPTS", "OK").await, ["\"erst\u{e4}\" ACTIVE", "\"second\"", "OK"]);
    client.says("DELETESCRIPT \"erst\u{e4}\"", "NO (ACTIVE)").await;
    client.says("DELETESCRIPT \"second\"", "OK").await;
    client.says("SETACTIVE \"\"", "OK").await;
    client.says("DELETESCRIPT \"erst\u{e4}\"", "OK").await;
    for command in ["GETSCRIPT \"x\"", "SETACTIVE \"x\"", "DELETESCRIPT \"x\"", "RENAMESCRIPT \"x\" \"y\""] {
        client.says(command, "NO (NONEXISTENT)").await;
    }
    assert_eq!(client.says("LISTSCRIPTS", "OK").await, ["OK"]);
    client.says("NOOP \"sync-7\"", "OK (TAG \"sync-7\")").await;
    client.says("LOGOUT", "OK").await;
    assert_eq!(client.line().await, None);
}

#[tokio::test]
async fn a_wrong_script_is_refused_with_its_lines_and_the_old_one_stays() {
    let server = Server::start().await;
    let mut client = server.signed_in().await;
    client.says(&Client::put("a", "keep;\r\n"), "OK").await;
    let text =
        client.refused(&Client::put("a", "keep;\r\nrequire [\"regex\", \"body\"];\r\nrequire \"enotify\";\r\n")).await;
    assert_eq!(
        text,
        "line 2: the extension \"regex\" is not available\r\nline 3: the extension \"enotify\" is not available"
    );
    client.says("CHECKSCRIPT {25+}\r\nif true {\r\nfrobnicate;}\r\n", "NO \"line 2: unknown command").await;
    assert_eq!(client.says("GETSCRIPT \"a\"", "OK").await[1], "keep;");
    let line = client.refused("CHECKSCRIPT {9+}\r\nif true {").await;
    assert!(line.contains("line "), "{line}");
    client.says("CHECKSCRIPT {7+}\r\nkeep;\r\n", "OK").await;
}

#[tokio::test]
async fn there_is_room_for_so_much() {
    let server = Server::start().await;
    let mut client = server.signed_in().await;
    let most = Limits::SIEVE_SCRIPT_BYTES_MAX;
    client.says(&format!("HAVESPACE \"x\" {most}"), "OK").await;
    client.says(&format!("HAVESPACE \"x\" {}", most + 1), "NO (QUOTA/MAXSIZE)").await;
    let large = format!("#{}\r\n", "x".repeat(most));
    client.says(&Client::put("x", &large), "NO (QUOTA/MAXSIZE)").await;
    let largest = format!("{}\r\n", "# x\r\n".repeat(most / 5 - 1));
    client.says(&Client::put("x", &largest), "OK").await;
    let lines = client.says("GETSCRIPT \"x\"", "OK").await;
    assert_eq!(lines[0], format!("{{{}}}", largest.len()));
    for number in 1..store::script::SCRIPTS_MAX {
        client.says(&Client::put(&format!("s{number}"), "keep;\r\n"), "OK").await;
    }
    client.says("HAVESPACE \"more\" 5", "NO (QUOTA/MAXSCRIPTS)").await;
    client.says(&Client::put("more", "keep;\r\n"), "NO (QUOTA/MAXSCRIPTS)").await;
    client.says(&Client::put("s1", "stop;\r\n"), "OK").await;
}

#[tokio::test]
async fn signing_in_takes_passwords_scram_and_tickets() {
    let server = Server::start().await;
    let mut client = server.connect(false).await;
    client.says("LISTSCRIPTS", "NO").await;
    let wrong = base64(b"\0alice@example.test\0wrong");
    client.says(&format!("AUTHENTICATE \"PLAIN\" \"{wrong}\""), "NO").await;
    client.says("AUTHENTICATE \"CRAM-MD5\"", "NO").await;
    client.says("AUTHENTICATE \"OAUTHBEARER\" \"\"", "NO").await;
    // A challenge is a string; so is the answer, as a literal here.
    client.send(b"AUTHENTICATE \"PLAIN\"\r\n").await;
    assert_eq!(client.line().await.as_deref(), Some("\"\""));
    let right = base64(b"\0alice@example.test\0correct horse battery");
    client.says(&format!("{{{}+}}\r\n{right}", right.len()), "OK").await;
    client.says("LISTSCRIPTS", "OK").await;
    client.says("UNAUTHENTICATE", "OK").await;
    client.says("LISTSCRIPTS", "NO").await;
    client.send(b"AUTHENTICATE \"SCRAM-SHA-256\"\r\n").await;
    assert_eq!(client.line().await.as_deref(), Some("\"\""));
    client.says("\"*\"", "NO").await;
}

#[tokio::test]
async fn a_ticket_opens_scripts_over_a_pipe_until_its_session_ends() {
    let server = Server::start().await;
    let agent = "a browser";
    let client = std::net::IpAddr::from([192, 0, 2, 1]);
    let begun = server.directory.session_begin("alice@example.test", crate::PASSWORD, client, agent).await;
    let (ticket, _, _) = begun.unwrap();
    let message = base64(format!("n,a=alice@example.test,\x01auth=Bearer {}\x01\x01", ticket.expose()).as_bytes());
    let mut session = server.connect(true).await;
    session.says(&format!("AUTHENTICATE \"OAUTHBEARER\" \"{message}\""), "OK").await;
    session.says("LISTSCRIPTS", "OK").await;
    server.directory.session_end(&ticket).await.unwrap();
    session.until("BYE").await;
    let mut session = server.connect(true).await;
    session.send(format!("AUTHENTICATE \"OAUTHBEARER\" \"{message}\"\r\n").as_bytes()).await;
    assert!(session.line().await.expect("a challenge").starts_with('"'));
    session.says(&format!("\"{}\"", base64(b"\x01")), "NO").await;
}
