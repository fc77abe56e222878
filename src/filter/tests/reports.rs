//! Reports of other receivers: ../shared/corpora/dmarc-tlsrpt-reports. They are read or refused, whatever they hold.

use mail_auth::report::{Feedback, Report, tlsrpt::TlsReport};

/// Octets that a report may have once it is unpacked.
const REPORT_BYTES_MAX: usize = 10 * 1024 * 1024;

#[test]
fn every_report_is_read_or_refused() {
    let root = format!("{}/dmarc-tlsrpt-reports", crate::CORPORA);
    let list = |folder: std::path::PathBuf| {
        let entries = std::fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
        entries.map(|entry| entry.expect("reads the folder").path()).collect::<Vec<_>>()
    };
    let mut paths = list(root.into());
    let folders: Vec<_> = paths.extract_if(.., |path| path.is_dir()).collect();
    paths.extend(folders.into_iter().flat_map(list));
    let (mut read, mut refused) = (0, 0);
    for path in paths {
        let bytes = std::fs::read(&path).expect("reads a report");
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let is_read = match name.rsplit('.').next() {
            Some("xml") => Report::parse_xml(&bytes).is_ok(),
            Some("json") => TlsReport::parse_json(&bytes).is_ok(),
            Some("eml") => {
                Report::parse_rfc5322(&bytes, REPORT_BYTES_MAX).is_ok()
                    || Feedback::parse_rfc5322(&bytes).is_ok()
                    || TlsReport::parse_rfc5322(&bytes, REPORT_BYTES_MAX).is_ok()
            }
            _ => continue,
        };
        if is_read { read += 1 } else { refused += 1 }
    }
    assert!(read > refused, "{read} read, {refused} refused");
}
