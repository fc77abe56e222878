//! Domains, accounts, roles, quotas, setup.

use crate::{PASSWORD, address, deliver, empty, new, populated};
use directory::{AccountState, Error, Resolution, account::NewAccount, alias::Alias};
use store::AccountId;

fn text<T: std::fmt::Debug>(result: Result<T, Error>) -> String {
    result.unwrap_err().to_string()
}

#[tokio::test]
async fn domains_are_kept_in_one_form() {
    let directory = empty();
    let domain = directory.domain_add("XN--BCHER-KVA.Example.").await.unwrap();
    assert_eq!(domain.name, "bücher.example");
    assert_eq!(directory.domain("Bücher.EXAMPLE").unwrap(), domain);
    assert!(directory.is_local("xn--bcher-kva.example").unwrap());
    assert!(!directory.is_local("example").unwrap());
    assert_eq!(text(directory.domain_add("bücher.example").await), "domain bücher.example exists already");
    for wrong in ["", "[192.0.2.1]", "a b", "a@b", "-x.test\u{0}"] {
        assert!(matches!(directory.domain_add(wrong).await, Err(Error::Invalid(_))), "{wrong:?}");
    }
}

#[tokio::test]
async fn a_domain_goes_with_its_aliases_but_not_with_accounts() {
    let (directory, _, bob) = populated().await;
    directory.domain_add("other.test").await.unwrap();
    let alias = Alias { address: address("info@other.test"), targets: vec![bob.address] };
    directory.alias_put(alias).await.unwrap();
    assert!(text(directory.domain_remove("example.test").await).contains("still has 2 accounts"));
    directory.domain_remove("other.test").await.unwrap();
    assert_eq!(directory.aliases(None).unwrap(), []);
    assert_eq!(directory.domains().unwrap().len(), 1);
    assert_eq!(text(directory.domain_remove("other.test").await), "domain other.test does not exist");
}

#[tokio::test]
async fn an_account_comes_with_mailboxes_and_one_address() {
    let (directory, alice, _) = populated().await;
    assert_eq!(directory.store().mailboxes(alice.id).unwrap().len(), 6);
    assert_eq!(directory.account_by_address(&address("ALICE@Example.Test")).unwrap(), alice);
    assert_eq!(
        text(directory.account_add(new("Alice@example.test")).await),
        "account Alice@example.test exists already"
    );
    assert_eq!(text(directory.account_add(new("x@elsewhere.test")).await), "domain elsewhere.test does not exist");
    let short = NewAccount { password: "short".into(), ..new("x@example.test") };
    assert!(text(directory.account_add(short).await).contains("at least 8 characters"));
    let long = NewAccount { password: "x".repeat(1025), ..new("x@example.test") };
    assert!(text(directory.account_add(long).await).contains("at most 1024 bytes"));
    assert_eq!(directory.accounts(Some("Example.TEST")).unwrap().len(), 2);
    assert_eq!(directory.accounts(Some("other.test")).unwrap(), []);
}

#[tokio::test]
async fn an_account_goes_with_its_mail_and_its_number_is_not_used_again() {
    let (directory, _, bob) = populated().await;
    deliver(&directory, &bob, 1000).await;
    directory.account_remove(bob.id).await.unwrap();
    assert!(matches!(directory.account(bob.id), Err(Error::NotFound(_))));
    assert_eq!(directory.resolve(&bob.address).unwrap(), Resolution::Unknown);
    assert_eq!(directory.store().mailboxes(bob.id).unwrap(), []);
    assert!(matches!(directory.account_remove(bob.id).await, Err(Error::NotFound(_))));
    let again = directory.account_add(new("bob@example.test")).await.unwrap();
    assert!(again.id > bob.id);
    assert_eq!(directory.store().usage(again.id).unwrap().bytes, 0);
}

#[tokio::test]
async fn address_and_age_of_an_account_stay() {
    let (directory, _, bob) = populated().await;
    let mut changed = bob.clone();
    changed.address = address("mallory@example.test");
    changed.created = 1;
    changed.name = "Bob B.".into();
    directory.account_update(changed).await.unwrap();
    let kept = directory.account(bob.id).unwrap();
    assert_eq!((kept.address, kept.created, kept.name.as_str()), (bob.address, bob.created, "Bob B."));
}

