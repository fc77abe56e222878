//! What is printed: tables for people, JSON for machines, one line for what went wrong.

use crate::args::Global;
use admin::OpError;
use serde_json::Value;
use std::{
    io::{self, Write},
    process::ExitCode,
};

/// Exit code of wrong usage, the same as clap's.
const USAGE: u8 = 2;

/// Something that was asked in a wrong way.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct UsageError(pub(crate) String);

/// Prints a line. A reader that has gone away (`| head`) is no fault of ours.
pub(crate) fn line(text: impl AsRef<str>) {
    let _ = writeln!(io::stdout(), "{}", text.as_ref());
}

/// Prints `value` as JSON, or what `people` makes of it.
pub(crate) fn show(global: &Global, value: &Value, people: impl FnOnce(&Value) -> String) {
    if global.json {
        line(serde_json::to_string_pretty(value).unwrap_or_default());
    } else {
        line(people(value).trim_end());
    }
}

/// Says what went wrong, and the exit code for it.
pub(crate) fn failure(error: &anyhow::Error, json: bool) -> ExitCode {
    let code = if error.is::<UsageError>() { USAGE } else { 1 };
    if json {
        let kind = match error.downcast_ref::<OpError>() {
            Some(OpError::NotFound(_)) => "not_found",
            Some(OpError::Exists(_)) => "exists",
            Some(OpError::Invalid(_)) => "invalid",
            _ if code == USAGE => "usage",
            _ => "machine",
        };
        let value = serde_json::json!({ "error": { "kind": kind, "message": format!("{error:#}") } });
        let _ = writeln!(io::stderr(), "{value}");
    } else {
        let _ = writeln!(io::stderr(), "gatepost: {error:#}");
    }
    ExitCode::from(code)
}

/// A column: its heading, and how a cell is read off a row.
pub(crate) type Column<'a> = (&'a str, &'a dyn Fn(&Value) -> String);

/// Rows of an array as a table with these columns.
pub(crate) fn table(rows: &Value, columns: &[Column<'_>]) -> String {
    let rows = rows.as_array().map_or(&[][..], Vec::as_slice);
    if rows.is_empty() {
        return "none".into();
    }
    let mut lines: Vec<Vec<String>> = vec![columns.iter().map(|(heading, _)| (*heading).to_owned()).collect()];
    lines.extend(rows.iter().map(|row| columns.iter().map(|(_, cell)| cell(row)).collect()));
    let width = |column: usize| lines.iter().map(|line| line[column].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..columns.len()).map(width).collect();
    let join = |line: &Vec<String>| {
        let cells = line.iter().zip(&widths).map(|(cell, &width)| format!("{cell:<width$}"));
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    lines.iter().map(join).collect::<Vec<_>>().join("\n")
}

/// A text field; `-` when there is none.
pub(crate) fn text(row: &Value, key: &str) -> String {
    match &row[key] {
        Value::Null => "-".into(),
        Value::String(text) if text.is_empty() => "-".into(),
        Value::String(text) => text.clone(),
        Value::Bool(yes) => if *yes { "yes" } else { "no" }.into(),
        Value::Array(items) => items
            .iter()
            .map(|item| item.as_str().map_or_else(|| item.to_string(), str::to_owned))
            .collect::<Vec<_>>()
            .join(", "),
        other => other.to_string(),
    }
}

/// A size field; `unlimited` when there is none.
pub(crate) fn size(row: &Value, key: &str) -> String {
    row[key].as_u64().map_or_else(|| "unlimited".into(), admin::size::show)
}

/// A point in time, in this machine's zone.
pub(crate) fn time(row: &Value, key: &str) -> String {
    let Some(time) = row[key].as_i64().and_then(|ms| jiff::Timestamp::from_millisecond(ms).ok()) else {
        return "-".into();
    };
    time.to_zoned(jiff::tz::TimeZone::system()).strftime("%Y-%m-%d %H:%M:%S").to_string()
}
