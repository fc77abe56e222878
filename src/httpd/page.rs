//! What every template needs: language, theme, the person, the forged-request token, words, dates, icons, asset addresses.

use crate::{Argument, Fault, Instant, Language, Session, SignedIn, assets, format};
use actix_web::{FromRequest, HttpRequest, HttpResponse, dev::Payload, http::header::ContentType};
use jiff::tz::TimeZone;
use std::{
    fmt,
    future::{Ready, ready},
    sync::Arc,
};

/// Cookie that keeps the theme.
pub(crate) const THEME_COOKIE: &str = "gatepost-theme";
/// Cookie in which the browser's script leaves its time zone.
const ZONE_COOKIE: &str = "gatepost-zone";

/// Colours of the pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Theme {
    /// As the system says.
    Auto,
    /// Light.
    Light,
    /// Dark.
    Dark,
}

impl Theme {
    /// As in cookie and `data-theme`.
    pub fn code(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }
    /// The theme of a code; [`Theme::Auto`] for anything unknown.
    pub fn from_code(code: &str) -> Self {
        match code {
            "light" => Self::Light,
            "dark" => Self::Dark,
            _ => Self::Auto,
        }
    }
}

/// HTML that is put into templates as it is.
#[derive(Debug, Clone, Default)]
pub struct Markup(pub String);

impl fmt::Display for Markup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl askama::filters::HtmlSafe for Markup {}

/// The ground of a page. Every template has it as `page`.
#[derive(Debug, Clone)]
pub struct Page {
    language: Language,
    theme: Theme,
    zone: TimeZone,
    now: i64,
    csrf: String,
    person: Option<Arc<SignedIn>>,
    location: String,
}

impl Page {
    /// The page of a request.
    pub fn of(request: &HttpRequest) -> Self {
        let session = Session::of(request);
        let cookie = |name: &str| request.cookie(name).map(|c| c.value().to_owned());
        let zone =
            cookie(ZONE_COOKIE).filter(|z| z.len() <= 64).and_then(|z| TimeZone::get(&z).ok()).unwrap_or(TimeZone::UTC);
        Self {
            language: Language::of(request),
            theme: Theme::from_code(&cookie(THEME_COOKIE).unwrap_or_default()),
            zone,
            now: jiff::Timestamp::now().as_millisecond(),
            csrf: session.as_ref().map(|s| s.csrf().token()).unwrap_or_default(),
            person: session.map(|s| s.person),
            location: request.uri().path_and_query().map(ToString::to_string).unwrap_or_default(),
        }
    }

    /// The words of a key.
    pub fn t(&self, key: &str) -> String {
        self.language.text(key)
    }
    /// The words of a key with one argument.
    pub fn t1(&self, key: &str, name: &'static str, value: impl Argument) -> String {
        self.language.text_with(key, &[(name, value.value())])
    }
    /// The words of a key with two arguments.
    pub fn t2(&self, key: &str, a: &'static str, av: impl Argument, b: &'static str, bv: impl Argument) -> String {
        self.language.text_with(key, &[(a, av.value()), (b, bv.value())])
    }
    /// The language.
    pub fn language(&self) -> Language {
        self.language
    }
    /// BCP 47 code of the language.
    pub fn lang(&self) -> &'static str {
        self.language.code()
    }
    /// `auto`, `light` or `dark`.
    pub fn theme(&self) -> &'static str {
        self.theme.code()
    }
    /// The person's time zone.
    pub fn zone(&self) -> &TimeZone {
        &self.zone
    }
    /// Now, milliseconds since 1970; the same over the whole page.
    pub fn now(&self) -> i64 {
        self.now
    }
    /// The forged-request token; empty when nobody is signed in.
    pub fn csrf(&self) -> &str {
        &self.csrf
    }
    /// The hidden field that every form with `method="post"` carries.
    pub fn csrf_field(&self) -> Markup {
        Markup(format!(r#"<input type="hidden" name="_csrf" value="{}">"#, self.csrf))
    }
    /// Who is signed in.
    pub fn person(&self) -> Option<&SignedIn> {
        self.person.as_deref()
    }
    /// Path and query of this page, for forms that come back to it.
    pub fn location(&self) -> &str {
        &self.location
    }
    /// Address of a static file, with its content's hash.
    pub fn asset(&self, path: &str) -> String {
        assets::address(path)
    }
    /// An icon of the sprite; hidden from screen readers, so give its button a name.
    pub fn icon(&self, name: &str) -> Markup {
        Markup(format!(r##"<svg class="icon" aria-hidden="true"><use href="#i-{name}"/></svg>"##))
    }
    /// An icon with further classes.
    pub fn icon_as(&self, name: &str, classes: &str) -> Markup {
        Markup(format!(r##"<svg class="icon {classes}" aria-hidden="true"><use href="#i-{name}"/></svg>"##))
    }
    /// The sprite itself. It is part of the page because browsers do not agree on the policy that external ones fall under.
    pub fn sprite(&self) -> Markup {
        Markup(assets::sprite().to_owned())
    }
    /// A point in time, milliseconds since 1970.
    pub fn instant(&self, ms: i64) -> Instant {
        format::instant(ms, self.now, self.language, &self.zone)
    }
    /// A number of bytes.
    pub fn size(&self, bytes: u64) -> String {
        format::size(bytes, self.language)
    }
    /// A number.
    pub fn number(&self, value: u64) -> String {
        format::number(value, self.language)
    }
    /// The languages to choose from: code, name, whether it is the present one.
    pub fn languages(&self) -> Vec<(&'static str, &'static str, bool)> {
        Language::ALL.into_iter().map(|(l, name)| (l.code(), name, l == self.language)).collect()
    }
}

impl FromRequest for Page {
    type Error = Fault;
    type Future = Ready<Result<Self, Fault>>;
    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Ok(Self::of(request)))
    }
}

/// A template as an answer.
///
/// # Errors
/// [`Fault::Internal`] when the template fails.
pub fn render(template: &impl askama::Template) -> Result<HttpResponse, Fault> {
    Ok(HttpResponse::Ok().insert_header(ContentType::html()).body(template.render()?))
}
