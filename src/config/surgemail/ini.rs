//! The form of the files: a setting a line, its name first, then one value or parts such as `domain="example.org"`. A line
//! `vdomain name="..."` (in `webmail.ini`: `vhost`) begins the settings of a domain.

/// Characters of a line.
const LINE_MAX: usize = 16 * 1024;
/// Settings of a file.
const SETTINGS_MAX: usize = 100_000;

/// A setting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    /// Name of the file.
    pub file: &'static str,
    /// Line in it, from 1.
    pub line: usize,
    /// Lower case.
    pub name: String,
    /// What stands behind the name without a name of its own; empty when there is nothing.
    pub value: String,
    /// Parts with names, in their order; names in lower case.
    pub parts: Vec<(String, String)>,
    /// The domain whose block it stands in.
    pub domain: Option<String>,
}

impl Setting {
    /// A part, when it is there and not empty.
    pub fn part(&self, name: &str) -> Option<&str> {
        self.parts.iter().find(|part| part.0 == name).map(|part| part.1.as_str()).filter(|value| !value.is_empty())
    }

    /// Whether it switches something on.
    pub fn is_on(&self) -> bool {
        matches!(self.value.to_ascii_lowercase().as_str(), "true" | "yes" | "on" | "1")
    }
}

/// A line that is no setting.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{file}, line {line}: {problem}")]
pub struct Error {
    /// Name of the file.
    pub file: &'static str,
    /// Line in it, from 1.
    pub line: usize,
    /// What is wrong with it.
    pub problem: &'static str,
}

/// Reads a file. Empty lines and those that begin with `#` or `;` are passed over.
///
/// # Errors
/// Names the first line that is too long, has a quotation mark without its pair, or begins with no name.
pub fn parse(file: &'static str, text: &str) -> Result<Vec<Setting>, Error> {
    let mut settings = Vec::new();
    let mut domain = None;
    for (number, line) in text.lines().enumerate() {
        let error = |problem| Error { file, line: number + 1, problem };
        let line = line.trim();
        if line.is_empty() || line.starts_with(['#', ';']) {
            continue;
        }
        if line.len() > LINE_MAX || settings.len() == SETTINGS_MAX {
            return Err(error("the line is longer than 16 KB, or the file has more than 100000 settings"));
        }
        let end = line.find(|c: char| c.is_whitespace() || c == '=').unwrap_or(line.len());
        let name = line[..end].to_ascii_lowercase();
        if name.is_empty() || !name.chars().all(|c| c.is_ascii_alphanumeric() || "_-.".contains(c)) {
            return Err(error("this is no setting: a line begins with the name of one"));
        }
        let rest = line[end..].trim_start().trim_start_matches('=');
        let (value, parts) = words(rest).ok_or_else(|| error("a quotation mark without its pair"))?;
        let mut setting = Setting { file, line: number + 1, name, value, parts, domain: None };
        if matches!(setting.name.as_str(), "vdomain" | "vhost") {
            let named = setting.part("name").map(str::to_owned);
            domain = named.or_else(|| Some(setting.value.clone()).filter(|value| !value.is_empty()));
        }
        setting.domain.clone_from(&domain);
        // Global settings may stand behind the blocks of domains.
        if setting.name.starts_with("g_") {
            setting.domain = None;
        }
        settings.push(setting);
    }
    Ok(settings)
}

/// Splits what stands behind a name.
fn words(mut rest: &str) -> Option<(String, Vec<(String, String)>)> {
    let (mut values, mut parts) = (Vec::new(), Vec::new());
    loop {
        rest = rest.trim_start();
        if rest.is_empty() {
            return Some((values.join(" "), parts));
        }
        let key = rest
            .find('=')
            .map(|at| &rest[..at])
            .filter(|key| !key.is_empty() && key.chars().all(|c| c.is_ascii_alphanumeric() || c == '_'));
        let after = key.map_or(rest, |key| &rest[key.len() + 1..]);
        let (word, left) = match after.strip_prefix('"') {
            Some(quoted) => quoted.split_once('"')?,
            None => after.split_at(after.find(char::is_whitespace).unwrap_or(after.len())),
        };
        match key {
            Some(key) => parts.push((key.to_ascii_lowercase(), word.to_owned())),
            None => values.push(word.to_owned()),
        }
        rest = left;
    }
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn settings_have_values_and_parts_and_belong_to_domains() {
        let text = "# comment\r\nG_HOME \"/usr/local/surgemail\"\r\nvdomain address=\"\" name=\"example.org\"\n  \
                    url_host mail.example.org\ng_gateway domain=\"a.example\" to=192.0.2.1:26 check=\"true\"\nimaphost = back.example\n";
        let settings = parse("surgemail.ini", text).unwrap();
        let of = |name: &str| settings.iter().find(|setting| setting.name == name).unwrap();
        assert_eq!(of("g_home").value, "/usr/local/surgemail");
        assert_eq!(
            (of("url_host").value.as_str(), of("url_host").domain.as_deref()),
            ("mail.example.org", Some("example.org"))
        );
        assert_eq!((of("g_gateway").part("to"), of("g_gateway").domain.as_deref()), (Some("192.0.2.1:26"), None));
        assert_eq!(of("vdomain").part("address"), None);
        assert_eq!(of("imaphost").value, "back.example");
    }

    #[test]
    fn what_is_no_setting_is_named_with_its_line() {
        let error = parse("webmail.ini", "a 1\n\nb \"open\n").unwrap_err();
        assert_eq!(error.to_string(), "webmail.ini, line 3: a quotation mark without its pair");
        assert_eq!(parse("webmail.ini", "<html>").unwrap_err().line, 1);
    }
}
