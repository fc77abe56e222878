//! Tests of what the webmail crate offers beside its pages. The pages themselves are tested through the running server.

mod safe_html;
