//! The small grammars of a header: addresses, dates, encoded words, subjects.

use mail::{
    address::{self, Address, ReversePath},
    date, encoded_word,
    received::Received,
    subject, text,
};

/// What is taken is written so that it is taken again and means the same.
pub fn check(data: &[u8]) {
    let _ = encoded_word::decode(data, Some("iso-2022-jp"));
    let _ = encoded_word::decode(data, None);
    let Ok(words) = std::str::from_utf8(data) else { return };
    addresses(words);
    dates(words);
    let (base, _) = subject::base_subject(words);
    assert!(base.len() <= words.len() * 3, "a base subject is a part of the subject");
    let _ = (text::fixed(words), text::flowed(words, true), text::flowed(words, false), text::html_to_text(words));
    let received = Received {
        helo: words,
        client: [192, 0, 2, 1].into(),
        by: "mail.example.org",
        with: "ESMTP",
        tls: Some(words),
        id: "x",
        recipient: Some(words),
        at: 0,
    };
    let line = received.render();
    let folded = line.trim_end_matches("\r\n").split("\r\n").skip(1).all(|line| line.starts_with([' ', '\t']));
    assert!(folded && line.ends_with("\r\n") && !line.replace("\r\n", "").contains(['\r', '\n']), "{line:?}");
}

fn addresses(words: &str) {
    if let Ok(address) = words.parse::<Address>() {
        let again: Address = address.to_wire().parse().expect("what is written is taken");
        assert_eq!(again.key(), address.key(), "{words:?}");
        assert!(address.key().contains(address.domain()));
        let _ = (address.base_local(), address.is_utf8(), address.local());
    }
    let _ = words.parse::<ReversePath>();
    if let Ok(domain) = address::parse_domain(words) {
        assert_eq!(address::parse_domain(&domain).expect("is taken again"), domain, "{words:?}");
    }
    let _ = (address::domain_to_ascii(words), address::domain_to_unicode(words));
}

fn dates(words: &str) {
    for ms in [date::parse_imap(words), date::parse_imap_date(words), date::parse_rfc5322(words)].into_iter().flatten()
    {
        let seconds = ms.div_euclid(1000) * 1000;
        // Years beyond four digits have no form in a header.
        if (0..253_402_300_800_000).contains(&seconds) {
            assert_eq!(date::parse_rfc5322(&date::rfc5322(seconds)), Some(seconds), "{words:?}");
            assert_eq!(date::parse_imap(date::imap(seconds).trim_matches('"')), Some(seconds), "{words:?}");
        }
    }
}
