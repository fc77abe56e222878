//! Base subjects (RFC 5256 section 2.1).

/// The base subject, lower case, and whether the subject was that of a reply or forward.
pub fn base_subject(subject: &str) -> (String, bool) {
    // Step 1: tabs and runs of spaces become one space. Encoded words are decoded already.
    let folded = subject.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut text = folded.as_str();
    let mut is_reply = false;
    loop {
        // Step 2: trailers.
        while let Some(rest) = strip_suffix_ignore_case(text.trim_end(), "(fwd)") {
            is_reply = true;
            text = rest.trim_end();
        }
        // Steps 3 to 5: leaders, and blobs that leave something.
        loop {
            if let Some(rest) = strip_leader(text) {
                is_reply = true;
                text = rest;
            } else if let Some(rest) = strip_blob(text).filter(|rest| !rest.is_empty()) {
                text = rest;
            } else {
                break;
            }
        }
        // Step 6: the wrapper `[fwd: ...]`.
        match strip_prefix_ignore_case(text, "[fwd:").and_then(|rest| rest.strip_suffix(']')) {
            Some(inner) => {
                is_reply = true;
                text = inner.trim();
            }
            None => break,
        }
    }
    (text.trim().to_lowercase(), is_reply)
}

/// `*subj-blob ("re" / "fw" ["d"]) *WSP [subj-blob] ":"`, with the leaders that German and Nordic clients write.
fn strip_leader(text: &str) -> Option<&str> {
    let mut text = text.trim_start();
    while let Some(rest) = strip_blob(text) {
        text = rest;
    }
    let rest = ["re", "fwd", "fw", "aw", "wg", "sv", "vs", "antw"]
        .into_iter()
        .find_map(|word| strip_prefix_ignore_case(text, word).and_then(|rest| strip_count(rest).strip_prefix(':')));
    rest.map(str::trim_start)
}

/// What may stand between the leader's word and its colon: blanks and one blob.
fn strip_count(text: &str) -> &str {
    let text = text.trim_start();
    strip_blob(text).unwrap_or(text)
}

/// `"[" *BLOBCHAR "]" *WSP`.
fn strip_blob(text: &str) -> Option<&str> {
    let inner = text.strip_prefix('[')?;
    let end = inner.find(['[', ']'])?;
    inner[end..].strip_prefix(']').map(str::trim_start)
}

fn strip_prefix_ignore_case<'a>(text: &'a str, prefix: &str) -> Option<&'a str> {
    let (head, rest) = text.split_at_checked(prefix.len())?;
    head.eq_ignore_ascii_case(prefix).then_some(rest)
}

fn strip_suffix_ignore_case<'a>(text: &'a str, suffix: &str) -> Option<&'a str> {
    let (rest, tail) = text.split_at_checked(text.len().checked_sub(suffix.len())?)?;
    tail.eq_ignore_ascii_case(suffix).then_some(rest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn artefacts_are_removed() {
        for (subject, base, is_reply) in [
            ("Lunch", "lunch", false),
            ("Re: Lunch", "lunch", true),
            ("RE: Re:  Fwd:\tLunch", "lunch", true),
            ("[list] Re: [list] Lunch", "lunch", true),
            ("Re[2]: Lunch", "lunch", true),
            ("Re [5] : Lunch (fwd) (FWD)", "lunch", true),
            ("[Fwd: Re: Lunch]", "lunch", true),
            ("AW: Lunch", "lunch", true),
            ("[only a blob]", "[only a blob]", false),
            ("[a] [b]", "[b]", false),
            ("Report: Lunch", "report: lunch", false),
            ("Re:", "", true),
            ("", "", false),
            ("[unclosed Re: x", "[unclosed re: x", false),
            ("Über Größe", "über größe", false),
        ] {
            assert_eq!(base_subject(subject), (base.to_string(), is_reply), "{subject}");
        }
    }

    proptest! {
        #[test]
        fn any_text_has_a_base(text in ".*", noise in "(\\[a\\]|re:|fwd:|\\[fwd:|\\(fwd\\)|\\]|[ a])*") {
            let _ = base_subject(&text);
            let (base, _) = base_subject(&noise);
            prop_assert!(!base.contains('\n'));
        }
    }
}
