// The console works without scripts; this makes long lists quicker: one box that selects all rows, and buttons that are
// there only while something is selected.
for (const form of document.querySelectorAll("form[data-bulk]")) {
  const all = form.querySelector("[data-select-all]");
  const rows = [...form.querySelectorAll("[data-select-row]")];
  const more = form.querySelector("[data-select-more]");
  const buttons = [...form.querySelectorAll("[data-needs-selection]")];
  const show = () => {
    const selected = rows.filter((row) => row.checked).length;
    if (all) {
      all.checked = selected > 0 && selected === rows.length;
      all.indeterminate = selected > 0 && selected < rows.length;
    }
    for (const button of buttons) button.disabled = selected === 0 && !more?.checked;
  };
  if (all) {
    all.closest("[hidden]")?.removeAttribute("hidden");
    all.addEventListener("change", () => {
      for (const row of rows) row.checked = all.checked;
      show();
    });
  }
  form.addEventListener("change", show);
  show();
}
