//! THREAD and UID THREAD (RFC 5256).

use super::{
    search::{find, source},
    sort::on_messages,
};
use crate::{
    error::Error,
    progress::Progress,
    proto::search::{Algorithm, Thread},
    session::{Completed, Session},
    threading::{self, Entry},
};
use store::UidSet;

/// Tells the conversations among the messages that match.
pub(crate) async fn thread(session: &mut Session, command: &Thread, bytes: &[u8]) -> Result<Completed, Error> {
    let (matches, _) = find(session, &command.key, false, bytes).await?;
    // Numbers are those of now, also when the threads are ready.
    let known = if command.uid { UidSet::default() } else { session.selected()?.known().clone() };
    let (algorithm, uid) = (command.algorithm, command.uid);
    let work = on_messages(source(session)?, matches.uids, move |messages| {
        let mut entries = Vec::new();
        messages(&mut |message| entries.push(Entry::new(&message)))?;
        let forest = match algorithm {
            Algorithm::References => threading::by_references(entries),
            Algorithm::OrderedSubject => threading::by_subject(entries),
        };
        let mut out = Vec::from(b"* THREAD");
        if !forest.is_empty() {
            out.push(b' ');
        }
        let position = |of| known.position(of).map_or(0, |index| u32::try_from(index + 1).unwrap_or(u32::MAX));
        forest.write(&mut out, |of| if uid { of } else { position(of) });
        out.extend_from_slice(b"\r\n");
        Ok(out)
    });
    let answer = session.wait_for(bytes, &Progress::default(), work).await??;
    session.wire.send(&answer).await?;
    Ok(Completed::new("THREAD completed"))
}
