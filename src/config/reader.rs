//! Takes values out of a TOML table by name. A fault leaves the default in place and is collected with its line, so
//! that one run shows everything that is wrong.

use crate::{checks, error::Fault};
use ipnet::IpNet;
use std::{
    cell::RefCell,
    net::{IpAddr, SocketAddr},
    ops::RangeInclusive,
    path::PathBuf,
    time::Duration,
};
use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

/// The faults of one file.
pub(crate) struct Faults<'a> {
    text: &'a str,
    found: RefCell<Vec<Fault>>,
}

impl<'a> Faults<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        Self { text, found: RefCell::default() }
    }

    /// Line of a byte offset, from 1.
    pub(crate) fn line(&self, offset: usize) -> usize {
        let before = &self.text.as_bytes()[..offset.min(self.text.len())];
        1 + before.iter().filter(|byte| **byte == b'\n').count()
    }

    /// All faults in the order of the file.
    pub(crate) fn into_sorted(self) -> Vec<Fault> {
        let mut found = self.found.into_inner();
        found.sort();
        found
    }
}

/// A table that may be absent.
pub(crate) struct Reader<'a> {
    faults: &'a Faults<'a>,
    /// Dotted name of the table with a final dot; empty at the top.
    prefix: String,
    table: Option<&'a DeTable<'a>>,
    /// Line of the table's head; 0 at the top or where it is absent.
    line: usize,
    known: Vec<&'static str>,
}

type Value<'a> = &'a Spanned<DeValue<'a>>;

impl<'a> Reader<'a> {
    pub(crate) fn root(faults: &'a Faults<'a>, table: &'a DeTable<'a>) -> Self {
        Self { faults, prefix: String::new(), table: Some(table), line: 0, known: Vec::new() }
    }

