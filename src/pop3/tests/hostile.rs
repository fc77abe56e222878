//! What is no POP3.

use crate::Server;
use config::Limits;

#[tokio::test]
async fn wrong_lines_are_told_and_too_many_end_it() {
    let server = Server::with(Limits { bad_commands_max: 5, ..Limits::default() }, false).await;
    let mut client = server.connect().await;
    client.speak("C: EHLO x\nS: -ERR there is no such command\nC: RETR x\nS: -ERR write RETR message").await;
    client.send(b"NOOP\n").await;
    client.expect("-ERR lines end in CR LF").await;
    client.send(b"\xff\xfe\0\r\n").await;
    client.expect("-ERR there is no such command").await;
    client.say("").await;
    client.speak("S: -ERR there is no such command\nS: -ERR too many wrong commands").await;
    client.closed().await;
}

#[tokio::test]
async fn an_endless_line_takes_no_memory_and_the_next_one_is_read() {
    let server = Server::start().await;
    let mut client = server.alice().await;
    for _ in 0..100 {
        client.send(&[b'x'; 50_000]).await;
    }
    client.send(b"\r\nNOOP\r\n").await;
    client.speak("S: -ERR the line is too long\nS: +OK").await;
}

#[tokio::test]
async fn wrong_commands_after_sign_in_count_one_after_the_other_only() {
    let server = Server::with(Limits { bad_commands_max: 2, ..Limits::default() }, false).await;
    let mut client = server.alice().await;
    for _ in 0..4 {
        client.speak("C: XYZ\nS: -ERR ...\nC: NOOP\nS: +OK").await;
    }
    client.speak("C: XYZ\nS: -ERR ...\nC: XYZ\nS: -ERR ...\nS: -ERR too many wrong commands").await;
}

#[tokio::test]
async fn numbers_beyond_all_measure() {
    let server = Server::start().await;
    server.deliver("Subject: x\r\n\r\nx\r\n").await;
    let mut client = server.alice().await;
    for number in ["0", "2", "4294967295", "4294967296", "99999999999999999999999"] {
        for command in ["RETR", "DELE", "LIST", "UIDL"] {
            client.speak(&format!("C: {command} {number}\nS: -ERR there is no message ...")).await;
        }
    }
    assert_eq!(client.listing("TOP 1 99999999999999999999999").await, ["Subject: x", "", "x"]);
}
