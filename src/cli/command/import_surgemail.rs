//! `gatepost config import-surgemail`

use super::init::write_private;
use crate::{args::Global, output};
use anyhow::Context as _;
use config::{
    Settings, Template,
    surgemail::{self, Fate, Import},
};
use serde_json::{Value, json};
use std::{
    fs::File,
    io::Read,
    path::{Path, PathBuf},
};

/// Bytes of a file of theirs.
const FILE_BYTES_MAX: u64 = 16 << 20;

/// Write a configuration from that of a SurgeMail installation, and say what became of each setting
#[derive(Debug, clap::Args)]
#[command(after_help = "Without --out nothing is written: the report alone tells what would be.")]
pub(crate) struct ImportSurgemail {
    /// Their surgemail.ini
    surgemail: PathBuf,
    /// Their webmail.ini
    webmail: Option<PathBuf>,
    /// Full name of the new server's host, as in the MX record
    #[arg(long, value_name = "HOST")]
    hostname: String,
    /// The configuration to write; it must not be there yet
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

impl ImportSurgemail {
    pub(crate) fn run(self, global: &Global) -> anyhow::Result<()> {
        let webmail = self.webmail.as_deref().map(read).transpose()?;
        let import = surgemail::import(&read(&self.surgemail)?, webmail.as_deref())?;
        if let Some(out) = &self.out {
            self.write(&import, out)?;
        }
        output::show(global, &json(&import, self.out.as_deref()), |_| report(&import, self.out.as_deref()));
        Ok(())
    }

    /// Writes the configuration, and beside it the passwords of next hops.
    fn write(&self, import: &Import, out: &Path) -> anyhow::Result<()> {
        anyhow::ensure!(!out.exists(), "{} exists already: name another --out", out.display());
        let template = Template { hostname: &self.hostname, data_dir: ".", ports_from: None, loopback: false };
        let text = import.render(&template);
        Settings::parse(&text, out)?;
        for (file, password) in &import.passwords {
            write_private(&out.with_file_name(file), password)?;
        }
        write_private(out, &text)
    }
}

fn read(path: &Path) -> anyhow::Result<String> {
    let read = || {
        let mut bytes = Vec::new();
        File::open(path)?.take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes)?;
        std::io::Result::Ok(bytes)
    };
    let bytes = read().with_context(|| format!("{} cannot be read", path.display()))?;
    anyhow::ensure!(bytes.len() as u64 <= FILE_BYTES_MAX, "{} is longer than 16 MB", path.display());
    // It may be in a code page of its time; names that matter are ASCII.
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn words(fate: &Fate) -> (&'static str, &str) {
    match fate {
        Fate::Taken(text) => ("taken", text),
        Fate::Replaced(text) => ("replaced", text),
        Fate::Unsupported(text) => ("not supported", text),
    }
}

fn json(import: &Import, out: Option<&Path>) -> Value {
    let settings: Vec<Value> = import
        .outcomes
        .iter()
        .map(|outcome| {
            let (fate, text) = words(&outcome.fate);
            json!({ "place": outcome.place, "name": outcome.name, "fate": fate, "text": text })
        })
        .collect();
    json!({ "settings": settings, "warnings": import.warnings, "commands": import.commands, "written": out })
}

fn report(import: &Import, out: Option<&Path>) -> String {
    let mut lines = Vec::new();
    for outcome in &import.outcomes {
        let (fate, text) = words(&outcome.fate);
        lines.push(format!("{:<22} {:<14} {}: {text}", outcome.place, fate, outcome.name));
    }
    let mut part = |title: &str, texts: &[String]| {
        if !texts.is_empty() {
            lines.push(format!("\n{title}"));
            lines.extend(texts.iter().map(|text| format!("  {text}")));
        }
    };
    part("Look at these:", &import.warnings);
    part("Once the server runs:", &import.commands);
    match out {
        Some(out) => lines.push(format!("\nWrote {}; gatepost serve --check --config {0} reads it.", out.display())),
        None => lines.push("\nNothing was written; --out FILE writes the configuration.".into()),
    }
    lines.join("\n")
}
