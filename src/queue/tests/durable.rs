//! Ends in the middle, and what the next start makes of them.

use super::{MINUTE, World};
use std::{
    collections::BTreeSet,
    fs::File,
    io::Write as _,
    path::{Path, PathBuf},
    process::Command,
};
use tempfile::TempDir;
use testkit::sink::{Deed, Options, Step as At};

#[tokio::test]
async fn a_kill_loses_nothing_and_sends_nothing_twice() {
    let mut world = World::new().await;
    world.settings.queue.per_destination_max = 1;
    world.sink.about(At::Mail, "fourth@", Deed::Wait);
    for name in ["first", "second", "third", "fourth", "fifth", "sixth"] {
        let text = format!("Subject: {name}\r\n\r\n");
        world.send_from(&format!("{name}@example.test"), &["bob@elsewhere.test"], &text).await;
    }
    world.start();
    // The three before have got their 250 and left the spool; the fourth is under way.
    world.sink.reached(At::Mail, 4).await;
    world.kill().await;
    assert_eq!(world.entries().len(), 3);
    assert!(world.entries().iter().all(|entry| entry.attempts == 0));
    world.sink.release();
    world.start();
    world.empty().await;
    let received = world.sink.received(6).await;
    assert_eq!(received.len(), 6);
    let senders: BTreeSet<&str> = received.iter().map(|mail| mail.from.as_str()).collect();
    assert_eq!(senders.len(), 6);
}

#[tokio::test]
async fn a_kill_before_the_final_reply_keeps_the_message() {
    let mut world = World::new().await;
    world.sink.once(At::End, Deed::Silence);
    world.send(&["bob@elsewhere.test", "carol@elsewhere.test"]).await;
    world.start();
    world.sink.reached(At::End, 1).await;
    world.kill().await;
    assert_eq!(world.entries().len(), 2);
    world.start();
    world.empty().await;
    assert_eq!(world.sink.taken().len(), 1);
    assert_eq!(world.sink.taken()[0].to, ["bob@elsewhere.test", "carol@elsewhere.test"]);
}

#[tokio::test]
async fn what_was_put_off_stays_so_over_a_restart() {
    let mut world = World::new().await;
    world.sink.once(At::Rcpt, "450 4.2.0 Not now");
    world.send(&["bob@elsewhere.test"]).await;
    world.start();
    let before = world.tried(1).await;
    world.kill().await;
    assert_eq!(world.entries(), [before]);
    world.start();
    world.clock.advance(6 * MINUTE);
    world.empty().await;
    assert_eq!(world.sink.taken().len(), 1);
}

#[tokio::test]
async fn draining_lets_a_delivery_finish_and_starts_no_other() {
    let mut world = World::new().await;
    world.settings.queue.per_destination_max = 1;
    world.sink.always(At::Data, Deed::Wait);
    world.send(&["bob@elsewhere.test"]).await;
    world.send(&["carol@elsewhere.test"]).await;
    world.start();
    world.sink.reached(At::Data, 1).await;
    let running = world.running.take().unwrap();
    running.shutdown.draining.cancel();
    world.sink.release();
    running.task.await.unwrap();
    assert_eq!(world.sink.taken().len(), 1);
    let left = world.entries();
    assert_eq!((left.len(), left[0].recipient.to_string()), (1, "carol@elsewhere.test".into()));
}

/// A file system in memory, which needs root.
struct Disk(PathBuf);

impl Disk {
    fn mount(at: &Path) -> Option<Self> {
        let mut command = Command::new("mount");
        command.args(["-t", "tmpfs", "-o", "size=32m", "none"]).arg(at);
        command.status().is_ok_and(|status| status.success()).then(|| Self(at.to_owned()))
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("--lazy").arg(&self.0).status();
    }
}

#[tokio::test]
async fn a_disk_that_is_full_between_the_250_and_our_commit_sends_nothing_twice() {
    let folder = TempDir::new().unwrap();
    let Some(disk) = Disk::mount(folder.path()) else {
        let _ = writeln!(std::io::stderr(), "\n*** A FULL DISK WAS NOT TRIED: it takes root to mount a small one\n");
        return;
    };
    let mut world = World::within(folder, Options::default()).await;
    world.sink.always(At::End, Deed::Wait);
    let trace = world.send(&["bob@elsewhere.test"]).await;
    world.start();
    world.sink.reached(At::End, 1).await;
    // Full to the last byte, and to the last of what the log has reserved.
    let ballast = disk.0.join("ballast");
    let mut file = File::create(&ballast).unwrap();
    while file.write_all(&[1; 4096]).is_ok() {}
    while file.write_all(&[1]).is_ok() {}
    let mut number = 0_u32;
    let mut small = async || {
        number += 1;
        world.store().commit(Vec::new(), move |tx| tx.record_put(b"test/full", &number)).await
    };
    while small().await.is_ok() {}
    world.sink.release();
    assert_eq!(world.sink.received(1).await.len(), 1);
    // What the queue wants to commit comes before these.
    for _ in 0..3 {
        assert!(matches!(small().await, Err(store::Error::DiskFull)));
    }
    assert_eq!(world.entries().len(), 1);
    // Space is free again when nobody has the file open.
    drop(file);
    std::fs::remove_file(&ballast).unwrap();
    world.empty().await;
    assert_eq!(world.sink.taken().len(), 1);
    assert_eq!(world.steps(trace).last(), Some(&store::trace::Step::Sent));
    drop(world);
}
