//! Several files as one: a ZIP archive without compression, since what people attach is compressed already (APPNOTE 6.3.10,
//! sections 4.3 and 4.4).

use crate::{
    address::segment,
    attachment, body,
    imap::{Value, pair},
    structure::Contents,
    visit::Visit,
};
use actix_web::{HttpResponse, web};
use httpd::Fault;
use std::collections::HashSet;

/// `GET /mail/{mailbox}/{uid}/files`: all attachments.
pub(crate) async fn download(visit: Visit, path: web::Path<(String, u32)>) -> Result<HttpResponse, Fault> {
    let (mailbox, uid) = path.into_inner();
    let (mut lease, _) = visit.open(&mailbox).await?;
    let root = body::structure(&mut lease, uid).await?;
    let contents = Contents::of(&root);
    let mut archive = Archive::default();
    for part in &contents.attachments {
        let data = lease.fetch_one(uid, &format!("BODY.PEEK[{}]", part.section)).await?.ok_or(Fault::NotFound)?;
        let bytes = pair(&data, &format!("BODY[{}]", part.section)).and_then(Value::bytes).ok_or(Fault::NotFound)?;
        archive.add(&attachment::name(part, &visit.page), &part.decode(bytes));
    }
    drop(lease);
    let name = format!("{}-{uid}.zip", segment(&visit.page.t("attachment-unnamed")));
    Ok(attachment::response(&name, None, archive.finish()))
}

/// An archive in the making.
#[derive(Debug, Default)]
struct Archive {
    bytes: Vec<u8>,
    directory: Vec<u8>,
    names: HashSet<String>,
    count: u16,
}

/// Names are UTF-8 (general purpose bit 11).
const UTF8: u16 = 1 << 11;
/// 1 January 1980: the files have no time of their own.
const DATE: u16 = 0x21;

impl Archive {
    /// Adds a file. Attachments of one name get numbers. A message is far smaller than what needs the 64-bit form.
    fn add(&mut self, name: &str, file: &[u8]) {
        let (Ok(length), Ok(offset)) = (u32::try_from(file.len()), u32::try_from(self.bytes.len())) else { return };
        if self.count == u16::MAX {
            return;
        }
        let name = self.free_name(name);
        let mut head = Vec::new();
        for number in [UTF8, 0, 0, DATE] {
            head.extend_from_slice(&number.to_le_bytes());
        }
        for number in [crc32fast::hash(file), length, length] {
            head.extend_from_slice(&number.to_le_bytes());
        }
        head.extend_from_slice(&u16::try_from(name.len()).unwrap_or_default().to_le_bytes());
        head.extend_from_slice(&0u16.to_le_bytes());
        self.bytes.extend_from_slice(b"PK\x03\x04\x14\x00");
        self.bytes.extend_from_slice(&head);
        self.bytes.extend_from_slice(name.as_bytes());
        self.bytes.extend_from_slice(file);
        self.directory.extend_from_slice(b"PK\x01\x02\x14\x00\x14\x00");
        self.directory.extend_from_slice(&head);
        // No comment, disk 0, no attributes.
        self.directory.extend_from_slice(&[0; 10]);
        self.directory.extend_from_slice(&offset.to_le_bytes());
        self.directory.extend_from_slice(name.as_bytes());
        self.count += 1;
    }

    /// The name without what leads out of a folder, and not one that is there.
    fn free_name(&mut self, name: &str) -> String {
        let clean: String =
            name.chars().filter(|c| !c.is_control() && !matches!(c, '/' | '\\' | ':')).take(150).collect();
        let clean = if clean.trim_matches('.').is_empty() { "file".to_owned() } else { clean };
        let (stem, ending) = match clean.rsplit_once('.') {
            Some((stem, ending)) if !stem.is_empty() => (stem.to_owned(), format!(".{ending}")),
            _ => (clean.clone(), String::new()),
        };
        let mut free = clean;
        let mut number = 1;
        while !self.names.insert(free.to_lowercase()) {
            number += 1;
            free = format!("{stem} ({number}){ending}");
        }
        free
    }

    fn finish(self) -> Vec<u8> {
        let mut bytes = self.bytes;
        let number = |n: usize| u32::try_from(n).unwrap_or(u32::MAX).to_le_bytes();
        let (offset, length) = (number(bytes.len()), number(self.directory.len()));
        bytes.extend_from_slice(&self.directory);
        bytes.extend_from_slice(b"PK\x05\x06\0\0\0\0");
        bytes.extend_from_slice(&self.count.to_le_bytes());
        bytes.extend_from_slice(&self.count.to_le_bytes());
        bytes.extend_from_slice(&length);
        bytes.extend_from_slice(&offset);
        bytes.extend_from_slice(&[0, 0]);
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::Archive;

    #[test]
    fn names_stay_in_the_folder_and_differ() {
        let mut archive = Archive::default();
        let mut free = |name: &str| archive.free_name(name);
        assert_eq!(free("../a.pdf"), "..a.pdf");
        assert_eq!(free("b.txt"), "b.txt");
        assert_eq!(free("B.TXT"), "B (2).TXT");
        assert_eq!(free(".."), "file");
        assert_eq!(free(""), "file (2)");
    }
}
