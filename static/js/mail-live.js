// News: the server tells that something changed, the list is fetched again.
const list = document.getElementById("list");

if (list && window.EventSource && window.htmx) {
  /** Least time between two fetches, so that a flood of mail does not become a flood of requests. */
  const pause = 800;
  let running = false;
  let again = false;

  const refresh = async () => {
    if (running) {
      again = true;
      return;
    }
    running = true;
    const address = document.getElementById("list-form")?.dataset.address;
    try {
      if (address) await window.htmx.ajax("GET", address, { target: "#list", swap: "morph:innerHTML" });
    } finally {
      setTimeout(() => {
        running = false;
        if (again) {
          again = false;
          refresh();
        }
      }, pause);
    }
  };

  const source = new EventSource(list.dataset.live);
  source.addEventListener("changed", refresh);
  source.addEventListener("signed-out", () => {
    source.close();
    location.assign("/sign-in");
  });
  // Work behind the page has ended.
  document.addEventListener("mail-changed", refresh);
  window.addEventListener("pagehide", () => source.close());
  // A page that comes back from the browser's memory has closed its stream.
  window.addEventListener("pageshow", (event) => event.persisted && location.reload());
}