#[tokio::test]
async fn there_is_always_an_admin() {
    let (directory, alice, mut bob) = populated().await;
    let refused = "this is the last active admin: make another account admin first";
    for change in [
        directory::Account { admin: false, ..alice.clone() },
        directory::Account { state: AccountState::Suspended, ..alice.clone() },
        directory::Account { state: AccountState::Closed, ..alice.clone() },
    ] {
        assert_eq!(text(directory.account_update(change).await), refused);
    }
    assert_eq!(text(directory.account_remove(alice.id).await), refused);
    bob.admin = true;
    directory.account_update(bob.clone()).await.unwrap();
    directory.account_remove(alice.id).await.unwrap();
    assert_eq!(text(directory.account_remove(bob.id).await), refused);
}

#[tokio::test]
async fn quotas_of_account_and_domain_both_hold() {
    let (directory, alice, mut bob) = populated().await;
    assert_eq!(directory.quota_left(bob.id).unwrap(), None);
    bob.quota = Some(10_000);
    directory.account_update(bob.clone()).await.unwrap();
    deliver(&directory, &bob, 4_000).await;
    deliver(&directory, &alice, 3_000).await;
    assert_eq!(directory.quota_left(bob.id).unwrap(), Some(6_000));

    let mut domain = directory.domain("example.test").unwrap();
    (domain.quota, domain.account_quota) = (Some(8_000), Some(5_000));
    directory.domain_update(domain).await.unwrap();
    assert_eq!(directory.quota_left(bob.id).unwrap(), Some(1_000));
    assert_eq!(directory.quota_left(alice.id).unwrap(), Some(1_000));
    deliver(&directory, &alice, 2_000).await;
    assert_eq!(directory.quota_left(bob.id).unwrap(), Some(0));
    let carol = directory.account_add(new("carol@example.test")).await.unwrap();
    assert_eq!(carol.quota, Some(5_000));
    assert!(matches!(directory.quota_left(AccountId(99)), Err(Error::NotFound(_))));
}

#[tokio::test]
async fn every_change_of_recipients_raises_the_version() {
    let directory = empty();
    let mut version = directory.recipients_version().unwrap();
    let mut raised = |what: &str| {
        let now = directory.recipients_version().unwrap();
        assert!(now > version, "{what}");
        version = now;
    };
    directory.domain_add("example.test").await.unwrap();
    raised("domain added");
    let account = directory.account_add(new("alice@example.test")).await.unwrap();
    raised("account added");
    directory.account_update(account.clone()).await.unwrap();
    raised("account changed");
    let alias = Alias { address: address("a@example.test"), targets: vec![account.address.clone()] };
    directory.alias_put(alias).await.unwrap();
    raised("alias put");
    directory.alias_remove(&address("a@example.test")).await.unwrap();
    raised("alias removed");
    directory.domain_update(directory.domain("example.test").unwrap()).await.unwrap();
    raised("domain changed");
    directory.account_remove(account.id).await.unwrap();
    raised("account removed");
    directory.domain_remove("example.test").await.unwrap();
    raised("domain removed");
}

#[tokio::test]
async fn the_directory_outlives_a_restart() {
    let (directory, alice, _) = populated().await;
    let crate::Fixture { directory, folder } = directory;
    directory.store().close().await;
    drop(directory);
    let (store, _) = store::Store::open(folder.path(), &store::Options::default()).unwrap();
    let directory = directory::Directory::new(store, &config::Limits::default());
    assert_eq!(directory.account(alice.id).unwrap(), alice);
    let login = directory.sign_in("alice@example.test", PASSWORD, crate::CLIENT, directory::Protocol::Imap).await;
    assert_eq!(login.unwrap().account, alice);
}

#[tokio::test]
async fn the_setup_link_makes_the_first_admin_once() {
    let directory = empty();
    assert!(directory.setup_needed().unwrap());
    let old = directory.setup_token_create().await.unwrap();
    let token = directory.setup_token_create().await.unwrap();
    let admin = address("root@example.test");
    for wrong in ["", "x", &old] {
        assert!(text(directory.setup_redeem(wrong, &admin, PASSWORD).await).contains("setup link is wrong"));
    }
    assert!(text(directory.setup_redeem(&token, &admin, "short").await).contains("at least 8"));
    let account = directory.setup_redeem(&token, &admin, PASSWORD).await.unwrap();
    assert!(account.admin && !directory.setup_needed().unwrap());
    assert!(directory.is_local("example.test").unwrap());
    assert!(text(directory.setup_redeem(&token, &address("b@example.test"), PASSWORD).await).contains("setup link"));
    assert_eq!(text(directory.setup_token_create().await), "there is an admin already");
}
