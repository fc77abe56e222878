//! From the text of a script to something that runs, or to what is wrong with it and where.

use super::{capability, scope};
use config::Limits;
use serde_json::Value;
use sieve_engine::{
    Compiler, Sieve,
    compiler::{CompileError, ErrorType, grammar::Capability},
};
use std::{fmt, sync::Arc};

/// A script that can be run.
#[derive(Debug, Clone)]
pub struct Compiled(pub(crate) Arc<Sieve>);

/// What is wrong with a script.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Line, from 1.
    pub line: usize,
    /// What.
    pub text: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.text)
    }
}

/// Compiles a script. It may take long for a large one: call it off the async threads.
///
/// # Errors
/// The faults found, at least one, in order of line: the engine stops at the first one of grammar.
pub fn compile(text: &str) -> Result<Compiled, Vec<Fault>> {
    // Lines may end in LF alone (files do); the engine's multi-line strings end at CRLF.
    let text = text.replace("\r\n", "\n").replace('\n', "\r\n");
    let compiler = Compiler::new()
        .with_max_script_size(Limits::SIEVE_SCRIPT_BYTES_MAX * 2)
        .with_max_string_size(Limits::SIEVE_STRING_BYTES_MAX)
        .with_max_includes(Limits::SIEVE_INCLUDES_MAX)
        .with_max_header_size(4096)
        .with_max_variable_name_size(64)
        .with_max_nested_blocks(15)
        .with_max_nested_tests(15);
    let sieve =
        compiler.compile(scope::with_variables(&text).as_bytes()).map_err(|error| vec![grammar(&error, &text)])?;
    let mut faults = Vec::new();
    // What the engine only notices when it comes to it is to be noticed now. Its instructions are private, but they can be
    // written out.
    let written =
        serde_json::to_value(&sieve).map_err(|_| vec![Fault { line: 1, text: "cannot be read back".into() }])?;
    inspect(&written, &text, &mut faults);
    faults.sort_by_key(|fault| fault.line);
    if faults.is_empty() { Ok(Compiled(Arc::new(sieve))) } else { Err(faults) }
}

fn grammar(error: &CompileError, text: &str) -> Fault {
    if let ErrorType::UnexpectedToken { expected, found } = error.error_type()
        && expected == "command"
    {
        // The engine tells where the block begins in which the command stands.
        let names = |line: &str| line.split(|c: char| !c.is_alphanumeric() && c != '_').any(|word| word == found);
        let from = error.line_num().saturating_sub(1);
        let line = text.lines().skip(from).position(names).map_or(error.line_num(), |at| from + at + 1);
        return Fault { line: line.max(1), text: format!("unknown command {found:?}") };
    }
    let text = error.to_string();
    // The engine ends its texts with the place, which is told apart from them here.
    let text = text.rsplit_once(" at line ").map_or(text.as_str(), |(text, _)| text).to_owned();
    Fault { line: error.line_num().max(1), text }
}

/// Looks for extensions that are not offered. An unknown command is none by itself where `ihave` is asked for: it counts
/// when it is run (RFC 5463 section 4).
fn inspect(value: &Value, text: &str, faults: &mut Vec<Fault>) {
    match value {
        Value::Array(values) => values.iter().for_each(|value| inspect(value, text, faults)),
        Value::Object(fields) => {
            for (key, value) in fields {
                match key.as_str() {
                    "Require" => required(value, text, faults),
                    _ => inspect(value, text, faults),
                }
            }
        }
        _ => {}
    }
}

fn required(names: &Value, text: &str, faults: &mut Vec<Fault>) {
    let capabilities: Vec<Capability> = serde_json::from_value(names.clone()).unwrap_or_default();
    for capability in capabilities {
        let name = capability.to_string();
        if !capability::is_offered(&name) {
            let quoted = format!("\"{name}\"");
            let line = text.lines().position(|line| line.contains(&quoted)).map_or(1, |at| at + 1);
            faults.push(Fault { line, text: format!("the extension {quoted} is not available") });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(text: &str) -> Vec<String> {
        compile(text).map(|_| Vec::new()).unwrap_or_else(|faults| faults.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn scripts_that_can_run_compile() {
        for text in [
            "",
            "# nothing\n",
            "keep;",
            "require [\"fileinto\", \"mailbox\"];\r\nfileinto :create \"Lists/Rust\";\r\n",
            "require \"vacation\";\nvacation :days 7 text:\nAway.\n..dots\n.\n;\n",
        ] {
            assert_eq!(faults(text), Vec::<String>::new(), "{text:?}");
        }
    }

    #[test]
    fn what_is_wrong_is_told_with_its_line() {
        assert_eq!(faults("keep;\nrequire \"regex\";\n"), ["line 2: the extension \"regex\" is not available"]);
        assert_eq!(faults("require \"enotify\";\n"), ["line 1: the extension \"enotify\" is not available"]);
        assert_eq!(faults("require \"vnd.none\";\n"), ["line 1: the extension \"vnd.none\" is not available"]);
        assert_eq!(faults("\n\nfrobnicate;\n"), ["line 3: unknown command \"frobnicate\""]);
        for text in ["if true { keep; ", "\n\nfileinto \"x\";", "keep \"x\" 5;", "if { keep; }", "\"", "text:"] {
            assert!(!faults(text).is_empty(), "{text:?}");
        }
    }
}
