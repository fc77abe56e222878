//! The console's pages. Each is a form or a list over [`crate::ops`]; nothing here changes anything by itself.
//!
//! `visit` one request of an admin and the frame around its page, `form` what was typed and what is wrong with it, `text`
//! times and addresses; then one file for each noun.

mod account;
mod accounts;
mod aliases;
mod bans;
mod chart;
mod dashboard;
mod dns;
mod domains;
mod filter;
mod form;
mod pager;
mod queue;
mod setup;
mod text;
mod traces;
mod visit;

use crate::Context;
use httpd::{
    Routes,
    actix_web::web::{Data, ServiceConfig, get, post, redirect},
};
use std::sync::Arc;

/// The console's pages, and the page of the one-time setup link.
pub fn routes(context: Arc<Context>) -> Routes {
    let context = Data::from(context);
    Arc::new(move |config| {
        config.app_data(context.clone());
        configure(config);
    })
}

fn configure(config: &mut ServiceConfig) {
    config
        .route("/setup", get().to(setup::show))
        .route("/setup", post().to(setup::finish))
        .service(redirect("/admin", "/admin/"))
        .route("/admin/", get().to(dashboard::show))
        .route("/admin/figures", get().to(dashboard::figures))
        .route("/admin/domains", get().to(domains::list))
        .route("/admin/domains", post().to(domains::add))
        // No domain is named `new`, and addresses have an @.
        .route("/admin/domains/new", get().to(domains::new))
        .route("/admin/domains/{domain}", get().to(domains::show))
        .route("/admin/domains/{domain}", post().to(domains::save))
        .route("/admin/domains/{domain}/remove", post().to(domains::remove))
        .route("/admin/domains/{domain}/dns", get().to(dns::show))
        .route("/admin/domains/{domain}/dns/records", get().to(dns::records))
        .route("/admin/domains/{domain}/dkim", post().to(dns::rotate))
        .route("/admin/accounts", get().to(accounts::list))
        .route("/admin/accounts", post().to(accounts::add))
        .route("/admin/accounts/new", get().to(accounts::new))
        .route("/admin/accounts/{address}", get().to(account::show))
        .route("/admin/accounts/{address}", post().to(account::save))
        .route("/admin/accounts/{address}/password", post().to(account::password))
        .route("/admin/accounts/{address}/script/off", post().to(account::script_off))
        .route("/admin/accounts/{address}/app-passwords", post().to(account::app_password_add))
        .route("/admin/accounts/{address}/app-passwords/{id}/remove", post().to(account::app_password_remove))
        .route("/admin/accounts/{address}/remove", post().to(account::remove))
        .route("/admin/aliases", get().to(aliases::list))
        .route("/admin/aliases", post().to(aliases::add))
        .route("/admin/aliases/new", get().to(aliases::new))
        .route("/admin/aliases/{address}", get().to(aliases::show))
        .route("/admin/aliases/{address}", post().to(aliases::save))
        .route("/admin/aliases/{address}/remove", post().to(aliases::remove))
        .route("/admin/bans", get().to(bans::show))
        .route("/admin/bans", post().to(bans::add))
        .route("/admin/bans/remove", post().to(bans::remove))
        .route("/admin/bans/allow-sending", post().to(bans::allow_sending))
        .route("/admin/queue", get().to(queue::list))
        .route("/admin/queue", post().to(queue::act))
        .route("/admin/queue/{id}", get().to(queue::show))
        .route("/admin/queue/{id}", post().to(queue::act_on))
        .route("/admin/filter", get().to(filter::show))
        .route("/admin/filter", post().to(filter::test))
        .route("/admin/filter/policy", get().to(filter::policy))
        .route("/admin/filter/policy", post().to(filter::save))
        .route("/admin/trace", get().to(traces::find))
        .route("/admin/trace/{id}", get().to(traces::show));
}
