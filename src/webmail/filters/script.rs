//! `/mail/-/filters/script`: any script as text, with what is wrong in it line by line.

use super::{
    book,
    client::Error,
    list::{ADDRESS, back},
    shelf::{Shelf, connect},
};
use crate::{shell::Shell, visit::Visit};
use actix_web::{HttpResponse, http::StatusCode, web};
use askama::Template;
use httpd::{Fault, Fields, Page, percent_encoded};
use serde::Deserialize;

/// What is wrong in a line.
#[derive(Debug, PartialEq, Eq)]
struct Wrong {
    /// From 1; 0 when the server named none.
    line: usize,
    text: String,
}

#[derive(Template)]
#[template(path = "webmail/filters/script.html")]
struct ScriptPage<'a> {
    page: &'a Page,
    shell: &'a Shell,
    /// Name of the script that is there; empty for a new one.
    name: &'a str,
    /// What was entered for the name of a new one.
    entered: &'a str,
    text: &'a str,
    is_active: bool,
    /// Whether it is ours and the pages can show it as rules, which a change here may end.
    is_ours: bool,
    wrong: Vec<Wrong>,
    is_valid: bool,
}

impl ScriptPage<'_> {
    /// The lines with their numbers, for those that are wrong.
    fn wrong_line(&self, line: &usize) -> &str {
        self.text.lines().nth(line.saturating_sub(1)).unwrap_or_default().trim()
    }
}

/// Address of a script.
pub(crate) fn address(name: &str) -> String {
    format!("{ADDRESS}/script?name={}", percent_encoded(name, ""))
}

#[derive(Deserialize)]
pub(crate) struct Query {
    #[serde(default)]
    name: String,
}

/// `GET /mail/-/filters/script`
pub(crate) async fn show(visit: Visit, query: web::Query<Query>) -> Result<HttpResponse, Fault> {
    let (mut client, shelf) = Shelf::open(&visit).await?;
    let text = if query.name.is_empty() { String::new() } else { client.get(&query.name).await? };
    let shell = Shell::alone(&visit).await?;
    httpd::render(&ScriptPage {
        page: &visit.page,
        shell: &shell,
        name: &query.name,
        entered: "",
        text: &text,
        is_active: shelf.active() == Some(query.name.as_str()),
        is_ours: query.name == book::NAME && shelf.book.is_some(),
        wrong: Vec::new(),
        is_valid: false,
    })
}

/// `POST /mail/-/filters/script`: `do` is `check`, `save`, `activate`, `rest` or `delete`.
pub(crate) async fn change(visit: Visit, fields: Fields) -> Result<HttpResponse, Fault> {
    let mut client = connect(&visit).await?;
    let name = fields.text("name");
    let entered = fields.text("new_name").trim();
    let called = if name.is_empty() { entered } else { name };
    let text = fields.text("text").replace("\r\n", "\n").replace('\n', "\r\n");
    let done = match fields.text("do") {
        "check" => client.check(&text).await,
        "save" if called.is_empty() => Err(Error::No { code: String::new(), text: visit.page.t("script-name-empty") }),
        // A new one must not write over one that is there.
        "save" if name.is_empty() && client.list().await?.iter().any(|script| script.name == entered) => {
            Err(Error::No { code: String::new(), text: visit.page.t("script-exists") })
        }
        "save" => client.put(called, &text).await,
        "activate" => client.activate(name).await,
        "rest" => client.activate("").await,
        "delete" => client.delete(name).await,
        _ => return Err(Fault::BadRequest(String::new())),
    };
    let (wrong, is_valid) = match done {
        Ok(()) if fields.text("do") == "check" => (Vec::new(), true),
        Ok(()) if fields.text("do") == "save" => return Ok(back(&address(called))),
        Ok(()) => return Ok(back(ADDRESS)),
        Err(Error::No { text, .. }) => (wrong(&text), false),
        Err(error) => return Err(error.into()),
    };
    let scripts = client.list().await?;
    let shell = Shell::alone(&visit).await?;
    let template = ScriptPage {
        page: &visit.page,
        shell: &shell,
        name,
        entered,
        text: &text,
        is_active: scripts.iter().any(|script| script.active && script.name == name),
        is_ours: false,
        wrong,
        is_valid,
    };
    let status = if is_valid { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    Ok(HttpResponse::build(status).content_type("text/html; charset=utf-8").body(template.render()?))
}

/// The server's words, line by line: `line 2: unknown command`.
fn wrong(text: &str) -> Vec<Wrong> {
    let one = |line: &str| {
        let parts = line.strip_prefix("line ").and_then(|rest| rest.split_once(": "));
        let found = parts.and_then(|(number, text)| Some(Wrong { line: number.parse().ok()?, text: text.to_owned() }));
        found.unwrap_or_else(|| Wrong { line: 0, text: line.to_owned() })
    };
    text.lines().filter(|line| !line.is_empty()).map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_are_told_by_line() {
        let faults = wrong("line 2: unknown command \"x\"\r\nthe script is active");
        assert_eq!(faults[0], Wrong { line: 2, text: "unknown command \"x\"".into() });
        assert_eq!(faults[1], Wrong { line: 0, text: "the script is active".into() });
    }
}
