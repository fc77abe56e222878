//! What the commands do.
//!
//! Layout: [`greeting`] those of both states, [`sign_in`] the AUTHORIZATION state, [`listing`] and [`retrieve`] the TRANSACTION
//! state, [`quit`] its end.

mod greeting;
mod listing;
mod quit;
pub(crate) mod retrieve;
mod sign_in;

use crate::{
    error::Error,
    proto::command::Command,
    session::{Next, Session, wrong_state},
};

/// Runs a command and writes its answer.
pub(crate) async fn run(session: &mut Session, command: Command<'_>) -> Result<Next, Error> {
    let is_late = session.is_signed_in();
    match command {
        Command::Capa => greeting::capa(session),
        Command::Lang(range) => greeting::lang(session, range)?,
        Command::Quit => return quit::quit(session).await,
        Command::Stls if !is_late => return sign_in::stls(session),
        Command::Utf8 if !is_late => sign_in::utf8(session),
        Command::User(name) if !is_late => sign_in::user(session, name)?,
        Command::Pass(password) if !is_late => sign_in::pass(session, password).await?,
        Command::Auth(None) if !is_late => sign_in::mechanisms(session)?,
        Command::Auth(Some((mechanism, initial))) if !is_late => sign_in::auth(session, mechanism, initial).await?,
        Command::Noop if is_late => listing::noop(session),
        Command::Stat if is_late => listing::stat(session)?,
        Command::List(None) if is_late => listing::list(session).await?,
        Command::List(Some(number)) if is_late => listing::list_one(session, number)?,
        Command::Uidl(None) if is_late => listing::uidl(session).await?,
        Command::Uidl(Some(number)) if is_late => listing::uidl_one(session, number)?,
        Command::Dele(number) if is_late => listing::dele(session, number)?,
        Command::Rset if is_late => listing::rset(session)?,
        Command::Retr(number) if is_late => retrieve::retr(session, number).await?,
        Command::Top(number, lines) if is_late => retrieve::top(session, number, lines).await?,
        other => return Err(wrong_state(&other)),
    }
    Ok(Next::Command)
}
