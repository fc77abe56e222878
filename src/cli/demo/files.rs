//! Attachments made by code: a picture, a PDF, a table, a calendar entry, an archive.

use super::email::File;
use jiff::{Timestamp, tz::TimeZone};
use std::fmt::Write;

/// A garden plan, drawn: lawn, beds, a pond and a path, in a palette of eight colours.
pub(crate) fn plan_png(name: &'static str, variant: u64) -> File {
    const WIDTH: u32 = 360;
    const HEIGHT: u32 = 240;
    const PALETTE: [[u8; 3]; 8] = [
        [246, 243, 235],
        [126, 166, 96],
        [92, 133, 78],
        [150, 190, 214],
        [203, 182, 148],
        [168, 92, 76],
        [70, 74, 72],
        [220, 200, 90],
    ];
    let shift = i64::try_from(variant % 60).unwrap_or(0);
    let colour = |x: i64, y: i64| -> u8 {
        let pond = (x - 250 + shift).pow(2) + 2 * (y - 150).pow(2) < 2600;
        let path = (y - 60 - (x * x / 900) % 90 - shift / 2).abs() < 7;
        let bed = (x / 24 + y / 24 + shift) % 7 == 0 && y > 20 && y < 220;
        let tree = ((x + shift) % 58 - 29).pow(2) + (y % 64 - 32).pow(2) < 110;
        match () {
            () if !(6..354).contains(&x) || !(6..234).contains(&y) => 6,
            () if !(9..351).contains(&x) || !(9..231).contains(&y) => 0,
            () if pond => 3,
            () if path => 4,
            () if tree => 2,
            () if bed => {
                if (x + y) % 5 == 0 {
                    7
                } else {
                    5
                }
            }
            () => 1,
        }
    };
    let mut pixels = Vec::new();
    for y in 0..i64::from(HEIGHT) {
        pixels.push(0);
        pixels.extend((0..i64::from(WIDTH)).map(|x| colour(x, y)));
    }
    let mut png = b"\x89PNG\r\n\x1a\n".to_vec();
    let header = [&WIDTH.to_be_bytes()[..], &HEIGHT.to_be_bytes()[..], &[8, 3, 0, 0, 0]].concat();
    chunk(&mut png, *b"IHDR", &header);
    chunk(&mut png, *b"PLTE", &PALETTE.concat());
    chunk(&mut png, *b"IDAT", &zlib_stored(&pixels));
    chunk(&mut png, *b"IEND", &[]);
    File { name, media_type: "image/png", bytes: png, inline: None }
}

fn chunk(png: &mut Vec<u8>, kind: [u8; 4], data: &[u8]) {
    let body = [&kind[..], data].concat();
    png.extend(u32::try_from(data.len()).unwrap_or(u32::MAX).to_be_bytes());
    png.extend(&body);
    png.extend(crc32(&body).to_be_bytes());
}

/// zlib (RFC 1950) around stored blocks (RFC 1951 section 3.2.4).
fn zlib_stored(data: &[u8]) -> Vec<u8> {
    let mut out = vec![0x78, 0x01];
    let mut blocks = data.chunks(0xffff).peekable();
    while let Some(block) = blocks.next() {
        let length = u16::try_from(block.len()).unwrap_or(u16::MAX);
        out.push(u8::from(blocks.peek().is_none()));
        out.extend(length.to_le_bytes());
        out.extend((!length).to_le_bytes());
        out.extend(block);
    }
    let (mut a, mut b) = (1u32, 0u32);
    for &byte in data {
        a = (a + u32::from(byte)) % 65521;
        b = (b + a) % 65521;
    }
    out.extend(((b << 16) | a).to_be_bytes());
    out
}

fn crc32(data: &[u8]) -> u32 {
    !data.iter().fold(u32::MAX, |crc, &byte| {
        (0..8).fold(crc ^ u32::from(byte), |crc, _| if crc & 1 == 1 { (crc >> 1) ^ 0xedb8_8320 } else { crc >> 1 })
    })
}

