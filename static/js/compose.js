// Writing a message. The form works without this; here it saves as one writes, answers in place and loses nothing:
// what the server does not have yet is also in sessionStorage.

import { toast } from "./app.js";
import { watchFiles } from "./compose-files.js";
import { Kept } from "./compose-kept.js";
import { completePeople } from "./compose-people.js";
import { RichText } from "./compose-rich.js";

const form = document.getElementById("compose");
const state = document.getElementById("compose-state");
const words = form.dataset;
const field = (name) => form.elements.namedItem(name);

/** Quiet time after which a change is saved; large attachments are written again with each version, so they wait longer. */
const pause = () => (Number(words.bytes) > 4e6 ? 30_000 : 2500);
const RETRY_MS = 10_000;

let changed = 0; // Counts changes.
let saved = 0; // The change that the server has.
let timer;
let leaving = false;
const kept = new Kept(form);

const isDirty = () => changed !== saved;
const say = (text, isBad = false) => {
  state.textContent = text;
  state.toggleAttribute("data-bad", isBad);
};

// One request at a time: each begins with the draft that the last one left.
let turn = Promise.resolve();
const inTurn = (work) => (turn = turn.then(work, work));

let rich;

/** The form as it is now, without files, and the images in its text that the server does not know yet. */
function collect(action) {
  const images = rich?.sync() ?? [];
  const data = new FormData(form);
  data.delete("files");
  data.set("do", action);
  return { data, images };
}

/** Keeps what was typed in this window. */
function keep(isHandedOver = false) {
  rich?.sync(true);
  kept.put(isHandedOver);
}

/** Sends the form; the answer is JSON, or null where none came. */
async function post(action) {
  const { data, images } = collect(action);
  try {
    const answer = await fetch(form.action, { method: "POST", body: data, headers: { Accept: "application/json" } });
    const told = await answer.json().catch(() => null);
    if (told?.images) rich.named(images, told.images);
    return { status: answer.status, told };
  } catch {
    return { status: 0, told: null };
  }
}

/** Shows what the server told; whether all is well. */
export function take({ status, told }) {
  if (told?.next) return leave(told);
  if (status === 401 || status === 403) {
    signedOut();
    return false;
  }
  if (!told?.errors) {
    say(status === 0 || status >= 500 ? words.offline : (told?.error?.message ?? words.failed), true);
    return false;
  }
  if (told.draft) {
    field("draft").value = told.draft;
    field("carries").value = "";
    // Reloading shows the draft.
    history.replaceState(null, "", `${told.mailbox}/${told.draft}/edit`);
    kept.moved();
  }
  words.bytes = told.bytes;
  document.getElementById("compose-file-list").innerHTML = told.files;
  showErrors(told.errors);
  say(told.saved);
  return status === 200;
}

function showErrors(errors) {
  for (const box of form.querySelectorAll("[data-errors]")) {
    const list = errors[box.dataset.errors] ?? [];
    const items = list.map((text) => Object.assign(document.createElement("li"), { textContent: text }));
    (box.querySelector("ul") ?? box).replaceChildren(...items);
    box.hidden = list.length === 0;
    const input = field(box.dataset.errors);
    if (input instanceof Element) {
      if (list.length) input.setAttribute("aria-invalid", "true");
      else input.removeAttribute("aria-invalid");
    }
  }
  if (errors.cc?.length || errors.bcc?.length) form.querySelector(".compose-more").open = true;
  form.querySelector("[aria-invalid='true']")?.focus();
}

function signedOut() {
  keep();
  say("", false);
  const box = form.querySelector("[data-errors='form']");
  const link = Object.assign(document.createElement("a"), { href: `/sign-in?next=${encodeURIComponent("/mail/-/compose")}` });
  link.textContent = words.signedOut;
  const item = document.createElement("li");
  item.append(link);
  box.querySelector("ul").replaceChildren(item);
  box.hidden = false;
  leaving = true;
}

