//! Where mail goes: aliases, tags, catch-all, reserved names.

use crate::{Fixture, address, new, populated};
use directory::{Account, AccountState, Error, Resolution, alias::Alias};

async fn alias(directory: &Fixture, from: &str, to: &[&str]) -> Result<(), Error> {
    let targets = to.iter().map(|to| address(to)).collect();
    directory.alias_put(Alias { address: address(from), targets }).await
}

async fn refused(directory: &Fixture, from: &str, to: &[&str]) -> String {
    alias(directory, from, to).await.unwrap_err().to_string()
}

/// Where mail goes, in words.
fn way(directory: &Fixture, to: &str) -> String {
    match directory.resolve(&address(to)).unwrap() {
        Resolution::Deliver { accounts, remote } => {
            let accounts = accounts.iter().map(|(id, by)| format!("{}:{by}", id.0));
            accounts.chain(remote.iter().map(ToString::to_string)).collect::<Vec<_>>().join(" ")
        }
        other => format!("{other:?}"),
    }
}

#[tokio::test]
async fn exact_then_tag_then_alias_then_catch_all() {
    let (directory, _, _) = populated().await;
    assert_eq!(way(&directory, "someone@elsewhere.test"), "Remote");
    assert_eq!(way(&directory, "nobody@example.test"), "Unknown");
    assert_eq!(way(&directory, "ALICE@example.test"), "1:ALICE@example.test");
    assert_eq!(way(&directory, "alice+list@example.test"), "1:alice+list@example.test");
    alias(&directory, "alice+list@example.test", &["bob@example.test"]).await.unwrap();
    assert_eq!(way(&directory, "alice+LIST@example.test"), "2:bob@example.test");
    alias(&directory, "info@example.test", &["alice+info@example.test"]).await.unwrap();
    assert_eq!(way(&directory, "info+x@example.test"), "1:alice+info@example.test");

    let mut domain = directory.domain("example.test").unwrap();
    domain.catch_all = Some(address("info@example.test"));
    directory.domain_update(domain.clone()).await.unwrap();
    assert_eq!(way(&directory, "nobody@example.test"), "1:alice+info@example.test");
    assert_eq!(way(&directory, "bob@example.test"), "2:bob@example.test");
    domain.catch_all = Some(address("all@elsewhere.test"));
    directory.domain_update(domain.clone()).await.unwrap();
    assert_eq!(way(&directory, "nobody@example.test"), "all@elsewhere.test");
    domain.catch_all = Some(address("gone@example.test"));
    let error = directory.domain_update(domain).await.unwrap_err();
    assert_eq!(error.to_string(), "gone@example.test does not exist here, so it cannot take mail");
}

#[tokio::test]
async fn one_alias_leads_to_many_here_and_elsewhere_none_twice() {
    let (directory, _, _) = populated().await;
    let all = ["alice@example.test", "bob@example.test", "x@elsewhere.test", "X@elsewhere.test"];
    alias(&directory, "all@example.test", &all).await.unwrap();
    alias(&directory, "more@example.test", &["all@example.test", "Bob@example.test", "alice+a@example.test"])
        .await
        .unwrap();
    let to = way(&directory, "more@example.test");
    assert_eq!(to, "1:alice@example.test 2:bob@example.test x@elsewhere.test");
}

