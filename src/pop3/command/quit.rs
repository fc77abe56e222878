//! QUIT (RFC 1939 sections 4 and 6).

use crate::{
    error::{Error, TEMPORARY},
    language::Words,
    session::{Next, Session},
};

/// Deletes what was marked, and ends the session. When that fails nothing is deleted.
pub(super) async fn quit(session: &mut Session) -> Result<Next, Error> {
    let store = session.store().clone();
    // The maildrop is free for the next session before the client is told.
    let Some(maildrop) = session.take_maildrop() else {
        session.ok(&Words::new("pop3-bye"));
        return Ok(Next::End);
    };
    let account = maildrop.account;
    match maildrop.update(&store).await {
        Ok(deleted) => {
            metrics::counter!("gatepost_pop3_deleted_total").increment(deleted as u64);
            session.ok(&Words::new("pop3-bye"));
            Ok(Next::End)
        }
        Err(error) => {
            tracing::error!(account = account.0, %error, "nothing was deleted at the end of a POP3 session");
            Err(Error::bye(TEMPORARY, "pop3-nothing-deleted"))
        }
    }
}
