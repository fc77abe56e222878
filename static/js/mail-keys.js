// Keys. A key that stands beside a button ([data-key]) presses it; j, k, o, x, u and / move around.
import { currentRow, picks, rows } from "./mail-list.js";
import { foldAll, stepCard } from "./mail-reader.js";

const typing = (target) => target instanceof Element && target.closest("input:not([type=checkbox]), textarea, select, [contenteditable]");
const visible = (element) => element.getClientRects().length > 0;
const reading = () => Boolean(document.querySelector("#reader .message"));

function step(by) {
  const all = rows();
  if (all.length === 0) return;
  const at = all.indexOf(currentRow());
  const row = all[at < 0 ? 0 : Math.min(Math.max(at + by, 0), all.length - 1)];
  const link = row.querySelector(".row-link");
  if (reading()) {
    if (row !== currentRow()) link.click();
  } else {
    link.focus();
  }
  row.scrollIntoView({ block: "nearest" });
}

/** The button of a key: of the selected messages, of the open message, else of the row that has the focus. */
function button(key) {
  const of = (root) => [...document.querySelectorAll(`${root} [data-key="${key}"]`)][0];
  if (picks().some((box) => box.checked)) return of("#list-form .bulk");
  const open = of("#reader");
  if (open) return open;
  const bulk = of("#list-form .bulk");
  const row = currentRow();
  if (bulk && row) {
    row.querySelector(".pick").click();
    return bulk;
  }
  return [...document.querySelectorAll(`[data-key="${key}"]`)].find(visible);
}

const moves = {
  j: () => step(1),
  k: () => step(-1),
  o: () => currentRow()?.querySelector(".row-link").click(),
  x: () => currentRow()?.querySelector(".pick")?.click(),
  u: () => {
    const back = [...document.querySelectorAll('[data-key="u"]')].find(visible);
    if (back) back.click();
    else currentRow()?.querySelector(".row-link").focus();
  },
  n: () => stepCard(1),
  p: () => stepCard(-1),
  ";": foldAll,
  z: () => document.querySelector(".undo button")?.click(),
  "/": () => {
    const search = document.getElementById("search");
    search?.focus();
    search?.select();
  },
  "?": () => document.getElementById("shortcuts")?.showModal(),
};

document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
  if (document.querySelector("dialog[open]")) return;
  if (event.key === "s" && !reading()) {
    const star = currentRow()?.querySelector(".star");
    if (star && !picks().some((box) => box.checked)) {
      event.preventDefault();
      star.click();
      return;
    }
  }
  const move = moves[event.key];
  const pressed = move ? null : /^[a-zA-Z#!]$/.test(event.key) && button(event.key);
  if (!move && !pressed) return;
  event.preventDefault();
  if (move) move();
  else pressed.click();
});
