//! THREAD with both algorithms.

use crate::Server;
use store::Flags;

#[tokio::test]
async fn both_algorithms() {
    let server = Server::start().await;
    let texts = [
        "Subject: top\r\nMessage-ID: <a@x>\r\nDate: Tue, 24 Nov 2026 10:00:00 +0000\r\n\r\n",
        "Subject: Re: top\r\nMessage-ID: <b@x>\r\nReferences: <a@x>\r\nDate: Tue, 24 Nov 2026 11:00:00 +0000\r\n\r\n",
        "Subject: Re: top\r\nMessage-ID: <c@x>\r\nReferences: <a@x> <b@x>\r\nDate: Tue, 24 Nov 2026 12:00:00 +0000\r\n\r\n",
        "Subject: else\r\nMessage-ID: <d@x>\r\nDate: Tue, 24 Nov 2026 09:00:00 +0000\r\n\r\n",
        "Subject: Re: top\r\nMessage-ID: <e@x>\r\nIn-Reply-To: <a@x>\r\nDate: Tue, 24 Nov 2026 13:00:00 +0000\r\n\r\n",
    ];
    server.deliver_all("INBOX", &texts, &Flags::default()).await;
    let mut client = server.inbox().await;
    client
        .speak(
            r"
            C: 1 THREAD REFERENCES UTF-8 ALL
            S: * THREAD (4)(1 (2 3)(5))
            S: 1 OK THREAD completed
            C: 2 UID THREAD ORDEREDSUBJECT UTF-8 ALL
            S: * THREAD (4)(1 (2)(3)(5))
            S: 2 OK THREAD completed
            C: 3 THREAD REFERENCES UTF-8 2:5
            S: * THREAD (4)((2 3)(5))
            S: 3 OK THREAD completed
            C: 4 THREAD REFERENCES UTF-8 DELETED
            S: * THREAD
            S: 4 OK THREAD completed
            C: 5 UID STORE 4 +FLAGS.SILENT (\Deleted)
            S: 5 OK ...
            C: 6 UID EXPUNGE 4
            S: * 4 EXPUNGE
            S: 6 OK ...
            C: 7 THREAD REFERENCES UTF-8 ALL
            S: * THREAD (1 (2 3)(4))
            S: 7 OK THREAD completed
            C: 8 UID THREAD REFERENCES UTF-8 ALL
            S: * THREAD (1 (2 3)(5))
            S: 8 OK THREAD completed
            ",
        )
        .await;
}
