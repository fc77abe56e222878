// What was typed and the server may not have yet, in this window's sessionStorage.

const KEY = "gatepost-compose";
const SKIPPED = new Set(["_csrf", "files", "do"]);

export class Kept {
  constructor(form) {
    this.form = form;
    this.path = location.pathname + location.search;
    try {
      this.found = JSON.parse(sessionStorage.getItem(KEY));
    } catch {
      this.found = null;
    }
  }

  /** Keeps the fields as they are now. What the server was sent while the page closed is only needed by a reload. */
  put(handedOver = false) {
    const fields = [...new FormData(this.form)].filter(([name, value]) => !SKIPPED.has(name) && typeof value === "string");
    try {
      sessionStorage.setItem(KEY, JSON.stringify({ path: this.path, handedOver, fields }));
    } catch {
      // No room: the draft on the server has to do.
    }
  }

  /** The page has another address now. */
  moved() {
    this.path = location.pathname + location.search;
  }

  drop() {
    sessionStorage.removeItem(KEY);
  }

  /** Whether this page was loaded again, or come back to, with text that was not saved. */
  isOfThisPage() {
    const how = performance.getEntriesByType("navigation")[0]?.type;
    return Boolean(this.found?.fields) && this.found.path === this.path && (how === "reload" || how === "back_forward");
  }

  /** Whether there is text of another page. */
  isWaiting() {
    return Boolean(this.found?.fields) && !this.found.handedOver;
  }

  /** Fills the form. */
  restore() {
    for (const [name, value] of this.found?.fields ?? []) {
      const input = this.form.elements.namedItem(name);
      if (input && "value" in input && input.type !== "file") input.value = value;
    }
    return true;
  }
}
