//! Forms that change something: read with a bound, and only with a right token.

use crate::{Fault, Session, csrf};
use actix_web::{FromRequest, HttpRequest, dev::Payload, web};
use futures_util::{StreamExt, future::LocalBoxFuture};
use serde::de::DeserializeOwned;

/// Bytes of a urlencoded form (`413`). Messages with attachments are multipart and have their own bound.
const FORM_BYTES_MAX: usize = 4 * 1024 * 1024;
/// Fields of a form (`400`).
const FIELDS_MAX: usize = 20_000;

/// The fields of a guarded form in order; names may repeat.
#[derive(Debug, Clone, Default)]
pub struct Fields(Vec<(String, String)>);

impl Fields {
    /// The first value of a field.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
    }
    /// The first value of a field, or an empty text.
    pub fn text(&self, name: &str) -> &str {
        self.get(name).unwrap_or_default()
    }
    /// Every value of a field.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(n, _)| n == name).map(|(_, v)| v.as_str())
    }
}

/// A guarded form as a type of yours. Fields it does not know are passed over.
#[derive(Debug)]
pub struct Form<T>(pub T);

/// Reads a urlencoded body within [`FORM_BYTES_MAX`].
pub(crate) async fn read(payload: Payload) -> Result<String, Fault> {
    let mut payload = payload;
    let mut bytes = Vec::new();
    while let Some(chunk) = payload.next().await {
        let chunk = chunk.map_err(|_| Fault::BadRequest(String::new()))?;
        if bytes.len() + chunk.len() > FORM_BYTES_MAX {
            return Err(Fault::TooLarge);
        }
        bytes.extend_from_slice(&chunk);
    }
    String::from_utf8(bytes).map_err(|_| Fault::BadRequest(String::new()))
}

/// Splits a urlencoded body.
fn pairs(body: &str) -> Result<Vec<(String, String)>, Fault> {
    let pairs = web::Query::<Vec<(String, String)>>::from_query(body)
        .map_err(|_| Fault::BadRequest(String::new()))?
        .into_inner();
    if pairs.len() > FIELDS_MAX { Err(Fault::TooLarge) } else { Ok(pairs) }
}

/// Reads the body and refuses it without a right token.
async fn guarded(request: HttpRequest, payload: Payload) -> Result<(String, Vec<(String, String)>), Fault> {
    let session = Session::of(&request).ok_or(Fault::SignInNeeded)?;
    let body = read(payload).await?;
    let pairs = pairs(&body)?;
    let csrf = session.csrf();
    let in_form = || pairs.iter().any(|(name, value)| name == csrf::FIELD && csrf.accepts(value));
    if csrf.accepts_header(&request) || in_form() { Ok((body, pairs)) } else { Err(Fault::Forbidden("token")) }
}

impl FromRequest for Fields {
    type Error = Fault;
    type Future = LocalBoxFuture<'static, Result<Self, Fault>>;
    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, payload) = (request.clone(), payload.take());
        Box::pin(async move { Ok(Self(guarded(request, payload).await?.1)) })
    }
}

impl<T: DeserializeOwned + 'static> FromRequest for Form<T> {
    type Error = Fault;
    type Future = LocalBoxFuture<'static, Result<Self, Fault>>;
    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, payload) = (request.clone(), payload.take());
        Box::pin(async move {
            let (body, _) = guarded(request, payload).await?;
            let value = web::Query::<T>::from_query(&body).map_err(|e| Fault::BadRequest(e.to_string()))?;
            Ok(Self(value.into_inner()))
        })
    }
}
