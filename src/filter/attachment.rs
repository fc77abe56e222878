//! Files that may do harm: programs, documents with macros, archives that hide what is in them.

use crate::{
    content::{Content, File},
    heuristics::Hit,
};

/// Octets of a file that are looked at.
const FILE_BYTES_MAX: usize = 32 * 1024 * 1024;
/// Entries of one archive.
const ENTRIES_MAX: usize = 1000;
/// Octets of a name within an archive.
const NAME_BYTES_MAX: usize = 512;

/// Endings of programs on one system or another.
const PROGRAMS: [&str; 34] = [
    "ace", "apk", "bat", "chm", "cmd", "com", "cpl", "dll", "exe", "hta", "img", "iso", "jar", "jnlp", "js", "jse",
    "lib", "lnk", "mde", "msc", "msi", "msp", "pif", "ps1", "reg", "scr", "sct", "shb", "sys", "vb", "vbe", "vbs",
    "vhd", "wsf",
];
/// Endings of documents that hold macros.
const MACROS: [&str; 8] = ["docm", "dotm", "potm", "ppam", "pptm", "xlam", "xlsm", "xltm"];
/// Endings that look harmless before another one.
const HARMLESS: [&str; 10] = ["avi", "doc", "docx", "gif", "jpg", "mp3", "pdf", "txt", "xls", "zip"];
const ARCHIVES: [&str; 6] = ["7z", "gz", "rar", "tar", "tgz", "zip"];

/// Looks at all files of a message.
pub fn look(content: &Content<'_>) -> Vec<Hit> {
    let mut hits = Vec::new();
    for file in &content.files {
        look_at_name(&file.name, &mut hits);
        look_inside(content, file, &mut hits);
    }
    hits.dedup();
    hits
}

fn look_at_name(name: &str, hits: &mut Vec<Hit>) {
    let lower = name.to_lowercase();
    let mut endings = lower.rsplit('.').map(str::trim);
    let last = endings.next().filter(|_| lower.contains('.')).unwrap_or_default();
    let mut hit = |rule| hits.push(Hit { rule, detail: name.chars().take(80).collect() });
    // A mark that turns the direction of writing hides the real ending.
    if name.chars().any(|c| matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')) {
        hit("FILE_TWO_ENDINGS");
    }
    if PROGRAMS.contains(&last) {
        hit(if endings.next().is_some_and(|before| HARMLESS.contains(&before)) {
            "FILE_TWO_ENDINGS"
        } else {
            "FILE_DANGEROUS"
        });
    } else if MACROS.contains(&last) {
        hit("FILE_MACRO");
    }
}

fn look_inside(content: &Content<'_>, file: &File<'_>, hits: &mut Vec<Hit>) {
    // Base64 is a third longer than what it stands for.
    if file.part.body(content.message).len() > FILE_BYTES_MAX {
        return;
    }
    let ending = file.name.rsplit('.').next().unwrap_or_default().to_ascii_lowercase();
    let may_be_zip = ending == "zip"
        || matches!(ending.as_str(), "docx" | "xlsx" | "pptx" | "doc" | "xls")
        || file.media_type.contains("zip");
    if !may_be_zip {
        return;
    }
    let bytes = mail::text::decode(file.part, content.message);
    let Some(entries) = zip_entries(&bytes) else { return };
    for entry in &entries {
        let shown = format!("{} in {}", entry.name, file.name);
        if entry.is_encrypted {
            hits.push(Hit { rule: "FILE_ENCRYPTED", detail: file.name.clone() });
        }
        if entry.name.ends_with("vbaProject.bin") {
            hits.push(Hit { rule: "FILE_MACRO", detail: file.name.clone() });
        }
        let before = hits.len();
        look_at_name(&entry.name, hits);
        hits[before..].iter_mut().for_each(|hit| hit.detail = shown.chars().take(120).collect());
        let ending = entry.name.rsplit('.').next().unwrap_or_default().to_ascii_lowercase();
        if ARCHIVES.contains(&ending.as_str()) {
            hits.push(Hit { rule: "FILE_NESTED", detail: shown.chars().take(120).collect() });
        }
    }
}

/// An entry of an archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its path.
    pub name: String,
    /// Whether its content is encrypted.
    pub is_encrypted: bool,
}

/// The entries that the central directory of a ZIP archive names (APPNOTE.TXT section 4.3.12); nothing is unpacked.
pub fn zip_entries(bytes: &[u8]) -> Option<Vec<Entry>> {
    let end = memchr::memmem::rfind(bytes, b"PK\x05\x06")?;
    let number = |at: usize, width: usize| -> Option<usize> {
        bytes
            .get(at..at.checked_add(width)?)
            .map(|bytes| bytes.iter().rev().fold(0, |sum, byte| sum << 8 | usize::from(*byte)))
    };
    let mut at = number(end + 16, 4)?;
    let mut entries = Vec::new();
    while entries.len() < ENTRIES_MAX && bytes.get(at..at.checked_add(4)?) == Some(b"PK\x01\x02") {
        let (flags, name, extra, comment) =
            (number(at + 8, 2)?, number(at + 28, 2)?, number(at + 30, 2)?, number(at + 32, 2)?);
        let raw = bytes.get(at + 46..at + 46 + name)?;
        let name_text = String::from_utf8_lossy(&raw[..raw.len().min(NAME_BYTES_MAX)]).into_owned();
        entries.push(Entry { name: name_text, is_encrypted: flags & 1 == 1 });
        at = at + 46 + name + extra + comment;
    }
    Some(entries)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn rules(name: &str) -> Vec<&'static str> {
        let mut hits = Vec::new();
        look_at_name(name, &mut hits);
        hits.into_iter().map(|hit| hit.rule).collect()
    }

    /// A central directory with one entry, and its end record.
    fn zip(name: &str, encrypted: bool) -> Vec<u8> {
        let mut bytes = b"PK\x01\x02\0\0\0\0".to_vec();
        bytes.extend([u8::from(encrypted), 0]);
        bytes.resize(28, 0);
        bytes.extend((name.len() as u16).to_le_bytes());
        bytes.resize(46, 0);
        bytes.extend(name.as_bytes());
        bytes.extend(b"PK\x05\x06");
        bytes.extend([0; 18]);
        bytes
    }

    #[test]
    fn names_tell() {
        assert_eq!(rules("invoice.pdf"), [""; 0]);
        assert_eq!(rules("setup.EXE"), ["FILE_DANGEROUS"]);
        assert_eq!(rules("invoice.pdf.exe"), ["FILE_TWO_ENDINGS"]);
        assert_eq!(rules("plan.xlsm"), ["FILE_MACRO"]);
        assert_eq!(rules("exe"), [""; 0]);
    }

    #[test]
    fn archives_are_looked_into() {
        let entries = zip_entries(&zip("a/run.js", true)).unwrap();
        assert_eq!(entries, [Entry { name: "a/run.js".into(), is_encrypted: true }]);
    }

    proptest! {
        #[test]
        fn no_archive_panics(bytes: Vec<u8>, cut in 0usize..90, noise: u8) {
            let mut near = zip("name.txt", false);
            near.truncate(near.len().saturating_sub(cut));
            if let Some(byte) = near.get_mut(usize::from(noise) % 70) { *byte = noise; }
            let _ = (zip_entries(&bytes), zip_entries(&near));
        }
    }
}
