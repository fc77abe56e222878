//! An index that fails while the store runs: on a full disk, or by damage that the engine meets when it reads. The log has
//! everything, so it is opened again, or made anew, in place. Until then reads and commits fail for a time.

use super::{recover, store::Shared, writer};
use crate::{
    Error, Recovery,
    index::{self, Index},
    start,
};
use std::{
    mem,
    sync::{Arc, PoisonError},
    time::Duration,
};

/// Space below which no commit is taken, bytes: what the log could still hold, the index could not.
const FREE_BYTES_MIN: u64 = 8 << 20;
/// Time between two looks whether the index is there again.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// The place of the index.
pub(crate) enum Slot {
    Open(Arc<dyn Index>),
    Failed(Failure),
    /// The store is closed.
    Closed,
}

/// Why the index has failed.
#[derive(Debug, Clone)]
pub(crate) enum Failure {
    /// No space. What it has on disk is sound.
    Full,
    /// In the words of the engine. It is not to be opened again.
    Damaged(String),
}

impl Failure {
    fn error(&self) -> Error {
        match self {
            Self::Full => Error::DiskFull,
            Self::Damaged(reason) => Error::Index(format!("it is being rebuilt: {reason}")),
        }
    }
}

impl Shared {
    /// Runs `work` on the index.
    ///
    /// # Errors
    /// [`Error::Stopped`] when the store is closed; why the index has failed; what `work` returned.
    pub(crate) fn with_index<T>(&self, work: impl FnOnce(&dyn Index) -> Result<T, Error>) -> Result<T, Error> {
        let index = match &*self.index.read().unwrap_or_else(PoisonError::into_inner) {
            Slot::Open(index) => index.clone(),
            Slot::Failed(failure) => return Err(failure.error()),
            Slot::Closed => return Err(Error::Stopped("it is closed".into())),
        };
        work(&*index).inspect_err(|error| self.index_failed(error))
    }

    /// Notes that the index has failed, when that is what the error says.
    pub(crate) fn index_failed(&self, error: &Error) {
        let failure = match error {
            Error::DiskFull => Failure::Full,
            Error::Io(error) if error.kind() == std::io::ErrorKind::StorageFull => Failure::Full,
            // After a failed fsync nobody knows what it has on disk.
            Error::Index(_) | Error::Io(_) => Failure::Damaged(error.to_string()),
            _ => return,
        };
        let mut slot = self.index.write().unwrap_or_else(PoisonError::into_inner);
        if !matches!(*slot, Slot::Open(_)) {
            return;
        }
        tracing::error!(%error, "store: the index failed; it will be restored from the log");
        let damaged = matches!(failure, Failure::Damaged(_));
        let failed = mem::replace(&mut *slot, Slot::Failed(failure));
        drop(slot);
        if damaged {
            // An engine that has panicked may hang when it is dropped, and it is renamed out of the way anyhow.
            mem::forget(failed);
        }
    }

    /// Why no commit can be taken for the sake of the index.
    pub(crate) fn refusal(&self) -> Option<Error> {
        if let Slot::Failed(failure) = &*self.index.read().unwrap_or_else(PoisonError::into_inner) {
            return Some(failure.error());
        }
        match writer::free(&self.dir) {
            Ok(free) if free < FREE_BYTES_MIN => Some(Error::DiskFull),
            _ => None,
        }
    }

    /// Waits until the index is there; false when the store ends before.
    pub(crate) fn wait_for_index(&self) -> bool {
        loop {
            match &*self.index.read().unwrap_or_else(PoisonError::into_inner) {
                Slot::Open(_) => return true,
                Slot::Failed(_) if !self.closing() => {}
                _ => return false,
            }
            std::thread::sleep(LOOK_EVERY);
        }
    }

    /// Tries once to bring a failed index back.
    pub(crate) fn restore(&self) {
        let failure = match &*self.index.read().unwrap_or_else(PoisonError::into_inner) {
            Slot::Failed(failure) => failure.clone(),
            Slot::Open(_) | Slot::Closed => return,
        };
        if writer::free(&self.dir).is_ok_and(|free| free < FREE_BYTES_MIN) {
            return;
        }
        match self.restored(matches!(failure, Failure::Damaged(_))) {
            Ok(index) => {
                *self.index.write().unwrap_or_else(PoisonError::into_inner) = Slot::Open(index);
                tracing::info!("store: the index is restored");
            }
            Err(error) => tracing::error!(%error, "store: the index could not be restored; it will be tried again"),
        }
    }

    /// An index that has all that is on disk now. What the applier still has to bring it finds done, and does again.
    fn restored(&self, damaged: bool) -> Result<Arc<dyn Index>, Error> {
        let _alone = self.maintenance();
        let to = self.durable();
        let mut recovery = Recovery::default();
        let (index, from) = start::open_index(&self.dir, &self.options, self.id, to, damaged, &mut recovery)?;
        recover::replay(&self.segments.dir, from, to, &mut |_, changes| index.apply(changes))?;
        index.checkpoint(self.id, to)?;
        Ok(index.into())
    }

    /// Closes the index. One that is damaged is set aside, so that the next start does not trust it.
    pub(crate) fn index_close(&self) {
        let slot = mem::replace(&mut *self.index.write().unwrap_or_else(PoisonError::into_inner), Slot::Closed);
        let folder = index::dir(&self.dir, self.options.engine);
        if let Slot::Failed(Failure::Damaged(_)) = slot
            && let Err(error) = start::set_aside(&self.dir, &folder)
        {
            tracing::error!(%error, "store: the damaged index could not be set aside");
        }
    }
}
