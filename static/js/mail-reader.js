// The message: its frame is as high as what is in it, asks before it shows images of others, and can be printed.

function fit(frame) {
  const page = frame.contentDocument;
  if (!page?.body || !frame.clientWidth) return;
  page.body.style.zoom = "";
  const over = page.documentElement.scrollWidth / page.documentElement.clientWidth;
  // Wide newsletters are made narrower rather than scrolled, as far as they can still be read.
  if (over > 1.01) page.body.style.zoom = String(Math.max(1 / over, 0.5));
  const height = Math.max(page.documentElement.offsetHeight, page.body.scrollHeight) + 2;
  if (Math.abs(frame.clientHeight - height) > 1) frame.style.height = `${height}px`;
}

function shown(frame) {
  const page = frame.contentDocument;
  if (!page?.body || frame.dataset.shown) return;
  frame.dataset.shown = "";
  const notice = frame.closest(".card-message")?.querySelector(".images-notice");
  if (notice && Number(page.documentElement.dataset.blocked) > 0) notice.hidden = false;
  let width = 0;
  new ResizeObserver(() => {
    if (frame.clientWidth === width && frame.clientHeight >= page.body.scrollHeight) return;
    width = frame.clientWidth;
    fit(frame);
  }).observe(page.body);
  fit(frame);
  for (const image of page.images) image.addEventListener("load", () => fit(frame));
  page.addEventListener("click", (event) => {
    const link = event.target.closest?.("a[href^='mailto:']");
    if (!link) return;
    event.preventDefault();
    const to = decodeURIComponent(link.getAttribute("href").slice(7).split("?")[0]);
    location.assign(`/mail/-/compose?to=${encodeURIComponent(to)}`);
  });
  // Keys work in the text as beside it.
  page.addEventListener("keydown", (event) => {
    const copy = new KeyboardEvent("keydown", event);
    if (!document.dispatchEvent(copy)) event.preventDefault();
  });
}

// "load" does not bubble; it is caught on its way down.
document.addEventListener("load", (event) => event.target instanceof HTMLIFrameElement && event.target.matches(".message-frame") && shown(event.target), true);
const ready = () => {
  for (const frame of document.querySelectorAll(".message-frame")) if (frame.contentDocument?.readyState === "complete" && frame.contentDocument.URL !== "about:blank") shown(frame);
};
ready();
// What is in a message that was closed had no size.
document.addEventListener("toggle", (event) => event.target.open && event.target.querySelectorAll?.(".message-frame").forEach(fit), true);
window.addEventListener("resize", () => document.querySelectorAll(".message-frame").forEach(fit));

document.addEventListener("click", (event) => {
  const link = event.target instanceof Element && event.target.closest("[data-print]");
  if (!link) return;
  event.preventDefault();
  const frame = document.createElement("iframe");
  frame.className = "visually-hidden";
  frame.tabIndex = -1;
  frame.setAttribute("aria-hidden", "true");
  frame.addEventListener("load", () => {
    frame.contentWindow.addEventListener("afterprint", () => frame.remove());
    frame.contentWindow.print();
  });
  frame.src = link.href;
  document.body.append(frame);
});

// Conversations: all messages at once.
const cards = () => [...document.querySelectorAll("#reader .several > details.card-message")];
export function foldAll() {
  const open = cards().some((card) => !card.open);
  for (const card of cards()) card.open = open;
}
const allButton = () => document.querySelector("[data-fold-all]");
function showAllButton() {
  const button = allButton();
  if (!button) return;
  button.dataset.open ??= button.textContent;
  button.textContent = cards().some((card) => !card.open) ? button.dataset.open : button.dataset.text;
  button.hidden = false;
}
document.addEventListener("click", (event) => event.target instanceof Element && event.target.closest("[data-fold-all]") && foldAll());
document.addEventListener("toggle", showAllButton, true);
document.addEventListener("htmx:afterSettle", showAllButton);
showAllButton();

/** Goes to the next or previous message of a conversation. */
export function stepCard(by) {
  const all = cards();
  const at = all.findIndex((card) => card.contains(document.activeElement));
  const card = all[Math.min(Math.max(at + by, 0), all.length - 1)];
  card?.querySelector("summary").focus();
  card?.scrollIntoView({ block: "nearest" });
}
// A line that was opened is replaced by its message, which takes over the focus.
document.addEventListener("htmx:beforeSwap", (event) => {
  const line = event.detail.target;
  if (!line.matches?.(".card-message") || !line.contains(document.activeElement)) return;
  const { id } = line;
  document.addEventListener("htmx:afterSettle", () => document.getElementById(id)?.querySelector("summary")?.focus(), { once: true });
});