/** Goes on to the next page, which says what there is to say. */
function leave({ next, said, is_bad: isBad }) {
  leaving = true;
  kept.drop();
  if (said) sessionStorage.setItem("gatepost-said", JSON.stringify({ text: said, kind: isBad ? "bad" : "" }));
  location.assign(next);
  return true;
}

function save() {
  clearTimeout(timer);
  return inTurn(async () => {
    if (!isDirty() || leaving) return;
    const at = changed;
    say(words.saving);
    const answer = await post("save");
    if (leaving) return;
    if (take(answer)) {
      saved = at;
      if (!isDirty()) kept.drop();
    } else if (answer.status === 0 || answer.status >= 500) {
      timer = setTimeout(save, RETRY_MS);
    }
  });
}

export function change() {
  changed += 1;
  keep();
  if (!state.hasAttribute("data-bad")) say(words.unsaved);
  clearTimeout(timer);
  timer = setTimeout(save, pause());
}

const mentionsAttachment = () => {
  const own = (rich?.words ?? field("text").value).split(/^-{6,} |^>/m)[0].toLowerCase();
  return words.attachmentWords.split(",").some((word) => new RegExp(`(^|[^\\p{L}])${word.trim()}($|[^\\p{L}])`, "u").test(own));
};

function isSure() {
  const has = (selector) => form.querySelector(selector) !== null;
  if (!field("subject").value.trim() && !confirm(words.subject)) return false;
  return has("#compose-file-list li") || !mentionsAttachment() || confirm(words.attachment);
}

async function act(action) {
  if (leaving) return;
  if (action === "send" && !isSure()) return;
  if (action === "discard" && (isDirty() || field("draft").value) && !confirm(words.discard)) return;
  const isUntouched = !isDirty() && !field("draft").value;
  if (isUntouched && (action === "close" || action === "discard")) return leave({ next: field("back").value });
  const buttons = [...form.querySelectorAll("button[value='send'], button[value='discard']")];
  buttons.forEach((button) => (button.disabled = true));
  clearTimeout(timer);
  await inTurn(async () => {
    if (leaving) return;
    const at = changed;
    say(action === "send" ? words.sending : words.saving);
    if (take(await post(action))) saved = at;
    if (!isDirty()) kept.drop();
  });
  if (!leaving) buttons.forEach((button) => (button.disabled = false));
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  const button = event.submitter;
  // Enter in a field is not a wish to do anything.
  if (button && !button.matches(".visually-hidden")) act(button.value);
});
form.addEventListener("input", (event) => {
  if (event.target.name !== "files") change();
});
document.addEventListener("keydown", (event) => {
  if (event.isComposing || event.defaultPrevented) return;
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
    event.preventDefault();
    act("send");
  } else if (event.key === "Escape" && !document.querySelector("details[data-menu][open], #menu[data-open], dialog[open]")) {
    event.preventDefault();
    act("close");
  }
});
// What is typed last before the window closes still reaches the draft.
addEventListener("pagehide", () => {
  if (!isDirty() || leaving) return;
  const { data } = collect("save");
  if (navigator.sendBeacon(form.action, data)) keep(true);
});

form.toggleAttribute("data-live", true);
rich = new RichText({ form, change, say });
watchFiles({ form, inTurn, take, say, collect, rich });
completePeople(form, change);
const open = (text) => {
  kept.restore(text);
  rich.load();
  form.querySelector(".compose-more").open ||= Boolean(field("cc").value || field("bcc").value);
};
if (kept.isOfThisPage()) {
  open();
  toast(words.restored);
  change();
} else if (kept.isWaiting()) {
  const notice = Object.assign(document.createElement("div"), { className: "notice" });
  const button = Object.assign(document.createElement("button"), { type: "button", className: "button small", textContent: words.earlier });
  button.addEventListener("click", () => {
    open();
    notice.remove();
    change();
  });
  notice.append(button);
  document.getElementById("compose-notices").prepend(notice);
}
// One writes above what is quoted.
field("text").setSelectionRange(0, 0);
if (rich.isOn && field("text").autofocus) rich.editor.focus();
