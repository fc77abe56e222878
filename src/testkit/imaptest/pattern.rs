//! Whether a reply is what is expected.

use super::value::Value;
use std::collections::HashMap;

/// What variables stand for. Numbers, as in `$2`, are looked up in [`Variables::numbers`].
#[derive(Debug, Clone, Default)]
pub struct Variables {
    /// Values by name.
    pub values: HashMap<String, Vec<u8>>,
    /// The sequence numbers that messages had when the command began, in their order of now.
    pub numbers: Vec<u32>,
}

impl Variables {
    /// Puts in what variables stand for; those without a value stay empty.
    pub fn expand(&self, text: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        for part in parts(text) {
            match part {
                Part::Text(text) => out.extend(text),
                Part::Variable(name) => out.extend(self.get(&name).unwrap_or_default()),
            }
        }
        out
    }

    fn get(&self, name: &str) -> Option<Vec<u8>> {
        if let Ok(number) = name.parse::<u32>() {
            // A message that is gone has no number; 0 is none either.
            let position = self.numbers.iter().position(|&of| of == number).map_or(0, |at| at + 1);
            return Some(position.to_string().into_bytes());
        }
        self.values.get(name).cloned()
    }

    /// Whether a reply begins as expected; with `whole`, also ends so. Variables without a value get one where it does.
    pub fn matches(&mut self, expected: &[Value], reply: &[Value], whole: bool) -> bool {
        let before = self.values.clone();
        let matches = self.line(expected, reply, whole);
        if !matches {
            self.values = before;
        }
        matches
    }

    fn line(&mut self, expected: &[Value], reply: &[Value], whole: bool) -> bool {
        if reply.len() < expected.len() || whole && reply.len() > expected.len() {
            return false;
        }
        let is = |at: usize, name: &str| {
            let text = reply.get(at).and_then(Value::text);
            text.is_some_and(|text| text.eq_ignore_ascii_case(name.as_bytes()))
        };
        let is_fetch = is(1, "fetch");
        let is_list = is(0, "list") || is(0, "lsub");
        let is_status = is(0, "status");
        expected.iter().zip(reply).enumerate().all(|(at, (expected, reply))| {
            let rule = match at {
                2 if is_fetch => Rule::Fetch,
                1 if is_list => Rule::Unordered(1),
                2 if is_status => Rule::Unordered(2),
                _ => Rule::Ordered,
            };
            self.value(expected, reply, rule)
        })
    }

    fn value(&mut self, expected: &Value, reply: &Value, rule: Rule) -> bool {
        match (expected, reply) {
            (Value::Atom(any), _) if any == b"$" => true,
            (Value::List(expected), Value::List(reply)) => self.list(expected, reply, rule),
            (Value::List(_), _) | (_, Value::List(_)) => false,
            // NIL is no string.
            (Value::String(_), Value::Atom(nil)) if nil.eq_ignore_ascii_case(b"NIL") => false,
            (Value::Atom(expected), reply) => self.text(expected, reply.text().unwrap_or_default()),
            (Value::String(expected), reply) => self.text(expected, reply.text().unwrap_or_default()),
        }
    }

    fn list(&mut self, expected: &[Value], reply: &[Value], rule: Rule) -> bool {
        let directives: Vec<String> = expected
            .iter()
            .filter_map(|value| value.text().and_then(|text| text.strip_prefix(b"$!")))
            .map(|text| String::from_utf8_lossy(text).to_lowercase())
            .collect();
        let is_directive = |value: &&Value| value.text().is_some_and(|text| text.starts_with(b"$!"));
        let expected: Vec<&Value> = expected.iter().filter(|value| !is_directive(value)).collect();
        let mut order = match rule {
            Rule::Ordered => Order { chain: None, extra: false, ..Order::default() },
            Rule::Fetch => Order { chain: Some(2), extra: true, ..Order::default() },
            Rule::Unordered(chain) => Order { chain: Some(chain), extra: true, ..Order::default() },
            Rule::Flags => Order { chain: Some(1), extra: false, ignored: vec!["\\recent".into()], ..Order::default() },
        };
        if !directives.is_empty() && rule != Rule::Fetch {
            order = Order::default();
        }
        directives.iter().for_each(|directive| order.direct(directive));
        let Some(chain) = order.chain else {
            return expected.len() == reply.len()
                && expected.iter().zip(reply).all(|(expected, reply)| self.value(expected, reply, Rule::Ordered));
        };
        let mut left: Vec<&[Value]> = reply.chunks(chain).collect();
        for wanted in expected.chunks(chain) {
            let found = left.iter().position(|chunk| self.chunk(wanted, chunk, rule));
            let Some(found) = found else { return false };
            left.remove(found);
        }
        let is_named = |chunk: &&[Value], names: &[String]| {
            let text = chunk[0].text().map(|text| String::from_utf8_lossy(text).to_lowercase());
            text.is_some_and(|text| names.contains(&text))
        };
        if left.iter().any(|chunk| is_named(chunk, &order.banned)) {
            return false;
        }
        order.extra || left.iter().all(|chunk| is_named(chunk, &order.ignored))
    }

