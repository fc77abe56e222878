//! `/mail/-/folders`: making, renaming and deleting one's own folders.

use crate::{
    folders::{Folder, Role},
    imap::{Command, Error},
    pool::Lease,
    shell::Shell,
    visit::Visit,
};
use actix_web::{HttpResponse, http::StatusCode, http::header};
use askama::Template;
use httpd::{Fault, Fields, Page};

/// Characters of a folder's name.
const NAME_CHARS_MAX: usize = 100;
const ADDRESS: &str = "/mail/-/folders";

#[derive(Template)]
#[template(path = "webmail/manage.html")]
struct ManagePage<'a> {
    page: &'a Page,
    shell: &'a Shell,
    error: Option<String>,
    /// What was entered for a new folder, when that failed.
    entered: &'a str,
}

impl ManagePage<'_> {
    fn own(&self) -> impl Iterator<Item = &Folder> {
        self.shell.folders.iter().filter(|f| f.role.is_none())
    }
}

/// `GET /mail/-/folders`
pub(crate) async fn show(visit: Visit) -> Result<HttpResponse, Fault> {
    let shell = Shell::alone(&visit).await?;
    httpd::render(&ManagePage { page: &visit.page, shell: &shell, error: None, entered: "" })
}

/// `POST /mail/-/folders`: `act` is `create`, `rename` or `delete`.
pub(crate) async fn change(visit: Visit, fields: Fields) -> Result<HttpResponse, Fault> {
    let mut lease = visit.imap().await?;
    let outcome = match fields.text("act") {
        "create" => create(&mut lease, fields.text("parent"), fields.text("name")).await,
        "rename" => rename(&mut lease, fields.text("folder"), fields.text("name")).await,
        "delete" => delete(&mut lease, &visit, fields.text("folder")).await,
        _ => return Err(Fault::BadRequest(String::new())),
    };
    let why = match outcome {
        Ok(()) => return Ok(HttpResponse::SeeOther().insert_header((header::LOCATION, ADDRESS)).finish()),
        Err(Refused::Key(key)) => visit.page.t(key),
        Err(Refused::Imap(Error::No { code, .. })) if code == "ALREADYEXISTS" => visit.page.t("folder-exists"),
        Err(Refused::Imap(Error::No { text, .. })) => text,
        Err(Refused::Imap(error)) => return Err(error.into()),
    };
    let shell = Shell::load(&mut lease, "").await?;
    drop(lease);
    let entered = if fields.text("act") == "create" { fields.text("name") } else { "" };
    let template = ManagePage { page: &visit.page, shell: &shell, error: Some(why), entered };
    Ok(HttpResponse::build(StatusCode::UNPROCESSABLE_ENTITY)
        .content_type("text/html; charset=utf-8")
        .body(template.render()?))
}

/// Why a folder was not changed: words of ours by their key, or IMAP's.
enum Refused {
    Key(&'static str),
    Imap(Error),
}

impl From<Error> for Refused {
    fn from(error: Error) -> Self {
        Self::Imap(error)
    }
}

/// A name for one level: what IMAP or people would stumble over is refused.
fn checked(name: &str) -> Result<&str, Refused> {
    let name = name.trim();
    if name.is_empty() {
        return Err(Refused::Key("folder-name-empty"));
    }
    let bad = |c: char| c.is_control() || matches!(c, '/' | '*' | '%' | '\\');
    if name.chars().count() > NAME_CHARS_MAX || name.contains(bad) || name == "." || name == ".." {
        return Err(Refused::Key("folder-name-bad"));
    }
    Ok(name)
}

async fn create(lease: &mut Lease, parent: &str, name: &str) -> Result<(), Refused> {
    let name = checked(name)?;
    let path = if parent.is_empty() { name.to_owned() } else { format!("{parent}/{name}") };
    lease.run(Command::new("CREATE").mailbox(&path)).await?;
    lease.run(Command::new("SUBSCRIBE").mailbox(&path)).await?;
    Ok(())
}

/// Renames the last level; what is below moves along.
async fn rename(lease: &mut Lease, folder: &str, name: &str) -> Result<(), Refused> {
    let name = checked(name)?;
    let path = match folder.rsplit_once('/') {
        Some((parent, _)) => format!("{parent}/{name}"),
        None => name.to_owned(),
    };
    if path != folder {
        lease.run(Command::new("RENAME").mailbox(folder).mailbox(&path)).await?;
        // A subscription belongs to the name.
        lease.run(Command::new("UNSUBSCRIBE").mailbox(folder)).await?;
        lease.run(Command::new("SUBSCRIBE").mailbox(&path)).await?;
    }
    Ok(())
}

/// Moves what is in it to the trash, then deletes the folder.
async fn delete(lease: &mut Lease, visit: &Visit, folder: &str) -> Result<(), Refused> {
    let folders = crate::folders::Folders::load(lease).await?;
    let below = format!("{folder}/");
    if folders.iter().any(|f| f.name.starts_with(&below)) {
        return Err(Refused::Key("folder-has-children"));
    }
    let Some(found) = folders.get(folder).filter(|f| f.role.is_none()) else { return Err(Refused::Key("folder-gone")) };
    if found.selectable && found.total > 0 {
        let trash = folders.of_role(Role::Trash).ok_or(Refused::Key("folder-no-trash"))?;
        let (mut open, selected) = visit.open(folder).await?;
        if selected.exists > 0 {
            open.run(Command::new("UID MOVE 1:*").mailbox(trash)).await?;
        }
        // A mailbox that is open somewhere is deleted all the same, but not by the one who has it open.
        open.close().await?;
    }
    lease.run(Command::new("DELETE").mailbox(folder)).await?;
    lease.run(Command::new("UNSUBSCRIBE").mailbox(folder)).await?;
    Ok(())
}
