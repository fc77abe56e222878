// The list: what is selected, which message is open, and what comes after an action.

const panes = document.getElementById("panes");
const wide = () => window.matchMedia("(min-width: 1100px)").matches && !panes?.classList.contains("two");

export const form = () => document.getElementById("list-form");
export const rows = () => [...document.querySelectorAll("#rows > .row")];
export const picks = () => [...document.querySelectorAll("#rows .pick")];

/** The row of the open message, else the one that has the focus. */
export const currentRow = () => document.querySelector("#rows > .row.open") ?? document.activeElement?.closest?.("#rows > .row") ?? null;

/** The field that says whether everything in the folder is meant, not only what this page shows. */
const everything = () => form()?.elements.namedItem("all");

function count() {
  const all = picks();
  const picked = all.filter((box) => box.checked).length;
  const isWhole = picked > 0 && picked === all.length;
  const more = document.getElementById("pick-more");
  if (everything() && (!isWhole || !more)) everything().value = "";
  const isAll = everything()?.value === "1";
  const text = document.getElementById("picked");
  if (text) text.textContent = picked && !isAll ? `${picked} ${text.dataset.text}` : "";
  if (more) {
    more.hidden = !isWhole;
    more.querySelector("span").textContent = isWhole ? (isAll ? more.dataset.all : more.dataset.page) : "";
    more.querySelector("[data-pick=all]").hidden = isAll;
    more.querySelector("[data-pick=none]").hidden = !isAll;
  }
  const whole = document.getElementById("pick-all");
  if (!whole) return;
  whole.parentElement.hidden = all.length === 0;
  whole.checked = isWhole;
  whole.indeterminate = picked > 0 && !isWhole;
}

document.addEventListener("click", (event) => {
  const button = event.target instanceof Element && event.target.closest("[data-pick]");
  if (!button) return;
  everything().value = button.dataset.pick === "all" ? "1" : "";
  if (button.dataset.pick === "none") for (const box of picks()) box.checked = false;
  count();
  (button.dataset.pick === "all" ? document.querySelector("[data-pick=none]") : document.getElementById("pick-all"))?.focus();
});

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
  const message = document.querySelector("#reader .message");
  const uid = message?.dataset.uid;
  const mailbox = message?.querySelector("input[name=mailbox]")?.value;
  for (const row of rows()) {
    // Found in all folders, a number alone is not enough.
    const open = row.dataset.mailbox ? row.dataset.mailbox === mailbox && row.dataset.uid === uid : row.id === `m${uid}`;
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
  // The window is called after what is open, whichever of the two parts came last.
  const title = (document.querySelector("#reader .message") ?? form())?.dataset.title;
  if (title) document.title = title;
}

// News replaces the list under the person's hands: what is selected and which menus are open stays.
if (window.Idiomorph) {
  window.Idiomorph.defaults.callbacks.beforeNodeMorphed = (old, fresh) => {
    if (!(old instanceof HTMLElement)) return true;
    if (old.matches(".pick") && old.checked) fresh.setAttribute("checked", "");
    if (old.matches("input[name=all]")) fresh.setAttribute("value", old.value);
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
  // What everything was meant for has been said.
  if (source.id === "list-form" && everything()?.value === "1") for (const box of picks()) box.checked = false;
  next = null;
  if (source.matches(".message-bar") && wide()) {
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
    const first = reader.querySelector(".several > .card-message[open]");
    reader.scrollTop = first && first !== first.parentElement.firstElementChild ? first.offsetTop - 60 : 0;
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
  for (const told of document.querySelectorAll(".undo:not([data-seen]), [data-leaves]:not([data-seen])")) {
    told.dataset.seen = "";
    setTimeout(() => dismiss(told), 12000);
  }
}

count();
hideLater();
