// The list: what is selected, which message is open, and what comes after an action.

const panes = document.getElementById("panes");
const wide = window.matchMedia("(min-width: 1100px)");

export const form = () => document.getElementById("list-form");
export const rows = () => [...document.querySelectorAll("#rows > .row")];
export const picks = () => [...document.querySelectorAll("#rows .pick")];

/** The row of the open message, else the one that has the focus. */
export const currentRow = () => document.querySelector("#rows > .row.open") ?? document.activeElement?.closest?.("#rows > .row") ?? null;

function count() {
  const all = picks();
  const picked = all.filter((box) => box.checked).length;
  const text = document.getElementById("picked");
  if (text) text.textContent = picked ? `${picked} ${text.dataset.text}` : "";
  const whole = document.getElementById("pick-all");
  if (!whole) return;
  whole.parentElement.hidden = all.length === 0;
  whole.checked = picked > 0 && picked === all.length;
  whole.indeterminate = picked > 0 && picked < all.length;
}

// Shift selects all from the last one that was pressed.
let last = null;
document.addEventListener("click", (event) => {
  const box = event.target instanceof HTMLInputElement && event.target.matches(".pick") ? event.target : null;
  if (!box) return;
  const all = picks();
  if (event.shiftKey && last && all.includes(last)) {
    const [from, to] = [all.indexOf(last), all.indexOf(box)].sort((a, b) => a - b);
    for (const other of all.slice(from, to + 1)) other.checked = box.checked;
  }
  last = box;
  count();
});
document.addEventListener("change", (event) => {
  if (event.target.id === "pick-all") for (const box of picks()) box.checked = event.target.checked;
  if (event.target.id === "pick-all" || event.target.matches?.(".pick")) count();
});

/** Marks the row of the message in the reading pane, which is read by now. */
function markOpen() {
  const uid = document.querySelector("#reader .message")?.dataset.uid;
  for (const row of rows()) {
    const open = row.id === `m${uid}`;
    row.classList.toggle("open", open);
    const link = row.querySelector(".row-link");
    if (!open) {
      link.removeAttribute("aria-current");
      continue;
    }
    link.setAttribute("aria-current", "true");
    if (row.classList.contains("unread")) {
      row.classList.remove("unread");
      row.querySelector(".dot")?.remove();
    }
  }
  panes?.toggleAttribute("data-open", Boolean(uid));
}

// News replaces the list under the person's hands: what is selected and which menus are open stays.
if (window.Idiomorph) {
  window.Idiomorph.defaults.callbacks.beforeNodeMorphed = (old, fresh) => {
    if (!(old instanceof HTMLElement)) return true;
    if (old.matches(".pick") && old.checked) fresh.setAttribute("checked", "");
    if (old instanceof HTMLDetailsElement && old.open) fresh.setAttribute("open", "");
    return true;
  };
}

// After a message was moved away from the reading pane, the next one takes its place where both are shown.
let next = null;
document.addEventListener("htmx:beforeRequest", (event) => {
  const source = event.detail.elt;
  if (!source.matches("form")) return;
  for (const menu of source.querySelectorAll("details[data-menu][open]")) menu.open = false;
  if (source.matches(".undo")) dismiss(source);
  next = null;
  if (source.matches(".message-bar") && wide.matches) {
    const row = currentRow();
    const act = event.detail.requestConfig?.parameters?.act ?? "";
    if (row && act !== "unread") next = (row.nextElementSibling ?? row.previousElementSibling)?.id ?? null;
  }
});
document.addEventListener("htmx:afterRequest", (event) => {
  const source = event.detail.elt;
  if (!event.detail.successful || source.id !== "star-form") return;
  const star = document.querySelector("#reader .star");
  if (!star) return;
  const starred = star.getAttribute("aria-pressed") !== "true";
  star.setAttribute("aria-pressed", String(starred));
  star.value = starred ? "unstar" : "star";
});
document.addEventListener("htmx:afterSettle", (event) => {
  if (event.detail.target.id === "reader") {
    const reader = event.detail.target;
    reader.scrollTop = 0;
    reader.focus({ preventScroll: true });
  }
  markOpen();
  count();
  const row = event.detail.target.id === "list" && next ? document.getElementById(next) : null;
  if (event.detail.target.id === "list") next = null;
  row?.querySelector(".row-link")?.click();
  hideLater();
});

/** Takes a message away with what was wrapped around it. */
function dismiss(undo) {
  (undo.closest(".toast-slot") ?? undo).remove();
}

function hideLater() {
  for (const undo of document.querySelectorAll(".undo:not([data-seen])")) {
    undo.dataset.seen = "";
    setTimeout(() => dismiss(undo), 12000);
  }
}

count();
hideLater();
