//! The console's pages.

use crate::Context;
use httpd::Routes;
use std::sync::Arc;

/// The console's pages, and the page of the one-time setup link.
pub fn routes(context: Arc<Context>) -> Routes {
    Arc::new(move |config| {
        config.app_data(httpd::actix_web::web::Data::from(context.clone()));
    })
}
