//! Long lists in pages.

use httpd::Page;

/// Rows of a page.
pub(crate) const ROWS: usize = 50;

/// Where a page stands in its list.
pub(crate) struct Pager {
    /// "51–100 of 3,204".
    pub(crate) range: String,
    /// Address of the page before.
    pub(crate) before: Option<String>,
    /// Address of the page after.
    pub(crate) after: Option<String>,
    /// Rows before this page.
    pub(crate) offset: usize,
}

impl Pager {
    /// The page `number` (from 1) of `total` rows; one beyond the end is the last. `address` writes the address of a page.
    pub(crate) fn new(page: &Page, number: usize, total: usize, address: impl Fn(usize) -> String) -> Self {
        let last = total.div_ceil(ROWS).max(1);
        let number = number.clamp(1, last);
        let offset = (number - 1) * ROWS;
        let n = |value: usize| page.number(value as u64);
        let end = (offset + ROWS).min(total);
        let range = format!("{}–{}", n((offset + 1).min(total)), n(end));
        Self {
            range: page.t2("admin-pager", "range", range, "total", n(total)),
            before: (number > 1).then(|| address(number - 1)),
            after: (number < last).then(|| address(number + 1)),
            offset,
        }
    }

    /// Whether all rows are on this page.
    pub(crate) fn alone(&self) -> bool {
        self.before.is_none() && self.after.is_none()
    }
}
