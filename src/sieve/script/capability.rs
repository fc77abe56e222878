//! The extensions that scripts may require: the only list of them. What the engine could do beyond it (regular expressions,
//! notifications, rewriting of MIME parts, its own dialect) is refused when a script is stored, and again when one runs.

use sieve_engine::{Runtime, compiler::grammar::Capability};

/// Extensions by the names that `require` knows them by, with the RFC of each.
pub const OFFERED: [(&str, u32); 27] = [
    ("fileinto", 5228),
    ("envelope", 5228),
    ("encoded-character", 5228),
    ("comparator-i;octet", 5228),
    ("comparator-i;ascii-casemap", 5228),
    ("comparator-i;ascii-numeric", 4790),
    ("body", 5173),
    ("copy", 3894),
    ("date", 5260),
    ("index", 5260),
    ("duplicate", 7352),
    ("editheader", 5293),
    ("environment", 5183),
    ("ereject", 5429),
    ("ihave", 5463),
    ("imap4flags", 5232),
    ("include", 6609),
    ("mailbox", 5490),
    ("reject", 5429),
    ("relational", 5231),
    ("spamtest", 5235),
    ("spamtestplus", 5235),
    ("special-use", 8579),
    ("subaddress", 5233),
    ("vacation", 5230),
    ("variables", 5229),
    ("virustest", 5235),
];

/// Everything the engine knows and this list does not.
const WITHHELD: [&str; 21] = [
    "envelope-dsn",
    "envelope-deliverby",
    "comparator-elbonia",
    "convert",
    "foreverypart",
    "mime",
    "replace",
    "enclose",
    "extracttext",
    "enotify",
    "redirect-dsn",
    "redirect-deliverby",
    "extlists",
    "vacation-seconds",
    "fcc",
    "mailboxid",
    "mboxmetadata",
    "servermetadata",
    "imapsieve",
    "regex",
    "vnd.stalwart.while",
];

/// Whether scripts may require it.
pub(crate) fn is_offered(name: &str) -> bool {
    OFFERED.iter().any(|(offered, _)| *offered == name)
}

/// A runtime that has these extensions and no others.
pub(crate) fn restrict(mut runtime: Runtime) -> Runtime {
    for name in WITHHELD.iter().chain(&["vnd.stalwart.expressions"]) {
        runtime.unset_capability(Capability::parse(name));
    }
    runtime
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_engine_knows_what_is_offered_and_nothing_beside_both_lists() {
        for (name, _) in OFFERED {
            assert!(!matches!(Capability::parse(name), Capability::Other(_)), "{name}");
        }
        let named: Vec<_> =
            OFFERED.iter().map(|(name, _)| *name).chain(WITHHELD).chain(["vnd.stalwart.expressions"]).collect();
        for capability in Capability::all() {
            assert!(named.contains(&capability.to_string().as_str()), "{capability} is on no list");
        }
    }
}
