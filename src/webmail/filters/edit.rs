//! `/mail/-/filters/rule`: one rule as a form. Rows are added and taken out by buttons that send the form, so that it works
//! without scripts.

use super::{
    list::{ADDRESS, back},
    rule::{ACTIONS, Action, COMPARISONS, Condition, FIELDS, Field, Is, Join, ROWS_MAX, RULES_MAX, Rule, Wrong, line},
    shelf::Shelf,
};
use crate::{envelope::Envelope, shell::Shell, visit::Visit};
use actix_web::{HttpResponse, http::StatusCode, web};
use askama::Template;
use httpd::{Fault, Fields, Page};
use mail::header;
use serde::Deserialize;

/// Rows of the form as they were entered.
#[derive(Debug, Clone, Default)]
struct Entered {
    /// Its place among the rules; `None` for a new one.
    at: Option<usize>,
    /// The name it had, by which it is known again.
    was: String,
    name: String,
    enabled: bool,
    stop: bool,
    join: Join,
    conditions: Vec<ConditionRow>,
    actions: Vec<ActionRow>,
}

#[derive(Debug, Clone, Default)]
struct ConditionRow {
    field: String,
    header: String,
    is: String,
    value: String,
}

#[derive(Debug, Clone, Default)]
struct ActionRow {
    action: String,
    folder: String,
    text: String,
}

#[derive(Template)]
#[template(path = "webmail/filters/rule.html")]
struct RulePage<'a> {
    page: &'a Page,
    shell: &'a Shell,
    entered: &'a Entered,
    error: Option<String>,
}

impl RulePage<'_> {
    fn fields(&self) -> impl Iterator<Item = &'static str> {
        FIELDS.iter().map(|(word, _)| *word)
    }
    fn comparisons(&self) -> impl Iterator<Item = &'static str> {
        COMPARISONS.iter().map(|(word, _)| *word)
    }
    fn actions(&self) -> impl Iterator<Item = &'static str> {
        ACTIONS.iter().copied()
    }
    fn is_join(&self, join: &str) -> bool {
        matches!((join, self.entered.join), ("all", Join::All) | ("any", Join::Any) | ("every", Join::Every))
    }
    /// Text of a word in a list of choices.
    fn word(&self, kind: &str, word: &str) -> String {
        self.page.t(&format!("filter-{kind}-{word}"))
    }
}

impl Entered {
    fn of_rule(at: usize, rule: &Rule) -> Self {
        let condition = |condition: &Condition| ConditionRow {
            field: condition.field.word().into(),
            header: condition.header.clone(),
            is: condition.is.word().into(),
            value: condition.value.clone(),
        };
        let action = |action: &Action| {
            let is_filing = matches!(action, Action::Move(_) | Action::Copy(_));
            let with = action.with().to_owned();
            let (folder, text) = if is_filing { (with, String::new()) } else { (String::new(), with) };
            ActionRow { action: action.word().into(), folder, text }
        };
        Self {
            at: Some(at),
            was: rule.name.clone(),
            name: rule.name.clone(),
            enabled: rule.enabled,
            stop: rule.stop,
            join: rule.join,
            conditions: rule.conditions.iter().map(condition).collect(),
            actions: rule.actions.iter().map(action).collect(),
        }
    }

    fn new() -> Self {
        let conditions = vec![ConditionRow { field: "from".into(), is: "contains".into(), ..ConditionRow::default() }];
        let actions = vec![ActionRow { action: "move".into(), ..ActionRow::default() }];
        Self { enabled: true, stop: true, conditions, actions, ..Self::default() }
    }

    fn read(fields: &Fields) -> Self {
        let column = |name: &str| fields.all(name).take(ROWS_MAX).map(line).collect::<Vec<_>>();
        let (headers, is, values) = (column("header"), column("is"), column("value"));
        let (folders, texts) = (fields.all("folder").take(ROWS_MAX).collect::<Vec<_>>(), column("text"));
        let get = |column: &[String], at: usize| column.get(at).cloned().unwrap_or_default();
        let conditions = column("field").into_iter().enumerate().map(|(at, field)| ConditionRow {
            field,
            header: get(&headers, at),
            is: get(&is, at),
            value: get(&values, at),
        });
        let actions = column("action").into_iter().enumerate().map(|(at, action)| ActionRow {
            action,
            folder: folders.get(at).copied().unwrap_or_default().to_owned(),
            text: get(&texts, at),
        });
        Self {
            at: fields.text("at").parse().ok(),
            was: fields.text("was").to_owned(),
            name: line(fields.text("name")),
            enabled: fields.get("enabled").is_some(),
            stop: fields.get("stop").is_some(),
            join: match fields.text("join") {
                "any" => Join::Any,
                "every" => Join::Every,
                _ => Join::All,
            },
            conditions: conditions.collect(),
            actions: actions.collect(),
        }
    }

    /// The rule. Rows that were left empty are passed over.
    fn rule(&self) -> Result<Rule, Wrong> {
        let mut conditions = Vec::new();
        if self.join != Join::Every {
            for row in self.conditions.iter().filter(|row| !row.value.is_empty()) {
                let field = Field::read(&row.field).ok_or("filter-wrong-comparison")?;
                let is = Is::read(&row.is).ok_or("filter-wrong-comparison")?;
                conditions.push(Condition::checked(field, &row.header, is, &row.value)?);
            }
        }
        let mut actions = Vec::new();
        for row in &self.actions {
            actions.push(Action::checked(&row.action, &row.folder, &row.text)?);
        }
        let rule = Rule {
            name: self.name.clone(),
            enabled: self.enabled,
            join: self.join,
            conditions,
            actions,
            stop: self.stop,
        };
        rule.check()?;
        Ok(rule)
    }
}

