//! Whether a reader would see a paperclip.

use crate::summary::Part;

/// Whether a part would be shown as an attachment: one that says so, an attached message, or a named part that is
/// neither text to be read nor a picture inside of it. Signatures, encryption wrapping, the machine parts of reports and
/// calendar invitations are not.
pub(crate) fn has_attachment(root: &Part) -> bool {
    let has_invitation =
        is_anywhere(root, &|part| part.is_type("text", "calendar") && part.parameter("method").is_some());
    walk(root, "", has_invitation)
}

fn is_anywhere(part: &Part, test: &dyn Fn(&Part) -> bool) -> bool {
    test(part) || part.children.iter().any(|child| is_anywhere(child, test))
}

/// `parent` is the subtype of the multipart that holds the part; empty at the root.
fn walk(part: &Part, parent: &str, has_invitation: bool) -> bool {
    if part.is_embedded_message() {
        return !matches!(parent, "report" | "digest" | "");
    }
    if part.media_type == "multipart" {
        // An encrypted message shows nothing but its wrapping.
        return part.subtype != "encrypted"
            && part.children.iter().any(|child| walk(child, &part.subtype, has_invitation));
    }
    let is_marked = part.has_disposition("attachment");
    match (part.media_type.as_str(), part.subtype.as_str()) {
        ("application", "pgp-signature" | "pkcs7-signature" | "x-pkcs7-signature" | "pgp-encrypted") => false,
        ("application", "pkcs7-mime" | "x-pkcs7-mime") => !parent.is_empty() && is_marked,
        ("text", "calendar") | ("application", "ics") => is_marked && !has_invitation,
        ("message", _) | ("text", "rfc822-headers") if parent == "report" => false,
        ("text", "plain" | "html" | "enriched" | "x-amp-html" | "watch-html") => is_marked,
        ("image", _) => is_marked || is_attached_picture(part, parent),
        ("text", _) => is_marked || part.file_name().is_some(),
        _ => is_marked || parent != "related" || part.file_name().is_some() && part.id.is_none(),
    }
}

/// Pictures inside of HTML have a Content-ID or stand in a multipart/related.
fn is_attached_picture(part: &Part, parent: &str) -> bool {
    part.file_name().is_some() && part.id.is_none() && parent != "related"
}
