//! `/mail/-/filters`: the rules in order, and the scripts there are.

use super::{
    book::{self, Book},
    rule::Rule,
    run::{self, Ran},
    shelf::Shelf,
};
use crate::{shell::Shell, visit::Visit};
use actix_web::{HttpResponse, http::header, web};
use askama::Template;
use httpd::{Fault, Fields, Page};
use serde::Deserialize;

pub(crate) const ADDRESS: &str = "/mail/-/filters";

#[derive(Template)]
#[template(path = "webmail/filters/list.html")]
struct ListPage<'a> {
    page: &'a Page,
    shell: &'a Shell,
    shelf: &'a Shelf,
    rules: &'a [Rule],
    ran: Option<Ran>,
}

impl ListPage<'_> {
    /// What a rule does, in words.
    fn words(&self, rule: &Rule) -> String {
        let word = |action: &super::rule::Action| {
            let what = self.page.t(&format!("filter-do-{}", action.word()));
            let with = match action {
                super::rule::Action::Move(folder) | super::rule::Action::Copy(folder) => {
                    self.shell.folders.get(folder).map_or_else(|| folder.clone(), |folder| folder.path(self.page))
                }
                other => other.with().to_owned(),
            };
            if with.is_empty() { what } else { format!("{what}: {with}") }
        };
        rule.actions.iter().map(word).collect::<Vec<_>>().join(" · ")
    }

    fn vacation_state(&self) -> &'static str {
        match self.shelf.book.as_ref().and_then(|book| book.vacation.as_ref()) {
            Some(vacation) if vacation.enabled => "vacation-is-on",
            _ => "vacation-is-off",
        }
    }

    /// Scripts beside ours, and ours where it can only be shown as text.
    fn others(&self) -> impl Iterator<Item = &super::client::Listed> {
        let readable = self.shelf.book.is_some();
        self.shelf.scripts.iter().filter(move |script| !(readable && script.name == book::NAME))
    }

    fn script_address(&self, name: &str) -> String {
        super::script::address(name)
    }

    fn text_address(&self) -> String {
        super::script::address(book::NAME)
    }

    fn has_ours(&self) -> bool {
        self.shelf.scripts.iter().any(|script| script.name == book::NAME)
    }
}

#[derive(Deserialize)]
pub(crate) struct Query {
    /// A run to be shown.
    ran: Option<u64>,
}

/// `GET /mail/-/filters`
pub(crate) async fn show(visit: Visit, query: web::Query<Query>) -> Result<HttpResponse, Fault> {
    let (_, shelf) = Shelf::open(&visit).await?;
    let shell = Shell::alone(&visit).await?;
    let rules = shelf.book.as_ref().map(|book| book.rules.as_slice()).unwrap_or_default();
    let ran = query.ran.and_then(|id| run::seen(&visit, id));
    httpd::render(&ListPage { page: &visit.page, shell: &shell, shelf: &shelf, rules, ran })
}

/// `POST /mail/-/filters`: `act` is `up 1`, `down 1`, `on 1`, `off 1`, `delete 1`, `use` or `rest`.
pub(crate) async fn change(visit: Visit, fields: Fields) -> Result<HttpResponse, Fault> {
    let (mut client, shelf) = Shelf::open(&visit).await?;
    let (word, number) = fields.text("act").split_once(' ').unwrap_or((fields.text("act"), ""));
    match word {
        "use" => {
            if !shelf.scripts.iter().any(|script| script.name == book::NAME) {
                client.put(book::NAME, &Book::default().write()).await?;
            }
            client.activate(book::NAME).await?;
        }
        "rest" => client.activate("").await?,
        _ => {
            let mut book = shelf.book.clone().ok_or_else(|| Fault::Conflict(visit.page.t("filters-by-hand")))?;
            // The list may have changed in another window: the rule is known by its name too.
            let at = number
                .parse::<usize>()
                .ok()
                .filter(|at| book.rules.get(*at).is_some_and(|rule| rule.name == fields.text(&format!("name-{at}"))));
            let at = at.ok_or_else(|| Fault::Conflict(visit.page.t("filters-changed")))?;
            match word {
                "up" if at > 0 => book.rules.swap(at, at - 1),
                "down" if at + 1 < book.rules.len() => book.rules.swap(at, at + 1),
                "up" | "down" => {}
                "on" => book.rules[at].enabled = true,
                "off" => book.rules[at].enabled = false,
                "delete" => {
                    book.rules.remove(at);
                }
                _ => return Err(Fault::BadRequest(String::new())),
            }
            shelf.save(&mut client, &book).await?;
        }
    }
    Ok(back(ADDRESS))
}

/// To another page after a change.
pub(crate) fn back(address: &str) -> HttpResponse {
    HttpResponse::SeeOther().insert_header((header::LOCATION, address)).finish()
}
