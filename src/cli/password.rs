//! Passwords as they are typed or piped in. None is ever taken as an argument, where others could read it.

use crate::output::UsageError;
use rustix::termios::{LocalModes, OptionalActions, tcgetattr, tcsetattr};
use std::io::{self, BufRead, IsTerminal, Write};

/// The password from standard input with `--password-stdin`, else as typed twice at the terminal.
pub(crate) fn read(from_stdin: bool, whose: &str) -> anyhow::Result<String> {
    if from_stdin {
        return line("standard input holds no password");
    }
    if !io::stdin().is_terminal() {
        return Err(UsageError(
            "there is no terminal to ask for a password: pipe it in and give --password-stdin".into(),
        )
        .into());
    }
    let first = ask(&format!("Password for {whose}: "))?;
    if first != ask("Once more: ")? {
        return Err(UsageError("the two passwords differ".into()).into());
    }
    Ok(first)
}

fn ask(prompt: &str) -> anyhow::Result<String> {
    let terminal = io::stdin();
    eprint!("{prompt}");
    io::stderr().flush()?;
    let before = tcgetattr(&terminal)?;
    let mut silent = before.clone();
    silent.local_modes.remove(LocalModes::ECHO);
    tcsetattr(&terminal, OptionalActions::Flush, &silent)?;
    let answer = line("no password was typed");
    tcsetattr(&terminal, OptionalActions::Flush, &before)?;
    eprintln!();
    answer
}

fn line(when_empty: &str) -> anyhow::Result<String> {
    let mut text = String::new();
    io::stdin().lock().read_line(&mut text)?;
    let text = text.trim_end_matches(['\r', '\n']).to_owned();
    if text.is_empty() {
        return Err(UsageError(when_empty.to_owned()).into());
    }
    Ok(text)
}
