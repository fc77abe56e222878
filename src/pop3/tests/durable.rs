//! What QUIT does when the store cannot.

use crate::Server;

#[tokio::test]
async fn a_quit_that_fails_says_so_and_deletes_nothing() {
    let server = Server::start().await;
    server.deliver("Subject: x\r\n\r\nx\r\n").await;
    let mut client = server.alice().await;
    client.speak("C: DELE 1\nS: +OK ...").await;
    server.store().close().await;
    client.speak("C: QUIT\nS: -ERR [SYS/TEMP] the messages could not be deleted; all of them are still there").await;
    client.closed().await;
}