#[tokio::test]
async fn what_an_alias_must_be() {
    let (directory, _, _) = populated().await;
    assert_eq!(refused(&directory, "a@example.test", &[]).await, "the alias a@example.test needs a target");
    assert_eq!(refused(&directory, "a@other.test", &["bob@example.test"]).await, "domain other.test does not exist");
    assert_eq!(refused(&directory, "BOB@example.test", &["x@y.test"]).await, "account BOB@example.test exists already");
    assert_eq!(
        refused(&directory, "a@example.test", &["nobody@example.test"]).await,
        "nobody@example.test does not exist here"
    );
    let many: Vec<String> = (0..201).map(|n| format!("user{n}@elsewhere.test")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    assert_eq!(refused(&directory, "a@example.test", &many).await, "an alias has at most 200 targets");
    alias(&directory, "a@example.test", &many[..200]).await.unwrap();
    let taken = directory.account_add(new("a@example.test")).await.unwrap_err();
    assert_eq!(taken.to_string(), "alias a@example.test exists already");
    directory.alias_remove(&address("A@example.test")).await.unwrap();
    assert!(matches!(directory.alias_remove(&address("a@example.test")).await, Err(Error::NotFound(_))));
}

#[tokio::test]
async fn loops_are_refused() {
    let (directory, _, _) = populated().await;
    assert_eq!(
        refused(&directory, "a@example.test", &["A@example.test"]).await,
        "the alias A@example.test leads back to itself"
    );
    let tagged = refused(&directory, "a@example.test", &["a+x@example.test"]).await;
    assert!(tagged.contains("leads back to itself"), "{tagged}");
    alias(&directory, "a@example.test", &["bob@example.test"]).await.unwrap();
    alias(&directory, "b@example.test", &["a@example.test"]).await.unwrap();
    alias(&directory, "c@example.test", &["b+x@example.test"]).await.unwrap();
    let closed = refused(&directory, "a@example.test", &["c@example.test", "bob@example.test"]).await;
    assert!(closed.contains("leads back to itself"), "{closed}");
    assert_eq!(way(&directory, "c@example.test"), "2:bob@example.test");

    // By way of the catch-all: an alias cannot lead to an address that only it would take.
    let mut domain = directory.domain("example.test").unwrap();
    domain.catch_all = Some(address("c@example.test"));
    directory.domain_update(domain).await.unwrap();
    let closed = refused(&directory, "a@example.test", &["whoever@example.test"]).await;
    assert!(closed.contains("leads back to itself"), "{closed}");
}

#[tokio::test]
async fn chains_have_an_end_from_whichever_side_they_grow() {
    let (directory, _, _) = populated().await;
    alias(&directory, "n0@example.test", &["bob@example.test"]).await.unwrap();
    let mut grown = 0;
    let error = loop {
        let (from, to) = (format!("n{}@example.test", grown + 1), format!("n{grown}@example.test"));
        match alias(&directory, &from, &[&to]).await {
            Ok(()) => grown += 1,
            Err(error) => break error.to_string(),
        }
    };
    assert!(error.contains("too long a chain"), "{error}");
    assert!(grown >= 8, "{grown}");
    assert_eq!(way(&directory, &format!("n{grown}@example.test")), "2:bob@example.test");
    // Joining a second chain below would make the first too long.
    alias(&directory, "m@example.test", &["bob@example.test"]).await.unwrap();
    let joined = refused(&directory, "n0@example.test", &["m@example.test"]).await;
    assert!(joined.contains("too long a chain"), "{joined}");
    assert_eq!(way(&directory, &format!("n{grown}@example.test")), "2:bob@example.test");
}

#[tokio::test]
async fn postmaster_and_abuse_reach_the_first_admin() {
    let (directory, _, _) = populated().await;
    directory.domain_add("second.test").await.unwrap();
    assert_eq!(way(&directory, "PostMaster@second.test"), "1:alice@example.test");
    assert_eq!(way(&directory, "abuse+spam@example.test"), "1:alice@example.test");
    let Resolution::Deliver { accounts, .. } = directory.resolve_postmaster().unwrap() else { panic!("no postmaster") };
    assert_eq!(accounts[0].1, address("alice@example.test"));
    alias(&directory, "abuse@example.test", &["bob@example.test"]).await.unwrap();
    assert_eq!(way(&directory, "abuse@example.test"), "2:bob@example.test");
}

#[tokio::test]
async fn suspended_accounts_receive_and_closed_ones_refuse() {
    let (directory, _, bob) = populated().await;
    alias(&directory, "team@example.test", &["alice@example.test", "bob@example.test"]).await.unwrap();
    alias(&directory, "only@example.test", &["bob@example.test"]).await.unwrap();
    directory.account_update(Account { state: AccountState::Suspended, ..bob.clone() }).await.unwrap();
    assert_eq!(way(&directory, "bob@example.test"), "2:bob@example.test");
    directory.account_update(Account { state: AccountState::Closed, ..bob.clone() }).await.unwrap();
    assert_eq!(way(&directory, "bob+x@example.test"), "Disabled");
    assert_eq!(way(&directory, "only@example.test"), "Disabled");
    assert_eq!(way(&directory, "team@example.test"), "1:alice@example.test");
    directory.account_remove(bob.id).await.unwrap();
    assert_eq!(way(&directory, "only@example.test"), "Unknown");
}

#[tokio::test]
async fn an_account_may_send_as_itself_and_as_aliases_that_lead_to_it_alone() {
    let (directory, alice, bob) = populated().await;
    alias(&directory, "sales@example.test", &["bob@example.test"]).await.unwrap();
    alias(&directory, "shop@example.test", &["sales@example.test"]).await.unwrap();
    alias(&directory, "team@example.test", &["alice@example.test", "bob@example.test"]).await.unwrap();
    alias(&directory, "out@example.test", &["bob@example.test", "x@elsewhere.test"]).await.unwrap();
    let mut domain = directory.domain("example.test").unwrap();
    domain.catch_all = Some(bob.address.clone());
    directory.domain_update(domain).await.unwrap();
    let may = |account: &Account, text: &str| directory.account_may_send_as(account.id, &address(text)).unwrap();
    for own in ["bob@example.test", "BOB+tag@example.test", "sales@example.test", "shop+x@example.test"] {
        assert!(may(&bob, own) && !may(&alice, own), "{own}");
    }
    for other in
        ["team@example.test", "out@example.test", "nobody@example.test", "x@elsewhere.test", "postmaster@example.test"]
    {
        assert!(!may(&bob, other) && !may(&alice, other), "{other}");
    }
    let addresses: Vec<String> = directory.account_addresses(bob.id).unwrap().iter().map(ToString::to_string).collect();
    assert_eq!(addresses, ["bob@example.test", "sales@example.test", "shop@example.test"]);
}
