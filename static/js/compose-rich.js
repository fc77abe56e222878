// Writing with formatting: an editor in place of the text field. Its HTML goes into the form; images within the text go along as
// data: the first time, and by the name that the server gave them from then on.

const own = "a[href], b, i, u, s, strong, em, del, ul, ol, blockquote, pre, code, h1, h2, h3, table, img";

/** HTML as nodes that do no harm. Style attributes are set one by one: written as text, the policy of this page refuses them. */
function sanitize(html) {
  const marked = html.replace(/(<[^>]*?\s)style=/gi, "$1data-style=");
  const nodes = window.DOMPurify.sanitize(marked, {
    RETURN_DOM_FRAGMENT: true,
    FORBID_TAGS: ["style", "form", "input", "button", "select", "textarea", "video", "audio", "svg", "math", "link", "meta", "title"],
    FORBID_ATTR: ["id", "class", "name", "srcset"],
  });
  const fragment = document.importNode(nodes, true);
  for (const element of fragment.querySelectorAll("[data-style]")) {
    element.style.cssText = element.dataset.style;
    element.removeAttribute("data-style");
  }
  return fragment;
}

const textOf = (html) => sanitize(html).textContent.replace(/\s+/g, "");
const escaped = (text) => Object.assign(document.createElement("i"), { textContent: text }).innerHTML;

export class RichText {
  constructor({ form, change, say }) {
    Object.assign(this, { form, change, say });
    this.box = document.getElementById("rich");
    this.bar = document.getElementById("format");
    this.toggle = document.getElementById("format-toggle");
    this.signatures = JSON.parse(form.dataset.signatures || "{}");
    this.isPossible = Boolean(window.Squire && window.DOMPurify);
    if (!this.isPossible) return;
    this.toggle.hidden = false;
    this.toggle.addEventListener("click", () => (this.isOn ? this.toPlain() : this.toRich()));
    this.bar.addEventListener("click", (event) => {
      const button = event.target.closest("[data-format]");
      if (button) this.format(button.dataset.format);
    });
    this.from = this.field("from").value;
    form.addEventListener("change", (event) => event.target.name === "from" && this.signAs(event.target.value));
    this.load();
  }

  field(name) {
    return this.form.elements.namedItem(name);
  }

  get isOn() {
    return !this.box.hidden;
  }

  /** Shows what the form holds. */
  load() {
    const html = this.field("html").value;
    if (this.isPossible && html.trim()) this.open(html);
    else this.showPlain();
  }

  open(html) {
    if (!this.editor) {
      this.editor = new window.Squire(this.box, { sanitizeToDOMFragment: sanitize, blockTag: "DIV" });
      this.box.setAttribute("role", "textbox");
      this.box.setAttribute("aria-multiline", "true");
      this.box.setAttribute("aria-label", this.field("text").getAttribute("aria-label"));
      this.editor.addEventListener("input", () => this.change());
      this.editor.addEventListener("pathChange", () => this.showState());
      this.editor.addEventListener("select", () => this.showState());
      this.editor.addEventListener("pasteImage", (event) => this.addImages([...event.detail.clipboardData.files]));
      this.editor.setKeyHandler("Ctrl-k", (_, event) => {
        event.preventDefault();
        this.format("link");
      });
    }
    this.editor.setHTML(html);
    this.box.hidden = false;
    this.bar.hidden = false;
    this.field("text").hidden = true;
    this.field("format").value = "rich";
    this.toggle.textContent = this.toggle.dataset.toPlain;
    // One writes above what is quoted.
    this.editor.moveCursorToStart();
  }

  showPlain() {
    this.box.hidden = true;
    this.bar.hidden = true;
    this.field("text").hidden = false;
    this.field("format").value = "plain";
    this.toggle.textContent = this.toggle.dataset.toRich;
  }

  toRich() {
    const lines = this.field("text").value.replace(/\s+$/, "").split("\n");
    this.open(lines.map((line) => `<div>${escaped(line) || "<br>"}</div>`).join(""));
    this.editor.focus();
    this.change();
  }

  toPlain() {
    if (this.box.querySelector(own) && !confirm(this.form.dataset.plainSure)) return;
    this.sync();
    this.showPlain();
    this.field("html").value = "";
    this.field("text").focus();
    this.field("text").setSelectionRange(0, 0);
    this.change();
  }

