//! Bytes that are no commands.

use crate::Server;

#[tokio::test]
async fn wrong_commands_are_named_and_too_many_end_the_session() {
    let server = Server::start().await;
    let mut client = server.signed_in().await;
    client.says("PUTSCRIPT \"a", "NO \"a string does not end\"").await;
    client.says("LISTSCRIPTS now", "NO \"LISTSCRIPTS takes other arguments\"").await;
    client.says("FROB", "NO \"unknown command\"").await;
    client.says("GETSCRIPT (x)", "NO \"unexpected byte at 10\"").await;
    client.says("\"a\" \"b\"", "NO \"a command begins with its name\"").await;
    client.says(&"x ".repeat(8000), "NO \"the line is too long\"").await;
    client.send(b"NOOP\n").await;
    client.until("NO \"lines end in CRLF\"").await;
    client.says("PUTSCRIPT \"a/b\" \"keep;\"", "NO \"a script name cannot hold slashes").await;
    client.says("PUTSCRIPT \"\" \"keep;\"", "NO \"a script name cannot be empty\"").await;
    client.says("PUTSCRIPT \"a\" {2+}\r\n\u{fffd}", "NO").await;
    client.says("NOOP", "OK").await;
    let mut last = String::new();
    for _ in 0..100 {
        client.send_if_open(b"FROB\r\n").await;
        match client.line().await {
            Some(line) => last = line,
            None => break,
        }
        if last.starts_with("BYE") {
            break;
        }
    }
    assert_eq!(last, "BYE \"Too many wrong commands\"");
}

#[tokio::test]
async fn literals_before_sign_in_have_a_bound() {
    let server = Server::start().await;
    let mut client = server.connect(false).await;
    // Small enough to be read and dropped: what follows is a command again.
    client.says(&format!("PUTSCRIPT \"a\" {{20000+}}\r\n{}", "x".repeat(20_000)), "NO").await;
    client.says("NOOP", "OK").await;
    client.says("PUTSCRIPT \"a\" {99999999999+}", "BYE (QUOTA/MAXSIZE)").await;
    assert_eq!(client.line().await, None);
}

#[tokio::test]
async fn bytes_of_scripts_never_end_the_server() {
    let server = Server::start().await;
    let mut client = server.signed_in().await;
    // Pieces of the grammar in orders that make no sense; each is answered, one way or the other.
    let pieces = [
        "require",
        "[",
        "]",
        "\"fileinto\"",
        "if",
        "elsif",
        "else",
        "not",
        "anyof",
        "(",
        ")",
        "{",
        "}",
        ";",
        ":is",
        ":matches",
        "\"${1}\"",
        "text:\r\n.\r\n",
        "header",
        "keep",
        "set",
        "99999999999999999999",
        "1G",
        "/*",
        "#",
        "\\",
        "include",
        "return",
        "vacation",
        "foreverypart",
        "\"*\"",
        "currentdate",
        ":value",
        "\"ge\"",
        "while",
        "let",
        ",",
    ];
    let mut state = 7_u64;
    let mut next = |below: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(state >> 33).unwrap() % below
    };
    for _ in 0..400 {
        let script: Vec<_> = (0..next(14)).map(|_| pieces[next(pieces.len())]).collect();
        let script = script.join(" ");
        client.send(format!("CHECKSCRIPT {{{}+}}\r\n{script}\r\n", script.len()).as_bytes()).await;
        client.send(b"NOOP \"end\"\r\n").await;
        while !client.line().await.expect("an answer").starts_with("OK (TAG \"end\")") {}
    }
}
