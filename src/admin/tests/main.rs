//! Operations on a real store, directory and queue.

use admin::{
    Context, OpError,
    ops::{
        Operation, Password, accounts,
        accounts::{AccountAdd, AccountFilter, AccountSet},
        backup, domains,
        domains::{DomainAdd, DomainSet},
        perform, setup,
    },
};
use config::Settings;
use directory::{AccountState, Directory};
use net::dns::Resolver;
use std::{path::Path, sync::Arc};
use store::{Options, Store};
use tempfile::TempDir;
use tokio::sync::watch;

/// A new server's data folder with the domain example.test.
struct World {
    context: Context,
    folder: TempDir,
}

impl World {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let world = Self { context: context(&folder.path().join("data")), folder };
        domains::add(&world.context, DomainAdd { name: "example.test".into(), ..DomainAdd::default() }).await.unwrap();
        world
    }

    async fn add(&self, local: &str, admin: bool) {
        let add = AccountAdd {
            address: format!("{local}@example.test"),
            name: String::new(),
            password: Password("correct horse".into()),
            admin,
            quota: None,
        };
        accounts::add(&self.context, add).await.unwrap();
    }
}

fn context(dir: &Path) -> Context {
    std::fs::create_dir_all(dir).unwrap();
    let settings = Arc::new(Settings::new("mail.example.test", dir));
    let config_file = dir.join("gatepost.toml");
    if !config_file.exists() {
        std::fs::write(&config_file, "hostname = \"mail.example.test\"\ndata_dir = \".\"\n").unwrap();
    }
    let (store, _) = Store::open(&dir.join("store"), &Options::default()).unwrap();
    let directory = Directory::new(store, &settings.limits);
    let resolver = Resolver::new(&settings.dns).unwrap();
    let tls = smtp::client::Tls::new().unwrap();
    Context {
        filter: filter::Filter::new(directory.store().clone(), resolver.clone(), settings.clone()),
        queue: queue::Queue::new(directory.clone(), resolver.clone(), settings.clone(), tls),
        settings: watch::channel(settings).1,
        config_file,
        directory,
        resolver,
        certificates: None,
        figures: None,
        search: None,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_holds_everything_and_opens_as_a_server() {
    let world = World::new().await;
    world.add("alice", true).await;
    std::fs::create_dir(world.folder.path().join("data/tls")).unwrap();
    std::fs::write(world.folder.path().join("data/tls/self-signed.pem"), "a key").unwrap();
    let target = world.folder.path().join("backup");
    let done = backup::backup(&world.context, &target).await.unwrap();
    assert_eq!(done.dir, target);
    assert!(done.files >= 4 && done.bytes > 0, "{done:?}");
    world.add("later", false).await;

    let copy = context(&target);
    let addresses: Vec<String> =
        accounts::list(&copy, None).unwrap().into_iter().map(|account| account.address).collect();
    assert_eq!(addresses, ["alice@example.test"], "what was there before, and nothing after");
    assert_eq!(std::fs::read_to_string(target.join("tls/self-signed.pem")).unwrap(), "a key");
    assert!(target.join("gatepost.toml").exists());
    assert!(!world.folder.path().join("backup.partial").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_replaces_nothing_and_clears_what_an_interrupted_one_left() {
    let world = World::new().await;
    let target = world.folder.path().join("backup");
    std::fs::create_dir_all(world.folder.path().join("backup.partial/store")).unwrap();
    backup::backup(&world.context, &target).await.unwrap();
    let again = backup::backup(&world.context, &target).await;
    assert!(matches!(again, Err(OpError::Exists(_))), "{again:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_admin_comes_by_a_link_that_works_once() {
    let world = World::new().await;
    let link = setup::link(&world.context).await.unwrap();
    let (page, token) = link.url.split_once('#').unwrap();
    assert!(page.ends_with("/setup"), "the token is in the fragment alone: {page}");
    let password = Password("correct horse".into());
    let wrong = setup::finish(&world.context, "guess", "admin@new.test", &password).await;
    assert!(matches!(wrong, Err(OpError::Invalid(_))));
    setup::finish(&world.context, token, "admin@new.test", &password).await.unwrap();
    assert!(accounts::show(&world.context, "admin@new.test").unwrap().admin);
    assert!(domains::show(&world.context, "new.test").is_ok(), "its domain was made");
    let again = setup::finish(&world.context, token, "other@new.test", &password).await;
    assert!(matches!(again, Err(OpError::Invalid(_))));
    assert!(matches!(setup::link(&world.context).await, Err(OpError::Exists(_))));
}

#[tokio::test(flavor = "multi_thread")]
async fn accounts_are_searched_and_read_in_pages() {
    let world = World::new().await;
    for local in ["anna", "bert", "berta", "carl"] {
        world.add(local, local == "carl").await;
    }
    let search = |filter: AccountFilter, offset: usize, limit: usize| {
        let (total, found) = accounts::search(&world.context, &filter, |_| offset, limit).unwrap();
        (total, found.into_iter().map(|account| account.address).collect::<Vec<_>>())
    };
    let text = |text: &str| AccountFilter { text: text.into(), ..AccountFilter::default() };
    assert_eq!(search(text("BERT"), 0, 10).0, 2);
    assert_eq!(search(text(""), 2, 1), (4, vec!["berta@example.test".to_owned()]));
    assert_eq!(search(AccountFilter { admin: true, ..AccountFilter::default() }, 0, 10).0, 1);
    assert_eq!(search(AccountFilter { domain: "other.test".into(), ..AccountFilter::default() }, 0, 10).0, 0);
    let suspended = || AccountFilter { state: Some(AccountState::Suspended), ..AccountFilter::default() };
    assert_eq!(search(suspended(), 0, 10).0, 0);
    let set = AccountSet {
        address: "anna@example.test".into(),
        state: Some(AccountState::Suspended),
        ..AccountSet::default()
    };
    accounts::set(&world.context, set).await.unwrap();
    assert_eq!(search(suspended(), 0, 10).1, ["anna@example.test"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_domain_keeps_what_is_not_changed() {
    let world = World::new().await;
    world.add("alice", true).await;
    let set = |catch_all: Option<&str>, quota| DomainSet {
        name: "example.test".into(),
        catch_all: catch_all.map(str::to_owned),
        account_quota: None,
        quota,
    };
    domains::set(&world.context, set(Some("alice@example.test"), None)).await.unwrap();
    let domain = domains::set(&world.context, set(None, Some(1 << 30))).await.unwrap();
    assert_eq!((domain.catch_all.as_deref(), domain.quota), (Some("alice@example.test"), Some(1 << 30)));
    let refused = domains::set(&world.context, set(Some("nobody@example.test"), None)).await;
    assert!(matches!(refused, Err(OpError::Invalid(_))));
    let domain = domains::set(&world.context, set(Some(""), Some(0))).await.unwrap();
    assert_eq!((domain.catch_all, domain.quota), (None, None));
    assert!(matches!(domains::remove(&world.context, "example.test").await, Err(OpError::Invalid(_))));
}

#[tokio::test(flavor = "multi_thread")]
async fn operations_travel_as_json_without_showing_passwords() {
    let world = World::new().await;
    let operation: Operation = serde_json::from_str(
        r#"{"op":"account_add","address":"eve@example.test","password":"hush hush hush","admin":true}"#,
    )
    .unwrap();
    assert!(!format!("{operation:?}").contains("hush"));
    let value = perform(&world.context, operation).await.unwrap();
    assert_eq!(value["address"], "eve@example.test");
    assert!(!value.to_string().contains("hush"));
    let status = perform(&world.context, Operation::Status).await.unwrap();
    assert_eq!((&status["accounts"], &status["running"]), (&1.into(), &false.into()));
}
