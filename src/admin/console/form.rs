//! What was typed, and what is wrong with it: each fault beside its field.

use super::text::escape;
use crate::{OpError, size};
use httpd::{Fault, Markup, Page};
use mail::address::Address;

/// Least characters of a password, as `directory` holds it too; told before anything is tried.
const PASSWORD_CHARS_MIN: usize = 8;

/// Faults of a form, by the name of the field; the empty name is the form as a whole.
#[derive(Debug, Default)]
pub(crate) struct Faults(Vec<(&'static str, String)>);

impl Faults {
    /// Notes a fault.
    pub(crate) fn add(&mut self, field: &'static str, text: String) {
        self.0.push((field, text));
    }
    /// Whether nothing is wrong.
    pub(crate) fn none(&self) -> bool {
        self.0.is_empty()
    }
    /// Attributes of a field's control: it is wrong, and what describes it. `hint` is the id of its hint, or empty.
    pub(crate) fn mark(&self, field: &str, hint: &str) -> Markup {
        let wrong = self.at(field).is_some();
        let error = if wrong { format!("{field}-error") } else { String::new() };
        let described = [hint, &error].into_iter().filter(|id| !id.is_empty()).collect::<Vec<_>>().join(" ");
        let mut attributes = String::new();
        if !described.is_empty() {
            attributes.push_str(&format!(r#" aria-describedby="{described}""#));
        }
        if wrong {
            attributes.push_str(r#" aria-invalid="true""#);
        }
        Markup(attributes)
    }
    /// The line below a field.
    pub(crate) fn line(&self, field: &str) -> Markup {
        let line = |text: &str| format!(r#"<p class="error" id="{field}-error">{}</p>"#, escape(text));
        Markup(self.at(field).map(line).unwrap_or_default())
    }
    /// What is wrong with the form as a whole.
    pub(crate) fn whole(&self) -> &str {
        self.at("").unwrap_or_default()
    }

    fn at(&self, field: &str) -> Option<&str> {
        self.0.iter().find(|(name, _)| *name == field).map(|(_, text)| text.as_str())
    }

    /// A size as typed; empty is `None`, and so is what is no size, which is noted.
    pub(crate) fn size(&mut self, page: &Page, field: &'static str, text: &str) -> Option<u64> {
        if text.trim().is_empty() {
            return None;
        }
        size::parse(text).map_err(|_| self.add(field, page.t1("admin-fault-size", "text", text))).ok()
    }

    /// An address as typed.
    pub(crate) fn address(&mut self, page: &Page, field: &'static str, text: &str) -> Option<Address> {
        text.trim().parse().map_err(|_| self.add(field, page.t1("admin-fault-address", "text", text.trim()))).ok()
    }

    /// A password as typed.
    pub(crate) fn password(&mut self, page: &Page, field: &'static str, text: &str) {
        if text.chars().count() < PASSWORD_CHARS_MIN {
            self.add(field, page.t1("admin-fault-password", "least", PASSWORD_CHARS_MIN));
        }
    }

    /// What an operation answered, beside the field it is most likely about. A fault of the machine is not the form's.
    ///
    /// # Errors
    /// [`Fault::Internal`] for a fault of the machine.
    pub(crate) fn refused(&mut self, field: &'static str, error: OpError) -> Result<(), Fault> {
        match error {
            OpError::Machine(text) => Err(Fault::Internal(text)),
            OpError::NotFound(text) | OpError::Exists(text) | OpError::Invalid(text) => {
                self.add(field, text);
                Ok(())
            }
        }
    }
}

/// A size for a field: as it can be typed again; empty for none.
pub(crate) fn size_text(bytes: Option<u64>) -> String {
    let Some(bytes) = bytes else { return String::new() };
    let units = [("T", 40), ("G", 30), ("M", 20), ("K", 10)];
    let whole = units.into_iter().find(|&(_, shift)| bytes >= 1 << shift && bytes.is_multiple_of(1 << shift));
    whole.map_or_else(|| bytes.to_string(), |(unit, shift)| format!("{}{unit}", bytes >> shift))
}

#[cfg(test)]
mod tests {
    use super::{Faults, size_text};
    use crate::size;

    #[test]
    fn a_size_in_a_field_is_read_back_as_it_was() {
        for (bytes, text) in [(2 << 30, "2G"), (1536 << 20, "1536M"), (1 << 10, "1K"), (1000, "1000"), (1 << 40, "1T")]
        {
            assert_eq!(size_text(Some(bytes)), text);
            assert_eq!(size::parse(text), Ok(bytes));
        }
        assert_eq!(size_text(None), "");
    }

    #[test]
    fn a_fault_stands_at_its_field_and_names_it_for_screen_readers() {
        let mut faults = Faults::default();
        faults.add("quota", "<no>".into());
        assert_eq!(faults.line("quota").0, r#"<p class="error" id="quota-error">&lt;no&gt;</p>"#);
        assert_eq!(
            faults.mark("quota", "quota-hint").0,
            r#" aria-describedby="quota-hint quota-error" aria-invalid="true""#
        );
        assert_eq!(faults.line("name").0, "");
        assert_eq!(faults.mark("name", "").0, "");
    }
}
