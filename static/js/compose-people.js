// Completes addresses from people of recent mail (the combobox pattern of the ARIA practices).

const SHOWN_MAX = 8;

let people; // Asked for once, when the first field is entered.
const load = () =>
  (people ??= fetch("/mail/-/compose/people", { headers: { Accept: "application/json" } })
    .then((answer) => (answer.ok ? answer.json() : []))
    .catch(() => []));

/** Where the entry at the cursor begins; quoted commas belong to a name. */
function entryStart(text) {
  let start = 0;
  let isQuoted = false;
  for (let at = 0; at < text.length; at += 1) {
    if (text[at] === '"') isQuoted = !isQuoted;
    else if (!isQuoted && (text[at] === "," || text[at] === ";")) start = at + 1;
  }
  return start;
}

const matches = (person, wanted) => {
  const name = person.name.toLowerCase();
  return person.address.toLowerCase().startsWith(wanted) || name.split(/[\s.,"-]+/).some((word) => word.startsWith(wanted)) || name.startsWith(wanted);
};

export function completePeople(form, change) {
  for (const input of form.querySelectorAll("input[data-people]")) watch(form, input, change);
}

function watch(form, input, change) {
  const list = Object.assign(document.createElement("ul"), { className: "people", id: `${input.id}-people`, hidden: true });
  list.setAttribute("role", "listbox");
  list.setAttribute("aria-label", input.labels[0]?.textContent ?? "");
  input.closest(".compose-row").after(list);
  input.setAttribute("role", "combobox");
  input.setAttribute("aria-autocomplete", "list");
  input.setAttribute("aria-controls", list.id);
  input.setAttribute("aria-expanded", "false");
  let found = [];
  let chosen = -1;

  const close = () => {
    list.hidden = true;
    chosen = -1;
    input.setAttribute("aria-expanded", "false");
    input.removeAttribute("aria-activedescendant");
  };
  const choose = (at) => {
    chosen = at;
    [...list.children].forEach((item, i) => item.setAttribute("aria-selected", String(i === at)));
    if (at < 0) return input.removeAttribute("aria-activedescendant");
    input.setAttribute("aria-activedescendant", list.children[at].id);
    list.children[at].scrollIntoView({ block: "nearest" });
  };
  const put = (at) => {
    const cursor = input.selectionStart;
    const before = input.value.slice(0, entryStart(input.value.slice(0, cursor)));
    const after = input.value.slice(cursor).replace(/^[^,;]*[,;]?\s*/, "");
    const begin = before && !before.endsWith(" ") ? `${before} ` : before;
    input.value = `${begin}${found[at].typed}, ${after}`;
    const end = begin.length + found[at].typed.length + 2;
    input.setSelectionRange(end, end);
    input.scrollLeft = input.scrollWidth;
    close();
    change();
  };
  const show = async () => {
    const upTo = input.value.slice(0, input.selectionStart);
    const wanted = upTo.slice(entryStart(upTo)).trim().replace(/^"/, "").toLowerCase();
    if (!wanted) return close();
    const all = await load();
    if (document.activeElement !== input) return;
    const entered = input.value.toLowerCase();
    const isThere = (person) => wanted !== person.address.toLowerCase() && entered.includes(person.address.toLowerCase());
    found = all.filter((person) => matches(person, wanted) && !isThere(person)).slice(0, SHOWN_MAX);
    if (!found.length || (found.length === 1 && found[0].address.toLowerCase() === wanted)) return close();
    list.replaceChildren(
      ...found.map((person, i) => {
        const item = Object.assign(document.createElement("li"), { id: `${list.id}-${i}` });
        item.setAttribute("role", "option");
        item.append(Object.assign(document.createElement("span"), { textContent: person.name || person.address }));
        if (person.name) item.append(Object.assign(document.createElement("small"), { textContent: person.address }));
        return item;
      }),
    );
    list.style.top = `${input.closest(".compose-row").offsetTop + input.offsetHeight + 4}px`;
    list.hidden = false;
    input.setAttribute("aria-expanded", "true");
    choose(0);
  };

  input.addEventListener("focus", load);
  input.addEventListener("input", show);
  input.addEventListener("blur", close);
  list.addEventListener("mousedown", (event) => {
    event.preventDefault(); // Keeps the cursor in the field.
    const at = [...list.children].indexOf(event.target.closest("li"));
    if (at >= 0) put(at);
  });
  input.addEventListener("keydown", (event) => {
    if (list.hidden || event.isComposing || event.ctrlKey || event.metaKey) return;
    const count = found.length;
    if (event.key === "ArrowDown") choose((chosen + 1) % count);
    else if (event.key === "ArrowUp") choose((chosen - 1 + count) % count);
    else if ((event.key === "Enter" || event.key === "Tab") && chosen >= 0) put(chosen);
    else if (event.key === "Escape") close();
    else return;
    event.preventDefault();
    event.stopPropagation();
  });
}
