//! Errors that a person or a program gets as an answer.

use actix_web::{HttpResponse, ResponseError, http::StatusCode};

/// Why a request was not served. `httpd` renders it as a page, as a line of text for htmx, or as JSON for programs.
/// The texts carried here are shown as they are: they must be in the person's language or be data.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// Nobody is signed in: leads to the sign-in page and back.
    #[error("sign-in needed")]
    SignInNeeded,
    /// Signed in, but not allowed; or a guard against forged requests refused.
    #[error("forbidden: {0}")]
    Forbidden(&'static str),
    /// There is no such page or thing.
    #[error("not found")]
    NotFound,
    /// The request makes no sense, or what was entered is not right.
    #[error("bad request: {0}")]
    BadRequest(String),
    /// What was asked does not fit the present state; reloading helps.
    #[error("conflict: {0}")]
    Conflict(String),
    /// Bigger than the bound.
    #[error("too large")]
    TooLarge,
    /// A service behind this one does not answer; trying again helps.
    #[error("unavailable: {0}")]
    Unavailable(String),
    /// A fault of ours; the text goes to the log only.
    #[error("internal: {0}")]
    Internal(String),
}

impl Fault {
    /// A fault of ours, from any error; goes to the log only.
    pub fn internal(error: impl std::fmt::Display) -> Self {
        Self::Internal(error.to_string())
    }

    /// What the person is told beyond the general text of the status.
    pub(crate) fn detail(&self) -> Option<&str> {
        match self {
            Self::BadRequest(text) | Self::Conflict(text) => Some(text).filter(|t| !t.is_empty()).map(String::as_str),
            _ => None,
        }
    }
}

impl ResponseError for Fault {
    fn status_code(&self) -> StatusCode {
        match self {
            Self::SignInNeeded => StatusCode::UNAUTHORIZED,
            Self::Forbidden(_) => StatusCode::FORBIDDEN,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::BadRequest(_) => StatusCode::BAD_REQUEST,
            Self::Conflict(_) => StatusCode::CONFLICT,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Unavailable(_) => StatusCode::SERVICE_UNAVAILABLE,
            Self::Internal(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// A bare response; [`crate::ground`] gives it its body, which needs the language and the kind of client.
    fn error_response(&self) -> HttpResponse {
        HttpResponse::new(self.status_code())
    }
}

impl From<askama::Error> for Fault {
    fn from(error: askama::Error) -> Self {
        Self::internal(error)
    }
}