    fn chunk(&mut self, wanted: &[&Value], chunk: &[Value], rule: Rule) -> bool {
        let before = self.values.clone();
        let is_flags = rule == Rule::Fetch && wanted[0].text().is_some_and(|text| text.eq_ignore_ascii_case(b"flags"));
        let inner = if is_flags { Rule::Flags } else { Rule::Ordered };
        let matches = wanted.len() == chunk.len()
            && wanted.iter().zip(chunk).all(|(wanted, value)| self.value(wanted, value, inner));
        if !matches {
            self.values = before;
        }
        matches
    }

    /// Text with variables in it.
    fn text(&mut self, expected: &[u8], reply: &[u8]) -> bool {
        let parts = parts(expected);
        let mut rest = reply;
        for (index, part) in parts.iter().enumerate() {
            let text = match part {
                Part::Text(text) => text.clone(),
                Part::Variable(name) => match self.get(name) {
                    Some(value) => value,
                    None => {
                        // As far as what comes next in the pattern.
                        let length = match parts.get(index + 1) {
                            Some(Part::Text(next)) => match find(rest, next) {
                                Some(length) => length,
                                None => return false,
                            },
                            _ => rest.len(),
                        };
                        self.values.insert(name.clone(), rest[..length].to_vec());
                        rest = &rest[length..];
                        continue;
                    }
                },
            };
            // Strings are compared up to a NUL, as in the program that the scripts were written for.
            if let Some(end) = text.iter().position(|&byte| byte == 0) {
                return rest.get(..=end).is_some_and(|head| head.eq_ignore_ascii_case(&text[..=end]));
            }
            match rest.get(..text.len()) {
                Some(head) if head.eq_ignore_ascii_case(&text) => rest = &rest[text.len()..],
                _ => return false,
            }
        }
        rest.is_empty()
    }
}

/// How the elements of a list are compared where the list says nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rule {
    Ordered,
    Fetch,
    Flags,
    Unordered(usize),
}

/// How the elements of a list are compared.
#[derive(Debug, Default)]
struct Order {
    /// Elements that belong together, in any order; `None` for the order as written.
    chain: Option<usize>,
    extra: bool,
    ignored: Vec<String>,
    banned: Vec<String>,
}

impl Order {
    fn direct(&mut self, directive: &str) {
        match directive.split_once('=').unwrap_or((directive, "")) {
            ("ordered", _) => self.chain = None,
            ("unordered", count) => {
                self.chain = Some(count.parse().unwrap_or(1));
                self.extra = true;
            }
            ("noextra", _) => self.extra = false,
            ("extra", _) => self.extra = true,
            ("ignore", name) => self.ignored.push(name.to_owned()),
            ("ban", name) => self.banned.push(name.to_owned()),
            (other, _) => panic!("directive {other}"),
        }
    }
}

#[derive(Debug)]
enum Part {
    Text(Vec<u8>),
    Variable(String),
}

/// Text and the variables in it: `$name`, `${name}`, and `$$` for a dollar.
fn parts(text: &[u8]) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut plain = Vec::new();
    let mut at = 0;
    while at < text.len() {
        if text[at] != b'$' {
            plain.push(text[at]);
            at += 1;
            continue;
        }
        at += 1;
        if text.get(at) == Some(&b'$') {
            plain.push(b'$');
            at += 1;
            continue;
        }
        let in_braces = text.get(at) == Some(&b'{');
        at += usize::from(in_braces);
        let length = text[at..].iter().take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'_').count();
        let name = String::from_utf8_lossy(&text[at..at + length]).to_lowercase();
        at += length + usize::from(in_braces);
        if !plain.is_empty() {
            parts.push(Part::Text(std::mem::take(&mut plain)));
        }
        parts.push(Part::Variable(name));
    }
    if !plain.is_empty() {
        parts.push(Part::Text(plain));
    }
    parts
}

fn find(text: &[u8], wanted: &[u8]) -> Option<usize> {
    (0..=text.len().saturating_sub(wanted.len()))
        .find(|&at| text.get(at..at + wanted.len()).is_some_and(|here| here.eq_ignore_ascii_case(wanted)))
}
