//! The index on the disk: a fixed number of shards, each an index of its own; an account is in one of them.
//!
//! ```text
//! DIR/search/
//!   format           version; written last when an index is made
//!   clean            there while nobody writes; an index without it is checked before it is relied upon
//!   shard-N/         an index
//! DIR/search.damaged what was set aside last
//! ```

use crate::{
    Error, analyzer,
    error::guarded,
    schema::{Fields, VERSION},
};
use std::{
    fs,
    io::ErrorKind,
    path::{Path, PathBuf},
};
use store::AccountId;
use tantivy::{
    Index, IndexReader, IndexWriter, ReloadPolicy, Searcher,
    directory::MmapDirectory,
    indexer::{IndexWriterOptions, LogMergePolicy},
    tokenizer::TextAnalyzer,
};

/// Shards of a node. A different number is a different format.
const SHARDS: u64 = 4;
/// Messages below which segments count as equally small, so that fresh mail is not merged with much older mail again and again.
const SMALL_SEGMENT_MESSAGES: u32 = 500;
/// Share of a segment that may be gone before it is written anew.
const GONE_MAX: f32 = 0.3;

/// One shard.
pub(crate) struct Shard {
    index: Index,
    reader: IndexReader,
}

impl Shard {
    fn open(dir: &Path, fields: &Fields) -> Result<Self, Error> {
        fs::create_dir_all(dir)?;
        let directory = MmapDirectory::open(dir).map_err(tantivy::TantivyError::from)?;
        let index = Index::open_or_create(directory, fields.schema.clone())?;
        index.tokenizers().register(analyzer::NAME, TextAnalyzer::builder(analyzer::Analyzer).build());
        let reader = index.reader_builder().reload_policy(ReloadPolicy::Manual).try_into()?;
        Ok(Self { index, reader })
    }

    /// The one writer; there is none beside it. Its memory is bounded, its threads are one to write and one to merge.
    pub(crate) fn writer(&self, heap_bytes: usize) -> Result<IndexWriter, Error> {
        let options = IndexWriterOptions::builder()
            .num_worker_threads(1)
            .num_merge_threads(1)
            .memory_budget_per_thread(heap_bytes)
            .build();
        let writer: IndexWriter = self.index.writer_with_options(options)?;
        let mut policy = LogMergePolicy::default();
        policy.set_min_layer_size(SMALL_SEGMENT_MESSAGES);
        policy.set_del_docs_ratio_before_merge(GONE_MAX);
        writer.set_merge_policy(Box::new(policy));
        Ok(writer)
    }

    /// Shows what was committed to those who look from now on.
    pub(crate) fn reload(&self) -> Result<(), Error> {
        Ok(self.reader.reload()?)
    }

    /// The shard as it is now, for as long as somebody looks at it.
    pub(crate) fn searcher(&self) -> Searcher {
        self.reader.searcher()
    }

    /// Reads everything back; names of what is damaged.
    fn check(&self) -> Result<(), Error> {
        let damaged = self.index.validate_checksum()?;
        if damaged.is_empty() {
            return Ok(());
        }
        let names: Vec<String> = damaged.iter().map(|path| path.display().to_string()).collect();
        Err(Error::Damaged(format!("checksums of {}", names.join(", "))))
    }
}

/// All shards.
pub(crate) struct Shards(Vec<Shard>);

impl Shards {
    /// Opens the index of a folder, or makes one. One of another version is made anew. Tells whether it is sound as it is:
    /// nobody was writing when it was last closed.
    pub(crate) fn open(dir: &Path, fields: &Fields) -> Result<(Self, bool), Error> {
        guarded(|| {
            let version = VERSION.to_string();
            let format = dir.join("format");
            if !fs::read_to_string(&format).is_ok_and(|found| found == version) {
                remove(dir)?;
            }
            let shards = (0..SHARDS).map(|number| Shard::open(&dir.join(format!("shard-{number}")), fields));
            let shards = Self(shards.collect::<Result<_, _>>()?);
            let is_new = !format.exists();
            if is_new {
                fs::write(&format, version)?;
            }
            Ok((shards, is_new || clean(dir).exists()))
        })
    }

    /// The shard of an account.
    pub(crate) fn of(&self, account: AccountId) -> &Shard {
        &self.0[Self::number(account)]
    }

    /// Its number.
    pub(crate) fn number(account: AccountId) -> usize {
        usize::try_from(account.0 % SHARDS).unwrap_or(0)
    }

    pub(crate) fn iter(&self) -> std::slice::Iter<'_, Shard> {
        self.0.iter()
    }

    /// Reads everything back.
    pub(crate) fn check(&self) -> Result<(), Error> {
        guarded(|| self.0.iter().try_for_each(Shard::check))
    }
}

fn clean(dir: &Path) -> PathBuf {
    dir.join("clean")
}

/// Notes that somebody writes.
pub(crate) fn mark_open(dir: &Path) -> Result<(), Error> {
    match fs::remove_file(clean(dir)) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error.into()),
        _ => Ok(()),
    }
}

/// Notes that nobody writes any more.
pub(crate) fn mark_clean(dir: &Path) -> Result<(), Error> {
    Ok(fs::write(clean(dir), "")?)
}

/// Moves a damaged index out of the way. The one set aside before goes.
pub(crate) fn set_aside(dir: &Path) -> Result<(), Error> {
    let aside = dir.with_extension("damaged");
    remove(&aside)?;
    match fs::rename(dir, &aside) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error.into()),
        _ => Ok(()),
    }
}

/// Removes an index. It is gone at once, whatever is still at work in its folder.
pub(crate) fn remove(dir: &Path) -> Result<(), Error> {
    let old = dir.with_extension("old");
    // What is left of one that went before.
    let _ = fs::remove_dir_all(&old);
    match fs::rename(dir, &old) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error.into()),
        _ => {}
    }
    let _ = fs::remove_dir_all(&old);
    Ok(())
}
