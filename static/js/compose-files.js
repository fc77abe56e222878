// Attachments: chosen, dropped or pasted; sent at once, with progress, into the draft.

/** Share by which a file grows when it is written into a message. */
const GROWTH = 78 / 57;

export function watchFiles({ form, inTurn, take, say, collect, rich }) {
  const words = form.dataset;
  const input = form.elements.namedItem("files");
  const uploads = document.getElementById("compose-uploads");

  const fits = (files) => {
    let room = Number(words.bytesMax) - Number(words.bytes);
    return files.filter((file) => {
      room -= file.size * GROWTH + 1000;
      if (room > 0) return true;
      say(words.fileTooLarge.replace("%name%", file.name), true);
      room += file.size * GROWTH + 1000;
      return false;
    });
  };

  /** Sends one file; the answer as `take` wants it. */
  const send = (file, progress, stop) =>
    new Promise((resolve) => {
      const { data, images } = collect("attach");
      data.append("files", file, file.name);
      const request = new XMLHttpRequest();
      request.open("POST", form.action);
      request.setRequestHeader("Accept", "application/json");
      request.responseType = "json";
      request.upload.onprogress = (event) => (progress.value = event.loaded / event.total);
      request.onload = () => {
        if (request.response?.images) rich.named(images, request.response.images);
        resolve({ status: request.status, told: request.response });
      };
      request.onerror = () => resolve({ status: 0, told: null });
      request.onabort = () => resolve(null);
      stop.addEventListener("click", () => request.abort());
      request.send(data);
    });

  const row = (file) => {
    const item = Object.assign(document.createElement("li"), { className: "compose-file" });
    const name = Object.assign(document.createElement("span"), { className: "truncate", textContent: file.name });
    const progress = Object.assign(document.createElement("progress"), { max: 1, value: 0 });
    progress.setAttribute("aria-label", words.uploading.replace("%name%", file.name));
    const stop = Object.assign(document.createElement("button"), { type: "button", className: "button quiet small", textContent: words.stop });
    item.append(name, progress, stop);
    uploads.append(item);
    return { item, progress, stop };
  };

  const upload = (list) => {
    for (const file of fits([...list])) {
      const { item, progress, stop } = row(file);
      let isStopped = false;
      stop.addEventListener("click", () => (isStopped = true));
      inTurn(async () => {
        const answer = isStopped ? null : await send(file, progress, stop);
        item.remove();
        if (answer) take(answer);
      });
    }
  };

  input.addEventListener("change", () => {
    upload(input.files);
    input.value = "";
  });

  const hasFiles = (event) => event.dataTransfer?.types.includes("Files");
  let depth = 0;
  const dropping = (is) => form.toggleAttribute("data-dropping", is);
  document.addEventListener("dragenter", (event) => {
    if (hasFiles(event)) dropping((depth += 1) > 0);
  });
  document.addEventListener("dragleave", (event) => {
    if (hasFiles(event)) dropping((depth -= 1) > 0);
  });
  document.addEventListener("dragover", (event) => {
    if (hasFiles(event)) event.preventDefault();
  });
  document.addEventListener("drop", (event) => {
    depth = 0;
    dropping(false);
    if (!hasFiles(event)) return;
    event.preventDefault();
    // Images that are dropped into the text belong into it.
    if (event.target.closest?.("#rich") && rich.addImages([...event.dataTransfer.files])) return;
    upload(event.dataTransfer.files);
  });
  document.addEventListener("paste", (event) => {
    const { files, types } = event.clipboardData ?? {};
    // Office programs put a picture of the text beside the text.
    if (event.defaultPrevented || !files?.length || types.includes("text/plain")) return;
    event.preventDefault();
    upload(files);
  });
}
