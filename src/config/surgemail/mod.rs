//! Reads the configuration of a SurgeMail installation and writes that of Gatepost: what each of its settings became, and what
//! is to be typed or known besides.
//!
//! Layout: [`ini`] the form of `surgemail.ini` and `webmail.ini`; [`wildcard`] its lists of addresses; `meaning` what each setting
//! becomes; `render` the file.

pub mod ini;
mod meaning;
mod render;
pub mod wildcard;

use ini::Setting;
use std::time::Duration;

/// What became of one setting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fate {
    /// It is in the new configuration, or among [`Import::commands`]; the text says as what.
    Taken(String),
    /// Something else does what it was for.
    Replaced(String),
    /// There is no such thing here, for this reason.
    Unsupported(String),
}

/// A setting and its fate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// File and line.
    pub place: String,
    /// Name, and for settings of a domain the domain.
    pub name: String,
    /// What became of it.
    pub fate: Fate,
}

/// What a SurgeMail configuration comes to.
#[derive(Debug, Default)]
pub struct Import {
    /// Each setting, in the order of the files.
    pub outcomes: Vec<Outcome>,
    /// What would be dangerous or surprising, in words.
    pub warnings: Vec<String>,
    /// Commands that make the domains and aliases, to be run in this order once the server is set up.
    pub commands: Vec<String>,
    /// Passwords of next hops, each with the name of the file that it goes into, beside the configuration.
    pub passwords: Vec<(String, String)>,
    found: Found,
}

/// What goes into the file.
#[derive(Debug, Default)]
struct Found {
    lifetime: Option<Duration>,
    smarthost: Option<Hop>,
    routes: Vec<(String, Hop)>,
    /// Zones of clients, and what an entry counts, hundredths.
    lists: Vec<(String, i32)>,
}

/// A next hop.
#[derive(Debug, Clone)]
struct Hop {
    host: String,
    port: u16,
    /// Sign-in name, and the file with the password.
    sign_in: Option<(String, String)>,
}

/// Reads `surgemail.ini`, and `webmail.ini` where there is one.
///
/// # Errors
/// Names the first line that is no setting.
pub fn import(surgemail: &str, webmail: Option<&str>) -> Result<Import, ini::Error> {
    let mut import = Import::default();
    for setting in ini::parse("surgemail.ini", surgemail)? {
        import.take(&setting, meaning::server);
    }
    for setting in ini::parse("webmail.ini", webmail.unwrap_or_default())? {
        import.take(&setting, meaning::webmail);
    }
    Ok(import)
}

impl Import {
    fn take(&mut self, setting: &Setting, meaning: fn(&mut Self, &Setting) -> Fate) {
        let fate = meaning(self, setting);
        let name = match &setting.domain {
            Some(domain) => format!("{} ({domain})", setting.name),
            None => setting.name.clone(),
        };
        self.outcomes.push(Outcome { place: format!("{}:{}", setting.file, setting.line), name, fate });
    }

    fn warn(&mut self, setting: &Setting, text: &str) {
        self.warnings.push(format!("{}:{}: {}: {text}", setting.file, setting.line, setting.name));
    }
}
