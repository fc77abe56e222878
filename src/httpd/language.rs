//! The languages of the pages and the words in them (Fluent files in templates/locales).

use actix_web::{HttpRequest, http::header::ACCEPT_LANGUAGE};
use fluent_templates::{LanguageIdentifier, Loader, fluent_bundle::FluentValue, langid};
use std::{borrow::Cow, collections::HashMap};

fluent_templates::static_loader! {
    static TEXTS = {
        locales: "../../templates/locales",
        fallback_language: "en",
        // Isolation marks are meant for mixed scripts in plain text; in HTML they would end up in copied addresses.
        customise: |bundle| bundle.set_use_isolating(false),
    };
}

/// Cookie that keeps a person's choice.
pub(crate) const COOKIE: &str = "gatepost-lang";

/// A language that the pages are written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    /// English.
    En,
    /// German.
    De,
}

static EN: LanguageIdentifier = langid!("en");
static DE: LanguageIdentifier = langid!("de");

impl Language {
    /// All of them, with the name each has in itself.
    pub const ALL: [(Self, &'static str); 2] = [(Self::En, "English"), (Self::De, "Deutsch")];

    /// BCP 47 code.
    pub fn code(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::De => "de",
        }
    }

    /// The language of a code such as `de` or `de-AT`.
    pub fn from_code(code: &str) -> Option<Self> {
        let primary = code.split(['-', '_']).next().unwrap_or_default().trim();
        Self::ALL.into_iter().map(|(language, _)| language).find(|l| l.code().eq_ignore_ascii_case(primary))
    }

    /// The person's choice, else the browser's, else English.
    pub fn of(request: &HttpRequest) -> Self {
        if let Some(chosen) = request.cookie(COOKIE).and_then(|c| Self::from_code(c.value())) {
            return chosen;
        }
        request.headers().get(ACCEPT_LANGUAGE).and_then(|v| v.to_str().ok()).and_then(preferred).unwrap_or(Self::En)
    }

    fn identifier(self) -> &'static LanguageIdentifier {
        match self {
            Self::En => &EN,
            Self::De => &DE,
        }
    }

    /// The words of a key. A key that is missing shows itself, and a test finds it.
    pub fn text(self, key: &str) -> String {
        TEXTS.try_lookup(self.identifier(), key).unwrap_or_else(|| key.to_owned())
    }

    /// The words of a key with arguments.
    pub fn text_with(self, key: &str, arguments: &[(&'static str, FluentValue<'_>)]) -> String {
        let arguments: HashMap<Cow<'static, str>, FluentValue<'_>> =
            arguments.iter().map(|(n, v)| (Cow::Borrowed(*n), v.clone())).collect();
        TEXTS.try_lookup_with_args(self.identifier(), key, &arguments).unwrap_or_else(|| key.to_owned())
    }
}

/// A value that stands in a text: words or a number, by value or by reference, as templates have them.
pub trait Argument {
    /// As Fluent takes it.
    fn value(&self) -> FluentValue<'_>;
}

impl<T: Argument + ?Sized> Argument for &T {
    fn value(&self) -> FluentValue<'_> {
        (**self).value()
    }
}

impl Argument for str {
    fn value(&self) -> FluentValue<'_> {
        self.into()
    }
}

impl Argument for String {
    fn value(&self) -> FluentValue<'_> {
        self.as_str().into()
    }
}

macro_rules! number_argument {
    ($($number:ty),*) => {
        $(impl Argument for $number {
            fn value(&self) -> FluentValue<'_> {
                (*self).into()
            }
        })*
    };
}
number_argument!(u8, u16, u32, u64, usize, i32, i64);

/// The best language of an Accept-Language header (RFC 9110 section 12.5.4).
fn preferred(header: &str) -> Option<Language> {
    let mut best: Option<(f32, Language)> = None;
    for item in header.split(',').take(20) {
        let (code, quality) = item.split_once(";q=").unwrap_or((item, "1"));
        let quality: f32 = quality.trim().parse().unwrap_or(0.0);
        if let Some(language) = Language::from_code(code.trim())
            && quality > 0.0
            && best.is_none_or(|(q, _)| quality > q)
        {
            best = Some((quality, language));
        }
    }
    best.map(|(_, language)| language)
}

#[cfg(test)]
mod tests {
    use super::{Language, preferred};

    #[test]
    fn the_browsers_order_counts() {
        assert_eq!(preferred("de-AT,de;q=0.9,en;q=0.8"), Some(Language::De));
        assert_eq!(preferred("fr, en;q=0.2, de;q=0.7"), Some(Language::De));
        assert_eq!(preferred("fr"), None);
        assert_eq!(preferred("de;q=0, en;q=nonsense"), None);
    }

    #[test]
    fn plural_forms_follow_the_language() {
        let days = |language: Language, n: i64| language.text_with("minutes", &[("count", n.into())]);
        assert_eq!(days(Language::En, 1), "1 minute");
        assert_eq!(days(Language::De, 2), "2 Minuten");
    }
}