  /** Brings the form up to date, for the server or to be kept here. Gives the images that go along whole. */
  sync(isKept = false) {
    if (!this.isOn) return [];
    // Nothing is loaded for a document that nobody sees.
    const copy = document.implementation.createHTMLDocument("").importNode(this.box, true);
    const images = [...this.box.querySelectorAll("img")];
    const whole = [];
    [...copy.querySelectorAll("img")].forEach((image, at) => {
      if (isKept || !image.src.startsWith("data:")) return;
      if (image.dataset.cid) image.setAttribute("src", `cid:${image.dataset.cid}`);
      else whole.push(images[at]);
      image.removeAttribute("data-cid");
    });
    this.field("html").value = copy.innerHTML.replaceAll("\u200b", "");
    this.field("text").value = this.box.innerText.replaceAll("\u200b", "");
    return whole;
  }

  /** The server has named the images that went along. */
  named(images, names) {
    images.forEach((image, at) => names[at] && (image.dataset.cid = names[at]));
  }

  get words() {
    return this.isOn ? [...this.box.childNodes].filter((node) => node.nodeName !== "BLOCKQUOTE").map((node) => node.textContent).join("\n") : null;
  }

  showState() {
    const has = (tag) => this.editor.hasFormat(tag);
    const states = { bold: has("B"), italic: has("I"), underline: has("U"), link: has("A"), bullets: has("UL"), numbers: has("OL"), quote: has("BLOCKQUOTE") };
    for (const button of this.bar.querySelectorAll("[aria-pressed]")) button.setAttribute("aria-pressed", String(states[button.dataset.format]));
  }

  format(what) {
    const { editor } = this;
    const has = (tag) => editor.hasFormat(tag);
    if (what === "bold") has("B") ? editor.removeBold() : editor.bold();
    if (what === "italic") has("I") ? editor.removeItalic() : editor.italic();
    if (what === "underline") has("U") ? editor.removeUnderline() : editor.underline();
    if (what === "bullets") has("UL") ? editor.removeList() : editor.makeUnorderedList();
    if (what === "numbers") has("OL") ? editor.removeList() : editor.makeOrderedList();
    if (what === "quote") has("BLOCKQUOTE") ? editor.decreaseQuoteLevel() : editor.increaseQuoteLevel();
    if (what === "clear") editor.removeAllFormatting();
    if (what === "link") this.link();
    editor.focus();
    this.showState();
  }

  link() {
    if (this.editor.hasFormat("A")) return this.editor.removeLink();
    const given = prompt(this.form.dataset.linkAsk, "https://")?.trim();
    if (!given || given === "https://") return null;
    const address = /^[^\s@/]+@[^\s@/]+$/.test(given) ? `mailto:${given}` : /^[a-z]+:/i.test(given) ? given : `https://${given}`;
    if (/^(https?|mailto|tel):/i.test(address)) this.editor.makeLink(address);
    return null;
  }

  /** Puts images where the cursor is; whether they were images only. */
  addImages(files) {
    const kinds = ["image/png", "image/jpeg", "image/gif", "image/webp"];
    if (!this.isOn || !files.length || !files.every((file) => kinds.includes(file.type))) return false;
    for (const file of files) {
      const room = Number(this.form.dataset.bytesMax) - Number(this.form.dataset.bytes);
      if (file.size * 1.4 > room) {
        this.say(this.form.dataset.imageTooLarge, true);
        continue;
      }
      const reader = new FileReader();
      reader.addEventListener("load", () => {
        this.editor.insertImage(reader.result, { alt: file.name });
        this.change();
      });
      reader.readAsDataURL(file);
    }
    return true;
  }

  /** Another address signs in its own way. */
  signAs(address) {
    const [before, after] = [this.signatures[this.from] ?? "", this.signatures[address] ?? ""];
    this.from = address;
    if (before === after) return;
    if (!this.isOn) {
      const field = this.field("text");
      const lines = (html) => (html ? `\n\n-- \n${html.replace(/<br>/g, "\n").replace(/<[^>]+>/g, "")}` : "");
      const text = (html) => Object.assign(document.createElement("textarea"), { innerHTML: lines(html) }).value;
      if (before && field.value.includes(text(before))) field.value = field.value.replace(text(before), () => text(after));
      else if (after) field.value = text(after) + field.value;
      return;
    }
    const wanted = `--${textOf(before)}`;
    const old = before && [...this.box.children].find((block) => block.textContent.replace(/[\s\u200b]+/g, "") === wanted);
    const fresh = after ? sanitize(`<div>-- <br>${after}</div>`) : document.createDocumentFragment();
    if (old) old.replaceWith(fresh);
    else this.box.insertBefore(fresh, this.box.querySelector(":scope > blockquote")?.previousElementSibling ?? null);
    this.change();
  }
}
