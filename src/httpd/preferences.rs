//! `POST /preferences`: theme and language, kept in cookies so that they hold before sign-in too.

use crate::{Fault, Language, Theme, form, language, page, sign_in::safe_next};
use actix_web::{
    HttpRequest, HttpResponse,
    cookie::{Cookie, SameSite, time::Duration},
    http::header,
    web,
};
use serde::Deserialize;

#[derive(Deserialize)]
struct Chosen {
    theme: Option<String>,
    lang: Option<String>,
    #[serde(default)]
    next: String,
}

/// Sets what was chosen and returns to where the person was. It changes nothing but looks, so the origin check of
/// [`crate::ground`] is guard enough.
pub(crate) async fn choose(request: HttpRequest, payload: web::Payload) -> Result<HttpResponse, Fault> {
    let body = form::read(payload.into_inner()).await?;
    let chosen = web::Query::<Chosen>::from_query(&body).map_err(|_| Fault::BadRequest(String::new()))?.into_inner();
    let secure = request.app_config().secure();
    let cookie = |name: &'static str, value: &'static str| {
        Cookie::build(name, value)
            .path("/")
            .secure(secure)
            .same_site(SameSite::Lax)
            .max_age(Duration::days(365))
            .finish()
    };
    let mut response = HttpResponse::SeeOther();
    if let Some(theme) = &chosen.theme {
        response.cookie(cookie(page::THEME_COOKIE, Theme::from_code(theme).code()));
    }
    if let Some(language) = chosen.lang.as_deref().and_then(Language::from_code) {
        response.cookie(cookie(language::COOKIE, language.code()));
    }
    let next = match chosen.next.starts_with("/sign-in") {
        true => "/sign-in",
        false => safe_next(&chosen.next),
    };
    Ok(response.insert_header((header::LOCATION, next)).finish())
}
