//! The words of replies, in the language that the client asks for by LANG (RFC 6856 section 3).

use fluent_templates::{
    LanguageIdentifier,
    fluent_bundle::{FluentArgs, FluentResource, concurrent::FluentBundle},
    langid,
};
use std::sync::LazyLock;

/// The words of one language: those of this crate alone, so that it needs nothing of the pages.
type Bundle = FluentBundle<FluentResource>;

static EN: LazyLock<Bundle> =
    LazyLock::new(|| bundle(langid!("en"), include_str!("../../templates/locales/en/pop3.ftl")));
static DE: LazyLock<Bundle> =
    LazyLock::new(|| bundle(langid!("de"), include_str!("../../templates/locales/de/pop3.ftl")));

/// What is wrong in a file is left out, and a test finds it.
fn bundle(language: LanguageIdentifier, text: &str) -> Bundle {
    let mut bundle = Bundle::new_concurrent(vec![language]);
    // Isolation marks would stand around numbers in terminals and dialogs.
    bundle.set_use_isolating(false);
    let resource = FluentResource::try_new(text.to_owned()).unwrap_or_else(|(resource, _)| resource);
    let _ = bundle.add_resource(resource);
    bundle
}

/// A language of replies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Language {
    /// What is spoken before anybody asks: English.
    #[default]
    Default,
    En,
    De,
}

/// Words: the name of a message in templates/locales and what stands in its places.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Words {
    key: &'static str,
    arguments: Vec<(&'static str, String)>,
}

impl Words {
    /// Words without places.
    pub(crate) fn new(key: &'static str) -> Self {
        Self { key, arguments: Vec::new() }
    }

    /// Fills a place.
    pub(crate) fn with(mut self, name: &'static str, value: &impl ToString) -> Self {
        self.arguments.push((name, value.to_string()));
        self
    }
}

impl Language {
    /// All of them: tag, and the name each has in itself.
    pub(crate) const ALL: [(Self, &'static str, &'static str); 3] =
        [(Self::En, "en", "English"), (Self::De, "de", "Deutsch"), (Self::Default, "i-default", "Default language")];

    /// The language that a range such as `de`, `de-AT` or `*` leads to (RFC 4647 section 3.4).
    pub(crate) fn of_range(range: &str) -> Option<Self> {
        if range == "*" {
            return Some(Self::Default);
        }
        let known = |tag: &str| Self::ALL.iter().find(|(_, known, _)| known.eq_ignore_ascii_case(tag));
        let primary = range.split('-').next().unwrap_or_default();
        known(range).or_else(|| known(primary)).map(|(language, ..)| *language)
    }

    /// Its tag.
    pub(crate) fn tag(self) -> &'static str {
        match self {
            Self::Default => "i-default",
            Self::En => "en",
            Self::De => "de",
        }
    }

    fn bundle(self) -> &'static Bundle {
        match self {
            Self::Default | Self::En => &EN,
            Self::De => &DE,
        }
    }

    /// The words in this language. A key that is missing shows itself, and a test finds it.
    pub(crate) fn say(self, words: &Words) -> String {
        let bundle = self.bundle();
        let Some(pattern) = bundle.get_message(words.key).and_then(|message| message.value()) else {
            return words.key.to_owned();
        };
        let arguments: FluentArgs<'_> = words.arguments.iter().map(|(name, value)| (*name, value.as_str())).collect();
        bundle.format_pattern(pattern, Some(&arguments), &mut Vec::new()).into_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_leads_to_the_nearest_language() {
        for (range, language) in [
            ("de-AT", Some(Language::De)),
            ("DE", Some(Language::De)),
            ("en-GB-oed", Some(Language::En)),
            ("i-default", Some(Language::Default)),
            ("*", Some(Language::Default)),
            ("i-klingon", None),
            ("fr", None),
            ("", None),
        ] {
            assert_eq!(Language::of_range(range), language, "{range:?}");
        }
    }

    #[test]
    fn words_differ_by_language() {
        let words = Words::new("pop3-no-such-message").with("number", &7);
        assert_eq!(Language::Default.say(&words), "there is no message 7");
        assert_eq!(Language::De.say(&words), "es gibt keine Nachricht 7");
    }
}
