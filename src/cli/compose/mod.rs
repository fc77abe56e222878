//! The server out of its parts.
//!
//! Layout: [`place`] opening the store and putting directory and queue on it, which is all that a command without a server
//! needs; [`listeners`] the sockets, bound before anything is opened for business; [`server`] what a running server holds,
//! and its end; [`services`] everything that it runs; [`reload`] a changed configuration; [`signals`] what the system asks.
//!
//! Fatal, before the first connection is taken: a wrong configuration, an address that cannot be listened on, a certificate
//! that cannot be used, a store that is held or damaged. After that nothing here ends the server but a signal.

mod listeners;
mod place;
mod reload;
mod server;
mod services;
mod signals;

pub(crate) use place::{Place, offline, store_dir, store_options};
pub(crate) use server::{Server, make_private};
