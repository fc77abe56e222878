//! Browser sessions.

use crate::{CLIENT, PASSWORD, populated};
use directory::{Account, AccountState, Directory, SignInError, Ticket};

async fn begin(directory: &Directory, name: &str) -> Ticket {
    directory.session_begin(name, PASSWORD, CLIENT, "Browser/1.0").await.unwrap().0
}

fn lives(directory: &Directory, ticket: &Ticket) -> bool {
    match directory.session(ticket) {
        Ok(_) => true,
        Err(SignInError::Refused) => false,
        Err(error) => panic!("{error}"),
    }
}

#[tokio::test]
async fn a_ticket_opens_until_it_is_ended() {
    let (directory, alice, _) = populated().await;
    let agent = "ü".repeat(500);
    let (ticket, session, account) =
        directory.session_begin("alice@example.test", PASSWORD, CLIENT, &agent).await.unwrap();
    assert_eq!((account.id, session.account, session.client), (alice.id, alice.id, CLIENT));
    assert_eq!(session.agent.chars().count(), 200);
    assert_eq!(session.expires - session.created, 30 * 86_400_000);
    assert_eq!(ticket.expose().len(), 43);
    assert!(!format!("{ticket:?}").contains(ticket.expose()));
    let (found, account) = directory.session(&Ticket::presented(ticket.expose())).unwrap();
    assert_eq!((found, account), (session, alice));

    let watch = directory.session_watch();
    directory.session_end(&ticket).await.unwrap();
    assert!(watch.has_changed().unwrap());
    assert!(!lives(&directory, &ticket));
    directory.session_end(&ticket).await.unwrap();
}

#[tokio::test]
async fn what_is_no_ticket_opens_nothing() {
    let (directory, _, _) = populated().await;
    let ticket = begin(&directory, "alice@example.test").await;
    let mut near = ticket.expose().to_owned();
    near.replace_range(..1, if near.starts_with('A') { "B" } else { "A" });
    for text in ["", "x", &near, &format!("{}A", ticket.expose()), &"ü".repeat(30), &"A".repeat(100_000)] {
        assert!(!lives(&directory, &Ticket::presented(text)), "{text}");
    }
    assert!(directory.session_begin("alice@example.test", "wrong password", CLIENT, "").await.is_err());
}

#[tokio::test]
async fn sessions_are_listed_and_ended_one_by_one_or_all() {
    let (directory, alice, bob) = populated().await;
    let mut tickets = Vec::new();
    for _ in 0..4 {
        tickets.push(begin(&directory, "alice@example.test").await);
    }
    let bobs = begin(&directory, "bob@example.test").await;
    let listed = directory.sessions(alice.id).unwrap();
    assert_eq!(listed.len(), 4);
    assert!(directory.session_end_by_id(bob.id, listed[0].id).await.is_err(), "not his");
    directory.session_end_by_id(alice.id, listed[0].id).await.unwrap();
    assert_eq!([0, 1, 2, 3].map(|n| lives(&directory, &tickets[n])), [false, true, true, true]);
    directory.sessions_end(alice.id, Some(&tickets[2])).await.unwrap();
    assert_eq!([0, 1, 2, 3].map(|n| lives(&directory, &tickets[n])), [false, false, true, false]);
    directory.sessions_end(alice.id, None).await.unwrap();
    assert!(!lives(&directory, &tickets[2]) && lives(&directory, &bobs));
    assert_eq!(directory.sessions(alice.id).unwrap(), []);
}

#[tokio::test]
async fn a_new_password_or_a_lost_right_ends_sessions_at_once() {
    let (directory, _, bob) = populated().await;
    let ticket = begin(&directory, "bob@example.test").await;
    let mut watch = directory.session_watch();
    directory.password_set(bob.id, PASSWORD).await.unwrap();
    assert!(watch.has_changed().unwrap());
    watch.mark_unchanged();
    assert!(!lives(&directory, &ticket));

    for state in [AccountState::Suspended, AccountState::Closed] {
        let ticket = begin(&directory, "bob@example.test").await;
        directory.account_update(Account { state, ..bob.clone() }).await.unwrap();
        assert!(watch.has_changed().unwrap());
        watch.mark_unchanged();
        assert!(!lives(&directory, &ticket));
        directory.account_update(bob.clone()).await.unwrap();
        assert!(!lives(&directory, &ticket), "{state:?}: ended, not hidden");
    }
    let ticket = begin(&directory, "bob@example.test").await;
    directory.account_remove(bob.id).await.unwrap();
    assert!(!lives(&directory, &ticket));
}

#[tokio::test]
async fn an_account_has_at_most_a_hundred_sessions() {
    let (directory, alice, _) = populated().await;
    let first = begin(&directory, "alice@example.test").await;
    let second = begin(&directory, "alice@example.test").await;
    for _ in 0..99 {
        begin(&directory, "alice@example.test").await;
    }
    assert_eq!(directory.sessions(alice.id).unwrap().len(), 100);
    assert!(!lives(&directory, &first) && lives(&directory, &second));
    assert_eq!(directory.sessions_sweep().await.unwrap(), 0);
}
