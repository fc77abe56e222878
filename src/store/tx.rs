//! What a commit may do. The methods that change content stand with their content: [`crate::mailbox`],
//! [`crate::message`], [`crate::spool`], [`crate::record`], [`crate::trace`], [`crate::vault`].

/// One commit in the making: reads see the committed state and what this commit has changed so far.
pub struct Tx<'a> {
    _store: &'a (),
}
