//! Server-sent events: one long answer that ends when the server drains or the session does.

use crate::{Fault, Session, site::Shared};
use actix_web::{
    HttpRequest, HttpResponse,
    http::header,
    web::{self, Bytes},
};
use futures_util::stream;
use std::{convert::Infallible, time::Duration};
use tokio::sync::{mpsc, watch};

/// Silence after which a comment is sent, so that proxies and phones keep the connection.
const KEEP_ALIVE: Duration = Duration::from_secs(20);

/// One event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Its name, as in `addEventListener`.
    pub name: &'static str,
    /// Its data; line ends are kept.
    pub data: String,
}

impl Event {
    fn encode(&self) -> Bytes {
        let mut text = format!("event: {}\n", self.name);
        for line in self.data.split('\n') {
            text.push_str("data: ");
            text.push_str(line.trim_end_matches('\r'));
            text.push('\n');
        }
        text.push('\n');
        text.into()
    }
}

struct Open {
    events: mpsc::Receiver<Event>,
    sessions: watch::Receiver<u64>,
    shared: web::Data<Shared>,
    session: Session,
    greeted: bool,
}

/// Sends what comes out of `events` until it closes, the session ends or the server drains. The sender's end of the channel
/// closes when the browser goes away.
///
/// # Errors
/// [`Fault::Unavailable`] while the server drains.
pub fn stream(request: &HttpRequest, session: Session, events: mpsc::Receiver<Event>) -> Result<HttpResponse, Fault> {
    let shared =
        request.app_data::<web::Data<Shared>>().cloned().ok_or_else(|| Fault::internal("events outside a site"))?;
    if shared.shutdown.draining.is_cancelled() {
        return Err(Fault::Unavailable("draining".into()));
    }
    let open = Open { events, sessions: shared.primary.sessions_changed(), shared, session, greeted: false };
    let body = stream::unfold(open, |mut open| async move {
        let bytes = open.next().await?;
        Some((Ok::<_, Infallible>(bytes), open))
    });
    Ok(HttpResponse::Ok()
        .content_type("text/event-stream")
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .insert_header(("X-Accel-Buffering", "no"))
        // Compression would hold events back.
        .insert_header(header::ContentEncoding::Identity)
        .streaming(body))
}

impl Open {
    async fn next(&mut self) -> Option<Bytes> {
        if !self.greeted {
            self.greeted = true;
            return Some(Bytes::from_static(b"retry: 2000\n\n"));
        }
        loop {
            tokio::select! {
                () = self.shared.shutdown.draining.cancelled() => return None,
                event = self.events.recv() => return event.map(|e| e.encode()),
                changed = self.sessions.changed() => if changed.is_err() || !self.still_signed_in().await { return Some(self.farewell()) },
                () = tokio::time::sleep(KEEP_ALIVE) => {
                    return if self.still_signed_in().await { Some(Bytes::from_static(b": \n\n")) } else { Some(self.farewell()) };
                }
            }
        }
    }

    /// Tells the page that its session is over, and ends the stream after that.
    fn farewell(&mut self) -> Bytes {
        self.events.close();
        while self.events.try_recv().is_ok() {}
        Event { name: "signed-out", data: String::new() }.encode()
    }

    async fn still_signed_in(&self) -> bool {
        // While the primary cannot be asked the stream stays: nothing is sent on it that IMAP would not give.
        self.shared.primary.session(&self.session.ticket).await.map_or(true, |s| s.is_some())
    }
}

#[cfg(test)]
mod tests {
    use super::Event;

    #[test]
    fn line_ends_stay_inside_the_data() {
        let event = Event { name: "mail", data: "a\nb".into() };
        assert_eq!(&event.encode()[..], b"event: mail\ndata: a\ndata: b\n\n");
    }
}
