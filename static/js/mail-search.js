// The search box: shows that a search is at work until its page comes.
const form = document.querySelector("form.search");

form?.addEventListener("submit", (event) => {
  // Nothing to look for is no search: the person stays where they are.
  if (!form.elements.namedItem("q").value.trim()) {
    event.preventDefault();
    return;
  }
  form.setAttribute("aria-busy", "true");
  document.getElementById("list")?.setAttribute("aria-busy", "true");
});
// A page that comes back from the browser's memory has been waited for already.
window.addEventListener("pageshow", () => {
  form?.removeAttribute("aria-busy");
  document.getElementById("list")?.removeAttribute("aria-busy");
});
