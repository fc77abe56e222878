//! The person's scripts as the pages need them.

use super::{
    book::{self, Book},
    client::{Client, Error, Listed},
};
use crate::visit::Visit;

/// What is there.
pub(crate) struct Shelf {
    pub(crate) scripts: Vec<Listed>,
    /// Our script read, empty when there is none yet; `None` when somebody has changed it by hand.
    pub(crate) book: Option<Book>,
}

impl Shelf {
    /// Opens a connection and looks.
    pub(crate) async fn open(visit: &Visit) -> Result<(Client, Self), Error> {
        let mut client = connect(visit).await?;
        let shelf = Self::look(&mut client).await?;
        Ok((client, shelf))
    }

    async fn look(client: &mut Client) -> Result<Self, Error> {
        let scripts = client.list().await?;
        let book = match scripts.iter().any(|script| script.name == book::NAME) {
            true => Book::read(&client.get(book::NAME).await?),
            false => Some(Book::default()),
        };
        Ok(Self { scripts, book })
    }

    /// The script that runs, if one does.
    pub(crate) fn active(&self) -> Option<&str> {
        self.scripts.iter().find(|script| script.active).map(|script| script.name.as_str())
    }

    /// Whether our script runs.
    pub(crate) fn is_ours_active(&self) -> bool {
        self.active() == Some(book::NAME)
    }

    /// The script of somebody else that runs instead of ours.
    pub(crate) fn other(&self) -> Option<&str> {
        self.active().filter(|name| *name != book::NAME)
    }

    /// Writes our script. It begins to run unless another one does, which only the person turns off.
    pub(crate) async fn save(&self, client: &mut Client, book: &Book) -> Result<(), Error> {
        client.put(book::NAME, &book.write()).await?;
        if self.active().is_none() {
            client.activate(book::NAME).await?;
        }
        Ok(())
    }
}

/// A connection of the person.
pub(crate) async fn connect(visit: &Visit) -> Result<Client, Error> {
    Client::open(&visit.state.sieve, &visit.session, visit.client).await
}