/// A one-page PDF with these lines, the first as its title.
pub(crate) fn pdf(name: &'static str, lines: &[&str]) -> File {
    let mut page = String::from("BT /F1 20 Tf 60 770 Td ");
    for (index, line) in lines.iter().enumerate() {
        let line = line.replace('\\', "\\\\").replace('(', "\\(").replace(')', "\\)");
        let _ = write!(
            page,
            "({line}) Tj 0 {} Td {}",
            if index == 0 { -36 } else { -18 },
            if index == 0 { "/F1 11 Tf " } else { "" }
        );
    }
    page.push_str("ET");
    let objects = [
        "<< /Type /Catalog /Pages 2 0 R >>".to_owned(),
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>".to_owned(),
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Resources << /Font << /F1 4 0 R >> >> /Contents 5 0 R >>".to_owned(),
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>".to_owned(),
        format!("<< /Length {} >>\nstream\n{page}\nendstream", page.len()),
    ];
    let mut out = String::from("%PDF-1.4\n");
    let mut offsets = Vec::new();
    for (index, object) in objects.iter().enumerate() {
        offsets.push(out.len());
        let _ = write!(out, "{} 0 obj\n{object}\nendobj\n", index + 1);
    }
    let table = out.len();
    let _ = write!(out, "xref\n0 {}\n0000000000 65535 f \n", objects.len() + 1);
    for offset in offsets {
        let _ = writeln!(out, "{offset:010} 00000 n ");
    }
    let _ = write!(out, "trailer << /Size {} /Root 1 0 R >>\nstartxref\n{table}\n%%EOF\n", objects.len() + 1);
    File { name, media_type: "application/pdf", bytes: out.into_bytes(), inline: None }
}

/// The planting list of a bed.
pub(crate) fn planting_csv(name: &'static str) -> File {
    let rows = "plant,variety,count,height cm,bed,price each\r\n\
        Acer campestre,Elsrijk,3,250,A,86.00\r\n\
        Salvia nemorosa,Caradonna,48,50,B,3.40\r\n\
        Molinia caerulea,Transparent,24,160,B,4.90\r\n\
        Geranium,Rozanne,36,45,C,5.20\r\n\
        \"Rosa, climbing\",New Dawn,4,350,wall,18.50\r\n\
        Carex,Silver Sceptre,60,25,edge,2.80\r\n";
    File { name, media_type: "text/csv", bytes: rows.as_bytes().to_vec(), inline: None }
}

/// An archive (APPNOTE 6.3.3, stored) of text files.
pub(crate) fn zip(name: &'static str, entries: &[(&str, &str)]) -> File {
    let (mut out, mut directory) = (Vec::new(), Vec::new());
    for (path, text) in entries {
        let size = u32::try_from(text.len()).unwrap_or(u32::MAX).to_le_bytes();
        let path_size = u16::try_from(path.len()).unwrap_or(u16::MAX).to_le_bytes();
        // Version 2.0, no flags, stored, 1 March 2026 09:00.
        let common = [
            &[20, 0, 0, 0, 0, 0, 0, 0x48, 0x61, 0x5c][..],
            &crc32(text.as_bytes()).to_le_bytes(),
            &size,
            &size,
            &path_size,
            &[0, 0],
        ]
        .concat();
        let offset = u32::try_from(out.len()).unwrap_or(u32::MAX).to_le_bytes();
        directory.extend([b"PK\x01\x02\x14\x00", &common[..], &[0; 10], &offset, path.as_bytes()].concat());
        out.extend([b"PK\x03\x04", &common[..], path.as_bytes(), text.as_bytes()].concat());
    }
    let count = u16::try_from(entries.len()).unwrap_or(u16::MAX).to_le_bytes();
    let size = u32::try_from(directory.len()).unwrap_or(u32::MAX).to_le_bytes();
    let offset = u32::try_from(out.len()).unwrap_or(u32::MAX).to_le_bytes();
    out.extend(directory);
    out.extend([b"PK\x05\x06\0\0\0\0", &count[..], &count, &size, &offset, &[0, 0]].concat());
    File { name, media_type: "application/zip", bytes: out, inline: None }
}

/// An iCalendar request (RFC 5545, RFC 5546) for an hour that begins at `at`.
pub(crate) fn invitation(
    uid: &str,
    summary: &str,
    place: &str,
    organiser: &str,
    guests: &[&str],
    at: i64,
    made: i64,
) -> String {
    let stamp = |ms: i64| {
        let time = Timestamp::from_millisecond(ms).unwrap_or_default().to_zoned(TimeZone::UTC);
        time.strftime("%Y%m%dT%H%M%SZ").to_string()
    };
    let mut text = format!(
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Hazel Lane Studio//Calendar//EN\r\nMETHOD:REQUEST\r\nBEGIN:VEVENT\r\nUID:{uid}\r\n\
         DTSTAMP:{}\r\nDTSTART:{}\r\nDTEND:{}\r\nSUMMARY:{summary}\r\nLOCATION:{place}\r\nORGANIZER:mailto:{organiser}\r\n",
        stamp(made),
        stamp(at),
        stamp(at + 3_600_000),
    );
    for guest in guests {
        let _ = write!(text, "ATTENDEE;PARTSTAT=NEEDS-ACTION;RSVP=TRUE:mailto:{guest}\r\n");
    }
    text.push_str("SEQUENCE:0\r\nSTATUS:CONFIRMED\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n");
    text
}

#[cfg(test)]
mod tests {
    use super::crc32;

    #[test]
    fn the_checksum_is_that_of_png_and_zip() {
        assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
    }
}
