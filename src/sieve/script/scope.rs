//! Variables live to the end of the script (RFC 5229 section 3). The engine forgets those that a block was the first to set,
//! so all are set to nothing, which is what they are before, at the beginning.

/// A token, and where it ends.
enum Token<'a> {
    Word(&'a str),
    Text(&'a str),
    Tag,
    Other(u8),
}

/// The script with its variables set to nothing behind its first `require`s; on the same line, so that lines keep their numbers.
pub(super) fn with_variables(script: &str) -> String {
    let (mut names, mut global): (Vec<&str>, Vec<&str>) = (Vec::new(), Vec::new());
    let mut tokens = Tokens { script, at: 0 };
    let (mut place, mut heading, mut asked) = (0, true, false);
    // The command under way, and the texts that it has so far.
    let (mut command, mut texts): (&str, Vec<&str>) = ("", Vec::new());
    while let Some(token) = tokens.next() {
        match token {
            Token::Word(word) => {
                command = word;
                texts.clear();
                heading &= is(word, "require");
            }
            Token::Text(text) => texts.push(text),
            Token::Tag => {}
            Token::Other(b';') => {
                if is(command, "require") && heading {
                    asked |= texts.contains(&"variables");
                    place = tokens.at;
                } else if is(command, "global") {
                    global.append(&mut texts);
                } else if is(command, "set") || is_of_flags(command) && texts.len() > 1 {
                    names.extend(texts.first());
                }
                command = "";
            }
            Token::Other(_) => {}
        }
    }
    let plain = |name: &&str| {
        let first = name.bytes().next().is_some_and(|byte| byte.is_ascii_alphabetic() || byte == b'_');
        first && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    };
    names.retain(|name| plain(name) && !global.iter().any(|other| is(name, other)));
    names.sort_unstable_by_key(|name| name.to_ascii_lowercase());
    names.dedup_by(|a, b| is(a, b));
    if !asked || names.is_empty() {
        return script.to_owned();
    }
    let set: String = names.iter().map(|name| format!(" set \"{name}\" \"\";")).collect();
    format!("{}{set}{}", &script[..place], &script[place..])
}

fn is(a: &str, b: &str) -> bool {
    a.eq_ignore_ascii_case(b)
}

/// Commands whose first text names a variable when there is a second (RFC 5232 section 3). A list in brackets has several, too:
/// its first is no name that a variable could have.
fn is_of_flags(command: &str) -> bool {
    ["setflag", "addflag", "removeflag"].iter().any(|name| is(command, name))
}

/// The tokens of RFC 5228 section 8.1. What is no Sieve is passed over: the compiler will tell.
struct Tokens<'a> {
    script: &'a str,
    at: usize,
}

impl<'a> Tokens<'a> {
    fn next(&mut self) -> Option<Token<'a>> {
        loop {
            let bytes = self.script.as_bytes();
            let rest = &self.script[self.at..];
            let start = self.at;
            match *bytes.get(start)? {
                b'#' => self.at += rest.find('\n').map_or(rest.len(), |end| end + 1),
                b'/' if rest.starts_with("/*") => self.at += rest.find("*/").map_or(rest.len(), |end| end + 2),
                b'"' => {
                    let mut end = start + 1;
                    while bytes.get(end).is_some_and(|byte| *byte != b'"') {
                        end += if bytes[end] == b'\\' { 2 } else { 1 };
                    }
                    let end = end.min(bytes.len());
                    self.at = self.script.ceil_char_boundary((end + 1).min(bytes.len()));
                    return Some(Token::Text(self.script.get(start + 1..end).unwrap_or_default()));
                }
                b':' => {
                    self.at += 1 + word_length(&rest[1..]);
                    return Some(Token::Tag);
                }
                byte if byte.is_ascii_alphabetic() || byte == b'_' => {
                    let length = word_length(rest);
                    self.at += length;
                    if is(&rest[..length], "text") && rest[length..].starts_with(':') {
                        // A text of several lines, up to a dot on a line of its own.
                        let body = &rest[length..];
                        self.at += body.find("\n.\r\n").map_or(body.len(), |end| end + 4);
                        return Some(Token::Text(""));
                    }
                    return Some(Token::Word(&rest[..length]));
                }
                byte if byte.is_ascii_whitespace() => self.at += 1,
                byte => {
                    self.at += rest.chars().next().map_or(1, char::len_utf8);
                    return Some(Token::Other(byte));
                }
            }
        }
    }
}

fn word_length(text: &str) -> usize {
    text.bytes().take_while(|byte| byte.is_ascii_alphanumeric() || *byte == b'_').count()
}

#[cfg(test)]
mod tests {
    use super::with_variables;

    #[test]
    fn variables_are_set_behind_the_requires() {
        let script = "# set \"not\" \"x\";\r\nrequire [\"variables\", \"include\"];\r\nglobal \"Shared\";\r\n\
            if true { set :lower \"b\" \"x\"; set \"A\" \"${1}\"; set \"shared\" \"y\"; }\r\n\
            set \"a\" text:\r\nset \"no\" \"x\";\r\n.\r\n;\r\naddflag \"mine\" \"\\\\Seen\"; addflag \"$Label\";\r\n";
        let done = with_variables(script);
        assert!(
            done.contains(
                "require [\"variables\", \"include\"]; set \"A\" \"\"; set \"b\" \"\"; set \"mine\" \"\";\r\nglobal"
            ),
            "{done}"
        );
        assert_eq!(done.lines().count(), script.lines().count());
    }

    #[test]
    fn other_scripts_stay_as_they_are() {
        for script in [
            "",
            "keep;",
            "set \"a\" \"b\";",
            "require \"fileinto\"; set \"a\" \"b\";",
            "require \"variables\";\r\nset \"${x}\" \"y\";",
            "\"",
            "\"\\",
            "text:",
            "/*",
            "gr\u{fc}\u{df}e \u{201c}\"\u{fc}",
        ] {
            assert_eq!(with_variables(script), script);
        }
    }
}
