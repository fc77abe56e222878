//! What an admin does.

use super::World;
use queue::{Done, Error, Selection, State};
use store::{SpoolId, trace::Step};
use testkit::sink::{Deed, Step as At};

fn domain(name: &str) -> Selection {
    Selection { domain: Some(name.into()), ..Selection::default() }
}

fn state(state: State) -> Selection {
    Selection { state: Some(state), ..Selection::default() }
}

const ONE: Done = Done { changed: 1, busy: 0 };

#[tokio::test]
async fn a_retry_does_not_wait_for_its_time() {
    let mut world = World::new().await;
    world.sink.once(At::Rcpt, "450 4.2.0 Not now");
    let queue = world.start();
    world.send(&["bob@elsewhere.test"]).await;
    let waiting = world.tried(1).await;
    let detail = queue.detail(waiting.id).unwrap();
    assert_eq!(detail.state, State::Deferred);
    assert_eq!(detail.reason, "The last try ended with mx.elsewhere.test: 450 4.2.0 Not now");
    assert_eq!(detail.expires, waiting.created + 48 * 3_600_000);
    assert_eq!(queue.retry(&Selection::one(waiting.id)).await.unwrap(), ONE);
    world.empty().await;
    assert_eq!(world.sink.taken().len(), 1);
    assert!(matches!(queue.detail(waiting.id), Err(Error::NotFound)));
    assert_eq!(queue.retry(&Selection::one(waiting.id)).await.unwrap(), Done::default());
}

#[tokio::test]
async fn what_is_held_waits_for_its_release() {
    let mut world = World::new().await;
    world.dns.mx("other.test", 10, "mx.elsewhere.test");
    world.send(&["bob@elsewhere.test"]).await;
    let queue = world.start();
    // The queue may have been quicker: what it has in hand is held too, but not called back.
    world.empty().await;
    world.sink.always(At::Greeting, "421 4.3.2 Not now");
    world.send(&["bob@elsewhere.test"]).await;
    world.tried(1).await;
    assert_eq!(queue.hold(&domain("Elsewhere.test")).await.unwrap(), ONE);
    world.sink.behave();
    assert_eq!(queue.retry(&Selection::default()).await.unwrap(), Done::default());
    world.send(&["carol@other.test"]).await;
    world.sink.received(2).await;
    let left = world.tried(1).await;
    assert!(left.held);
    assert_eq!(queue.detail(left.id).unwrap().state, State::Held);
    assert_eq!(queue.release(&state(State::Held)).await.unwrap(), ONE);
    world.empty().await;
    assert_eq!(world.sink.taken().len(), 3);
}

#[tokio::test]
async fn a_drop_tells_the_sender_only_when_asked_to() {
    let mut world = World::new().await;
    world.sink.always(At::Greeting, "421 4.3.2 Not now");
    let queue = world.start();
    let quiet = world.send(&["bob@elsewhere.test"]).await;
    let entry = world.tried(1).await;
    assert_eq!(queue.discard(&Selection::one(entry.id), false).await.unwrap(), ONE);
    assert!(world.entries().is_empty() && world.inbox().is_empty());
    assert_eq!(world.steps(quiet).last(), Some(&Step::Dropped));
    world.send(&["bob@elsewhere.test", "carol@elsewhere.test"]).await;
    world.all_tried().await;
    assert_eq!(queue.discard(&domain("elsewhere.test"), true).await.unwrap(), Done { changed: 2, busy: 0 });
    assert!(world.entries().is_empty());
    let bounce = world.notification();
    assert!(bounce.contains("bob@elsewhere.test") && bounce.contains("carol@elsewhere.test"), "{bounce}");
    assert!(bounce.contains("an administrator removed the message"), "{bounce}");
}

#[tokio::test]
async fn what_is_being_delivered_is_not_dropped() {
    let mut world = World::new().await;
    world.sink.always(At::Data, Deed::Wait);
    let queue = world.start();
    world.send(&["bob@elsewhere.test"]).await;
    world.sink.reached(At::Data, 1).await;
    let found = queue.list(&state(State::Active), SpoolId(0), 10).unwrap();
    assert_eq!(found.len(), 1);
    let busy = Done { changed: 0, busy: 1 };
    assert_eq!(queue.discard(&Selection::default(), true).await.unwrap(), busy);
    world.sink.release();
    world.empty().await;
    assert_eq!(world.sink.taken().len(), 1);
    assert!(world.inbox().is_empty());
}

#[tokio::test]
async fn the_list_is_cut_by_domain_sender_and_state() {
    let mut world = World::new().await;
    for name in ["elsewhere.test", "other.test", "third.test"] {
        world.dns.fail(name);
    }
    let queue = world.start();
    world.send(&["bob@elsewhere.test", "carol@other.test"]).await;
    world.send_from("<>", &["bob@elsewhere.test"], "Subject: x\r\n\r\n").await;
    world.send_from("dora@example.test", &["eve@third.test"], "Subject: x\r\n\r\n").await;
    world.all_tried().await;
    let count = |selection: Selection| queue.list(&selection, SpoolId(0), 100).unwrap().len();
    assert_eq!(count(Selection::default()), 4);
    assert_eq!(count(domain("elsewhere.test")), 2);
    assert_eq!(count(Selection { sender: Some("DORA@".into()), ..Selection::default() }), 1);
    assert_eq!(count(Selection { sender: Some("<>".into()), ..domain("elsewhere.test") }), 1);
    assert_eq!(count(state(State::Deferred)), 4);
    assert_eq!(count(state(State::Held)), 0);
    let first = queue.list(&Selection::default(), SpoolId(0), 3).unwrap();
    let rest = queue.list(&Selection::default(), first[2].entry.id, 3).unwrap();
    assert_eq!((first.len(), rest.len()), (3, 1));
}
