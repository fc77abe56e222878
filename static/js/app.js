// What every page needs: menus that close, the time zone for the server, errors as short messages, copy buttons.

const toasts = document.getElementById("toasts");

/** Shows a short message, read out by screen readers. */
export function toast(text, kind = "") {
  if (!toasts || !text) return;
  const box = document.createElement("div");
  box.className = `toast ${kind}`;
  box.textContent = text;
  toasts.append(box);
  setTimeout(() => box.remove(), 6000);
}

// A page that was left may have something to say on the next.
const said = sessionStorage.getItem("gatepost-said");
if (said) {
  sessionStorage.removeItem("gatepost-said");
  const { text, kind } = JSON.parse(said);
  toast(text, kind);
}

// The server writes times in the person's zone; it learns the zone by a cookie.
const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
if (zone) document.cookie = `gatepost-zone=${zone}; path=/; max-age=31536000; samesite=lax`;

const closeMenus = (except) => {
  for (const menu of document.querySelectorAll("details[data-menu][open]")) if (menu !== except) menu.open = false;
};
const sidebar = document.getElementById("menu");
const sidebarButton = document.querySelector("[data-menu-button]");
const openSidebar = (open) => {
  if (!sidebar || !sidebarButton) return;
  sidebar.toggleAttribute("data-open", open);
  sidebarButton.setAttribute("aria-expanded", String(open));
};
if (sidebarButton) {
  sidebarButton.setAttribute("role", "button");
  openSidebar(false);
}

document.addEventListener("click", (event) => {
  const target = event.target instanceof Element ? event.target : null;
  if (!target) return;
  closeMenus(target.closest("details[data-menu]"));
  if (target.closest("[data-menu-button]")) {
    event.preventDefault();
    openSidebar(!sidebar.hasAttribute("data-open"));
    if (sidebar.hasAttribute("data-open")) sidebar.querySelector("a, button")?.focus();
    return;
  }
  if (sidebar?.hasAttribute("data-open") && (!target.closest("#menu") || target.closest("#menu a"))) openSidebar(false);
  const copy = target.closest("[data-copy]");
  if (copy) {
    navigator.clipboard?.writeText(copy.dataset.copy).then(() => toast(copy.dataset.copied || copy.dataset.copy));
  }
});

document.addEventListener("keydown", (event) => {
  if (event.key === " " && event.target === sidebarButton) {
    event.preventDefault();
    sidebarButton.click();
  }
  if (event.key !== "Escape") return;
  const menu = document.querySelector("details[data-menu][open]");
  if (menu) {
    menu.open = false;
    menu.querySelector("summary")?.focus();
  } else if (sidebar?.hasAttribute("data-open")) {
    openSidebar(false);
    sidebarButton.focus();
  }
});

// Buttons that ask first: <button data-confirm="text">.
document.addEventListener(
  "click",
  (event) => {
    const button = event.target instanceof Element && event.target.closest("[data-confirm]");
    if (button && !window.confirm(button.dataset.confirm)) {
      event.preventDefault();
      event.stopImmediatePropagation();
    }
  },
  true,
);

document.addEventListener("htmx:responseError", (event) => {
  const { xhr } = event.detail;
  const text = xhr.getResponseHeader("Content-Type")?.startsWith("text/plain") ? xhr.responseText : "";
  toast(text || toasts?.dataset.failed, "bad");
});
document.addEventListener("htmx:sendError", () => toast(toasts?.dataset.offline, "bad"));
// A server may send a message along with any answer: HX-Trigger: {"toast": "text"}.
document.addEventListener("toast", (event) => toast(event.detail.value ?? event.detail));