#[derive(Deserialize)]
pub(crate) struct Query {
    /// Place of the rule; none for a new one.
    at: Option<usize>,
}

/// `GET /mail/-/filters/rule`
pub(crate) async fn show(visit: Visit, query: web::Query<Query>) -> Result<HttpResponse, Fault> {
    let entered = match query.at {
        Some(at) => {
            let (_, shelf) = Shelf::open(&visit).await?;
            let book = shelf.book.ok_or_else(|| Fault::Conflict(visit.page.t("filters-by-hand")))?;
            Entered::of_rule(at, book.rules.get(at).ok_or(Fault::NotFound)?)
        }
        None => Entered::new(),
    };
    let shell = Shell::alone(&visit).await?;
    httpd::render(&RulePage { page: &visit.page, shell: &shell, entered: &entered, error: None })
}

/// `GET /mail/{mailbox}/{uid}/filter`: a new rule for messages like this one.
pub(crate) async fn of_message(visit: Visit, path: web::Path<(String, u32)>) -> Result<HttpResponse, Fault> {
    let (mailbox, uid) = path.into_inner();
    let entered = from_message(&visit, &mailbox, uid).await?;
    let shell = Shell::alone(&visit).await?;
    httpd::render(&RulePage { page: &visit.page, shell: &shell, entered: &entered, error: None })
}

/// A new rule about what a message is like: its list, else who wrote it.
async fn from_message(visit: &Visit, mailbox: &str, uid: u32) -> Result<Entered, Fault> {
    let (mut lease, _) = visit.open(mailbox).await?;
    let items = "UID ENVELOPE BODY.PEEK[HEADER.FIELDS (LIST-ID)]";
    let items = lease.fetch_one(uid, items).await?.ok_or(Fault::NotFound)?;
    drop(lease);
    let envelope = Envelope::of(&items);
    let list = items.iter().filter_map(crate::imap::Value::bytes).find_map(|bytes| {
        let value = header::unfold(header::find(bytes, "List-Id")?);
        let value = String::from_utf8_lossy(&value).into_owned();
        let id = value.rsplit_once('<').and_then(|(_, rest)| rest.split_once('>')).map(|(id, _)| id.trim().to_owned());
        id.filter(|id| !id.is_empty())
    });
    let mut entered = Entered::new();
    let from = envelope.from.first();
    let row = |field: &str, is: &str, value: &str| ConditionRow {
        field: field.into(),
        header: String::new(),
        is: is.into(),
        value: line(value),
    };
    match (&list, from) {
        (Some(list), _) => {
            entered.conditions = vec![row("list", "contains", list)];
            entered.name = line(list);
        }
        (None, Some(from)) => {
            entered.conditions = vec![row("from", "equals", &from.address)];
            entered.name = line(from.label());
        }
        (None, None) => {
            entered.conditions = vec![row("subject", "contains", &envelope.subject)];
            entered.name = line(&envelope.subject);
        }
    }
    Ok(entered)
}

/// `POST /mail/-/filters/rule`: `do` is `save`, `add-condition`, `add-action`, `drop-condition 1` or `drop-action 1`.
pub(crate) async fn save(visit: Visit, fields: Fields) -> Result<HttpResponse, Fault> {
    let mut entered = Entered::read(&fields);
    let (word, number) = fields.text("do").split_once(' ').unwrap_or((fields.text("do"), ""));
    let number: usize = number.parse().unwrap_or(usize::MAX);
    let error = match word {
        "add-condition" if entered.conditions.len() < ROWS_MAX => {
            entered.conditions.extend(Entered::new().conditions);
            None
        }
        "add-action" if entered.actions.len() < ROWS_MAX => {
            entered.actions.push(ActionRow { action: "read".into(), ..ActionRow::default() });
            None
        }
        "drop-condition" if number < entered.conditions.len() => {
            entered.conditions.remove(number);
            None
        }
        "drop-action" if number < entered.actions.len() => {
            entered.actions.remove(number);
            None
        }
        "add-condition" | "add-action" => Some("filter-wrong-many"),
        "save" => match entered.rule() {
            Ok(rule) => match keep(&visit, &entered, rule).await? {
                None => return Ok(back(ADDRESS)),
                wrong => wrong,
            },
            Err(wrong) => Some(wrong),
        },
        _ => return Err(Fault::BadRequest(String::new())),
    };
    let shell = Shell::alone(&visit).await?;
    let status = if error.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let error = error.map(|key| visit.page.t(key));
    let template = RulePage { page: &visit.page, shell: &shell, entered: &entered, error };
    Ok(HttpResponse::build(status).content_type("text/html; charset=utf-8").body(template.render()?))
}

async fn keep(visit: &Visit, entered: &Entered, rule: Rule) -> Result<Option<Wrong>, Fault> {
    let (mut client, shelf) = Shelf::open(visit).await?;
    let mut book = shelf.book.clone().ok_or_else(|| Fault::Conflict(visit.page.t("filters-by-hand")))?;
    match entered.at {
        Some(at) => match book.rules.get_mut(at).filter(|old| old.name == entered.was) {
            Some(old) => *old = rule,
            None => return Err(Fault::Conflict(visit.page.t("filters-changed"))),
        },
        None if book.rules.len() >= RULES_MAX => return Ok(Some("filter-wrong-many")),
        None => book.rules.push(rule),
    }
    shelf.save(&mut client, &book).await?;
    Ok(None)
}
