//! Power cuts: the store is on a file system on a loop device. The writers are stopped, the image of the device is copied as it
//! is, without what the page cache still holds, and the copy is mounted as after a power cut.
//!
//! Limits: the device has no cache of its own that would be lost, and the copy is not made in one instant.

use super::*;
use kill::{Acknowledged, Writers, look};
use mount::{Mount, run, say_skipped};
use std::{fs::File, process::Command};

on_both_engines!(what_was_acknowledged_survives_a_power_cut);

const CUTS: u32 = 6;
const IMAGE_BYTES: u64 = 64 << 20;

fn what_was_acknowledged_survives_a_power_cut(engine: Engine) {
    let folder = TempDir::new().unwrap();
    let mut image = folder.path().join("image");
    File::create(&image).unwrap().set_len(IMAGE_BYTES).unwrap();
    let made = run(Command::new("mkfs.ext4").args(["-q", "-F"]).arg(&image));
    if let Err(error) = made.and_then(|_| Mount::image(&image)).map(drop) {
        return say_skipped("power::what_was_acknowledged_survives_a_power_cut", &error);
    }
    let mut acknowledged = Acknowledged::default();
    for cut in 0..CUTS {
        let after = folder.path().join(format!("after-{cut}"));
        cut_power(engine, &image, &after, cut, &mut acknowledged);
        // The next one befalls what is left of this one.
        image = after;
        let mount = Mount::image(&image).unwrap();
        let recovery = look(&mount.dir.path().join("store"), engine, &acknowledged);
        assert_eq!(recovery.rebuilt, None, "the engine survives as well, by its checkpoints");
    }
    assert!(acknowledged.0.len() > 50, "{}", acknowledged.0.len());
}

fn cut_power(engine: Engine, image: &Path, after: &Path, cut: u32, acknowledged: &mut Acknowledged) {
    let mount = Mount::image(image).unwrap();
    let mut child = Writers::start(&mount.dir.path().join("store"), engine, [1, 16][cut as usize % 2], cut);
    child.read_lines(10 + chance(200), acknowledged);
    stop(child.process.id());
    // What it said until now was on the device when it said so.
    run(Command::new("cp").arg("--sparse=always").arg(image).arg(after)).unwrap();
    child.process.kill().unwrap();
    child.read_rest(acknowledged);
}

/// Stops a process and waits until each of its threads stands still.
fn stop(process: u32) {
    run(Command::new("sh").args(["-c", &format!("kill -STOP {process}")])).unwrap();
    let stands = |task: std::fs::DirEntry| {
        let stat = std::fs::read_to_string(task.path().join("stat")).unwrap();
        stat.rsplit(") ").next().unwrap().starts_with('T')
    };
    while !std::fs::read_dir(format!("/proc/{process}/task")).unwrap().all(|task| stands(task.unwrap())) {
        std::thread::yield_now();
    }
}
