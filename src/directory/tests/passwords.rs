//! Passwords, app passwords, throttling, states.

use crate::{CLIENT, PASSWORD, empty, new, populate, populated, with_limits};
use config::Limits;
use directory::{Account, AccountState, Directory, Login, Protocol, SignInError};
use std::net::IpAddr;

async fn imap(directory: &Directory, name: &str, password: &str) -> Result<Login, SignInError> {
    directory.sign_in(name, password, CLIENT, Protocol::Imap).await
}

fn is_refused<T>(result: &Result<T, SignInError>) -> bool {
    matches!(result, Err(SignInError::Refused))
}

#[tokio::test]
async fn the_right_password_opens_and_others_do_not() {
    let (directory, alice, _) = populated().await;
    let login = imap(&directory, "Alice@Example.TEST", PASSWORD).await.unwrap();
    assert_eq!(login, Login { account: alice.clone(), app_password: None });
    assert_eq!(imap(&directory, "alice", PASSWORD).await.unwrap().account, alice);
    for (name, password) in [
        ("alice@example.test", "wrong password"),
        ("alice@example.test", ""),
        ("nobody@example.test", PASSWORD),
        ("alice@other.test", PASSWORD),
        ("", PASSWORD),
        ("not an address@", PASSWORD),
    ] {
        assert!(is_refused(&imap(&directory, name, password).await), "{name}");
    }
    directory.domain_add("second.test").await.unwrap();
    assert!(is_refused(&imap(&directory, "alice", PASSWORD).await), "a bare name is not clear any more");
}

#[tokio::test]
async fn a_changed_password_is_known_at_once() {
    let (directory, alice, _) = populated().await;
    imap(&directory, "alice@example.test", PASSWORD).await.unwrap();
    directory.password_set(alice.id, "another password").await.unwrap();
    assert!(is_refused(&imap(&directory, "alice@example.test", PASSWORD).await));
    imap(&directory, "alice@example.test", "another password").await.unwrap();
    assert!(directory.password_set(alice.id, "short").await.is_err());
    assert!(directory.password_set(directory::AccountId(99), "long enough").await.is_err());
}

#[tokio::test]
async fn passwords_may_hold_any_text() {
    let (directory, alice, _) = populated().await;
    directory.password_set(alice.id, "пароль с пробелами").await.unwrap();
    imap(&directory, "alice@example.test", "пароль с пробелами").await.unwrap();
    assert!(directory.password_set(alice.id, "with a \0 zero").await.is_err());
}

#[tokio::test]
async fn suspended_and_closed_accounts_cannot_sign_in() {
    let (directory, _, bob) = populated().await;
    imap(&directory, "bob@example.test", PASSWORD).await.unwrap();
    for state in [AccountState::Suspended, AccountState::Closed] {
        directory.account_update(Account { state, ..bob.clone() }).await.unwrap();
        assert!(is_refused(&imap(&directory, "bob@example.test", PASSWORD).await), "{state:?}");
    }
    directory.account_update(bob).await.unwrap();
    imap(&directory, "bob@example.test", PASSWORD).await.unwrap();
}

#[tokio::test]
async fn app_passwords_open_mail_but_not_the_web() {
    let (directory, alice, bob) = populated().await;
    let (phone, secret) = directory.app_password_add(alice.id, " Phone ").await.unwrap();
    assert_eq!(phone.name, "Phone");
    assert_eq!(secret.len(), 19);
    assert!(secret.split('-').all(|group| group.len() == 4 && group.bytes().all(|byte| byte.is_ascii_lowercase())));
    for typed in [secret.clone(), secret.to_uppercase(), secret.replace('-', " "), secret.replace('-', "")] {
        let login = imap(&directory, "alice@example.test", &typed).await.unwrap();
        assert_eq!(login.app_password, Some(phone.id));
    }
    assert!(is_refused(&directory.sign_in("alice@example.test", &secret, CLIENT, Protocol::Web).await));
    assert!(is_refused(&imap(&directory, "bob@example.test", &secret).await));
    imap(&directory, "alice@example.test", PASSWORD).await.unwrap();

    assert_eq!(directory.app_passwords(alice.id).unwrap(), std::slice::from_ref(&phone));
    assert!(directory.app_password_remove(bob.id, phone.id).await.is_err());
    directory.app_password_remove(alice.id, phone.id).await.unwrap();
    assert!(is_refused(&imap(&directory, "alice@example.test", &secret).await), "removed, and memory knows it");
    assert!(directory.app_password_add(alice.id, "").await.is_err());
    assert!(directory.app_password_add(alice.id, &"x".repeat(101)).await.is_err());
}

#[tokio::test]
async fn too_many_failures_hold_up_the_account_and_say_for_how_long() {
    let limits = Limits { sign_in_failures_per_account_max: 3, ..Limits::default() };
    let (directory, _, _) = populate(with_limits(&limits)).await;
    let from = |last: u8| IpAddr::from([198, 51, 100, last]);
    directory.sign_in("alice@example.test", PASSWORD, CLIENT, Protocol::Imap).await.unwrap();
    for n in 0..3 {
        assert!(is_refused(&directory.sign_in("alice@example.test", "wrong password", from(n), Protocol::Smtp).await));
    }
    let held = directory.sign_in("ALICE@example.test", PASSWORD, from(9), Protocol::Imap).await.unwrap_err();
    assert!(matches!(held, SignInError::Throttled(wait) if wait <= Limits::SIGN_IN_WINDOW));
    assert!(held.to_string().starts_with("too many failed sign-ins; try again in "), "{held}");
    directory.sign_in("bob@example.test", PASSWORD, from(9), Protocol::Imap).await.unwrap();
    // Where alice has signed in before, a stranger's tries do not keep her out.
    directory.sign_in("alice@example.test", PASSWORD, CLIENT, Protocol::Imap).await.unwrap();
}

#[tokio::test]
async fn names_that_do_not_exist_are_held_up_the_same() {
    let limits = Limits { sign_in_failures_per_account_max: 2, ..Limits::default() };
    let (directory, _, _) = populate(with_limits(&limits)).await;
    for _ in 0..2 {
        assert!(is_refused(&imap(&directory, "nobody@example.test", PASSWORD).await));
    }
    assert!(matches!(imap(&directory, "nobody@example.test", PASSWORD).await, Err(SignInError::Throttled(_))));
}

#[tokio::test]
async fn too_many_failures_hold_up_the_address() {
    let limits = Limits { sign_in_failures_per_address_max: 3, ..Limits::default() };
    let (directory, _, _) = populate(with_limits(&limits)).await;
    for n in 0..3 {
        assert!(is_refused(&imap(&directory, &format!("nobody{n}@example.test"), "wrong password").await));
    }
    assert!(matches!(imap(&directory, "alice@example.test", PASSWORD).await, Err(SignInError::Throttled(_))));
    let elsewhere = IpAddr::from([203, 0, 113, 1]);
    directory.sign_in("alice@example.test", PASSWORD, elsewhere, Protocol::Imap).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn many_sign_ins_at_once_all_succeed() {
    let directory = empty();
    directory.domain_add("example.test").await.unwrap();
    directory.account_add(new("alice@example.test")).await.unwrap();
    let tries: Vec<_> = (0..200)
        .map(|_| {
            let directory = directory.directory.clone();
            tokio::spawn(async move { imap(&directory, "alice@example.test", PASSWORD).await.is_ok() })
        })
        .collect();
    for one in tries {
        assert!(one.await.unwrap());
    }
}