    /// The table under a key.
    pub(crate) fn table(&mut self, key: &'static str) -> Reader<'a> {
        let found = self.value(key);
        let table = found.and_then(|value| self.wanted(key, value, "a table", value.get_ref().as_table()));
        self.child(key, table, found)
    }

    /// The tables under a key that is written `[[key]]`.
    pub(crate) fn tables(&mut self, key: &'static str) -> Vec<Reader<'a>> {
        let Some(found) = self.value(key) else {
            return Vec::new();
        };
        let list = self.wanted(key, found, "a list of tables", found.get_ref().as_array());
        let items = list.into_iter().flat_map(|list| list.iter()).collect::<Vec<_>>();
        items
            .into_iter()
            .filter_map(|item| {
                let table = self.wanted(key, item, "a list of tables", item.get_ref().as_table())?;
                Some(self.child(key, Some(table), Some(item)))
            })
            .collect()
    }

    fn child(&self, key: &str, table: Option<&'a DeTable<'a>>, value: Option<Value<'a>>) -> Reader<'a> {
        let line = value.map_or(0, |value| self.faults.line(value.span().start));
        Reader { faults: self.faults, prefix: format!("{}{key}.", self.prefix), table, line, known: Vec::new() }
    }

    /// Whether the table is there.
    pub(crate) fn is_present(&self) -> bool {
        self.table.is_some()
    }

    /// Whether the table has the key.
    pub(crate) fn has(&self, key: &str) -> bool {
        self.place(key).is_some()
    }

    /// Line of a key; `None` where it is absent.
    fn place(&self, key: &str) -> Option<usize> {
        let (name, _) = self.table?.iter().find(|(name, _)| name.get_ref() == key)?;
        Some(self.faults.line(name.span().start))
    }

    fn value(&mut self, key: &'static str) -> Option<Value<'a>> {
        self.known.push(key);
        self.table?.iter().find(|(name, _)| name.get_ref() == key).map(|(_, value)| value)
    }

    /// Records a fault at a key, or at the head of the table where the key is absent.
    pub(crate) fn fault(&self, key: &str, message: impl Into<String>) {
        self.fault_at(self.place(key).unwrap_or(self.line), key, message.into());
    }

    fn fault_at(&self, line: usize, key: &str, message: String) {
        self.faults.found.borrow_mut().push(Fault { line, key: format!("{}{key}", self.prefix), message });
    }

    fn wanted<T>(&self, key: &str, value: Value<'_>, wanted: &str, got: Option<T>) -> Option<T> {
        if got.is_none() {
            let message = format!("must be {wanted}, not {}", describe(value.get_ref()));
            self.fault_at(self.faults.line(value.span().start), key, message);
        }
        got
    }

    /// The text under a key, checked and converted by `check`, whose error says what is allowed.
    pub(crate) fn text<T>(&mut self, key: &'static str, check: impl FnOnce(&str) -> Result<T, String>) -> Option<T> {
        let value = self.value(key)?;
        let text = self.wanted(key, value, "text in quotes", value.get_ref().as_str())?;
        check(text).map_err(|message| self.fault_at(self.faults.line(value.span().start), key, message)).ok()
    }

    /// A path; a relative one begins at `base`.
    pub(crate) fn path(&mut self, key: &'static str, base: &std::path::Path) -> Option<PathBuf> {
        self.text(key, |text| {
            if text.is_empty() || text.contains('\0') {
                Err("must be a path".into())
            } else {
                Ok(tidy(&base.join(text)))
            }
        })
    }

    /// `true` or `false`.
    pub(crate) fn flag(&mut self, key: &'static str, out: &mut bool) {
        if let Some(value) = self.value(key)
            && let Some(flag) = self.wanted(key, value, "true or false", value.get_ref().as_bool())
        {
            *out = flag;
        }
    }

    /// A whole number within bounds.
    pub(crate) fn number<T: TryFrom<u64>>(&mut self, key: &'static str, out: &mut T, allowed: RangeInclusive<u64>) {
        let Some(value) = self.value(key) else { return };
        let wanted = format!("a whole number from {} to {}", allowed.start(), allowed.end());
        let Some(integer) = self.wanted(key, value, &wanted, value.get_ref().as_integer()) else {
            return;
        };
        let number = u64::from_str_radix(integer.as_str(), integer.radix()).ok();
        match number.filter(|number| allowed.contains(number)).and_then(|number| T::try_from(number).ok()) {
            Some(number) => *out = number,
            None => {
                let message = format!("must be {wanted}, not {}", integer.as_str());
                self.fault_at(self.faults.line(value.span().start), key, message);
            }
        }
    }

    /// A size in bytes: a whole number, or text such as `"50MB"`.
    pub(crate) fn bytes<T: TryFrom<u64>>(&mut self, key: &'static str, out: &mut T, allowed: RangeInclusive<u64>) {
        let Some(value) = self.value(key) else { return };
        let size = match value.get_ref() {
            DeValue::Integer(integer) => u64::from_str_radix(integer.as_str(), integer.radix()).ok(),
            DeValue::String(text) => checks::size(text),
            other => {
                let message = format!("must be a size such as \"50MB\" or a number of bytes, not {}", describe(other));
                return self.fault_at(self.faults.line(value.span().start), key, message);
            }
        };
        match size.filter(|size| allowed.contains(size)).and_then(|size| T::try_from(size).ok()) {
            Some(size) => *out = size,
            None => {
                let (first, last) = (checks::size_text(*allowed.start()), checks::size_text(*allowed.end()));
                let message = format!("must be a size from {first} to {last}, such as \"50MB\" or a number of bytes");
                self.fault_at(self.faults.line(value.span().start), key, message);
            }
        }
    }

    /// A duration such as `"48h"`.
    pub(crate) fn duration(&mut self, key: &'static str, out: &mut Duration, allowed: RangeInclusive<Duration>) {
        let range = || {
            let (first, last) = (checks::duration_text(*allowed.start()), checks::duration_text(*allowed.end()));
            format!("must be a duration from {first} to {last}, such as \"48h\" or \"30m\"")
        };
        let duration =
            self.text(key, |text| checks::duration(text).filter(|given| allowed.contains(given)).ok_or_else(range));
        if let Some(duration) = duration {
            *out = duration;
        }
    }

    /// A list of addresses with ports, or one such address. `port` stands in where an address has none.
    pub(crate) fn sockets(&mut self, key: &'static str, port: Option<u16>) -> Vec<Located> {
        let Some(value) = self.value(key) else {
            return Vec::new();
        };
        let items: Vec<Value<'a>> = match value.get_ref() {
            DeValue::Array(list) => list.iter().collect(),
            DeValue::String(_) => vec![value],
            other => {
                let message = format!("must be a list of addresses, not {}", describe(other));
                self.fault_at(self.faults.line(value.span().start), key, message);
                return Vec::new();
            }
        };
        let mut out = Vec::new();
        for item in items {
            let line = self.faults.line(item.span().start);
            let Some(text) = self.wanted(key, item, "an address in quotes", item.get_ref().as_str()) else {
                continue;
            };
            match checks::socket(text, port) {
                Ok(address) => out.push(Located { address, line, key }),
                Err(message) => self.fault_at(line, key, message),
            }
        }
        out
    }

    /// A list of networks in CIDR form, or of single addresses.
    pub(crate) fn networks(&mut self, key: &'static str) -> Vec<IpNet> {
        let Some(value) = self.value(key) else {
            return Vec::new();
        };
        let list = self.wanted(key, value, "a list of networks", value.get_ref().as_array());
        let mut out = Vec::new();
        for item in list.into_iter().flat_map(|list| list.iter()) {
            let line = self.faults.line(item.span().start);
            let Some(text) = self.wanted(key, item, "a network in quotes", item.get_ref().as_str()) else {
                continue;
            };
            match checks::network(text) {
                Ok(network) => out.push(network),
                Err(message) => self.fault_at(line, key, message),
            }
        }
        out
    }

    /// A list of addresses without ports.
    pub(crate) fn addresses(&mut self, key: &'static str) -> Vec<IpAddr> {
        let networks = self.networks(key);
        if networks.iter().any(|network| network.prefix_len() != network.max_prefix_len()) {
            self.fault(key, "must be single addresses");
        }
        networks.iter().map(IpNet::addr).collect()
    }

    /// Records an address that is listed twice.
    pub(crate) fn fault_located(&self, located: &Located, message: String) {
        self.fault_at(located.line, located.key, message);
    }

    /// Records every key that nobody asked for.
    pub(crate) fn finish(self) {
        let Some(table) = self.table else { return };
        for (name, _) in table {
            if !self.known.contains(&name.get_ref().as_ref()) {
                let message = format!("unknown key; allowed here: {}", self.known.join(", "));
                let key = name.get_ref().escape_debug().to_string();
                self.fault_at(self.faults.line(name.span().start), &key, message);
            }
        }
    }
}

/// An address with its place in the file.
pub(crate) struct Located {
    pub(crate) address: SocketAddr,
    line: usize,
    pub(crate) key: &'static str,
}

fn describe(value: &DeValue<'_>) -> String {
    match value {
        DeValue::String(text) if text.len() <= 60 => format!("{text:?}"),
        DeValue::String(_) => "a long text".into(),
        DeValue::Integer(integer) => format!("the number {}", integer.as_str()),
        DeValue::Float(float) => format!("the number {}", float.as_str()),
        DeValue::Boolean(flag) => flag.to_string(),
        DeValue::Datetime(_) => "a date".into(),
        DeValue::Array(_) => "a list".into(),
        DeValue::Table(_) => "a table".into(),
    }
}

/// A path without the `.` in it that only confuses people.
fn tidy(path: &std::path::Path) -> PathBuf {
    let tidy: PathBuf = path.components().filter(|part| *part != std::path::Component::CurDir).collect();
    if tidy.as_os_str().is_empty() { ".".into() } else { tidy }
}
