/* Parts of a page that are asked for anew, logs that go on, and a zip that is dropped. */
"use strict";

const part = document.getElementById("part");
const banner = document.getElementById("banner");
const said = document.getElementById("said");
const LIVE = { "X-Live": "1" };
const pause = (seconds) => new Promise((done) => setTimeout(done, 1000 * seconds));

/* Is over at once when the page comes to the front. */
const pauseOrFront = (seconds) => new Promise((done) => {
  const end = () => {
    clearTimeout(timer);
    document.removeEventListener("visibilitychange", end);
    done();
  };
  const timer = setTimeout(end, 1000 * seconds);
  document.addEventListener("visibilitychange", end);
});

function show(place, html) {
  const held = document.createElement("template");
  held.innerHTML = html;
  const news = held.innerHTML;
  if (place.shown === undefined ? news === place.innerHTML : news === place.shown) return;
  place.shown = news;
  place.replaceChildren(held.content);
}

/* What the user has done within a part is done in the new one too. */
function replacePart(html) {
  const selection = document.getSelection();
  if (!selection.isCollapsed && part.contains(selection.anchorNode)) return;
  const focused = part.contains(document.activeElement) ? document.activeElement.id : "";
  const ids = (query) => [...part.querySelectorAll(query)].map((each) => each.id);
  const ticked = ids("input:checked"), open = ids("details[open]");
  const far = [...part.querySelectorAll(".scroll")].map((each) => each.scrollLeft);
  show(part, html);
  ticked.forEach((id) => { const at = document.getElementById(id); if (at) at.checked = true; });
  open.forEach((id) => { const at = document.getElementById(id); if (at) at.open = true; });
  part.querySelectorAll(".scroll").forEach((each, n) => { each.scrollLeft = far[n] || 0; });
  const again = focused && document.getElementById(focused);
  if (again && again !== document.activeElement) again.focus({ preventScroll: true });
  say();
}

/* To a screen reader: only what is another state, not each number. */
function say() {
  const told = part.querySelector("[data-say]");
  if (!told) return;
  if (say.last !== undefined && say.last !== told.dataset.say) said.textContent = told.dataset.say;
  say.last = told.dataset.say;
}

/* Asks for an address; a banner tells of what is wrong, and goes when it is well again. */
async function ask(address, options = {}) {
  let answer, text;
  try {
    answer = await fetch(address, { headers: LIVE, ...options });
    text = await answer.text();
  } catch {
    show(banner, document.getElementById("gone").innerHTML);
    return null;
  }
  if (answer.status === 403) show(banner, document.getElementById("gone").innerHTML);
  else show(banner, answer.ok ? "" : text);
  const isLast = answer.headers.get("X-Live-Again") === "0", every = Number(answer.headers.get("X-Live-Every"));
  return { isWell: answer.ok, code: answer.status, text, isLast, every };
}

async function keepLive() {
  let every = Number(part.dataset.every);
  if (!every) return;
  say();
  for (;;) {
    await pauseOrFront(every);
    if (document.hidden) continue;
    const answer = await ask(location.href);
    if (!answer || !answer.isWell) continue;
    every = answer.every || every;
    if ("reload" in part.dataset) { location.reload(); return; }
    replacePart(answer.text);
    if (answer.isLast) return;
  }
}

async function followLog(log) {
  const lines = log.querySelector("pre"), words = document.getElementById("log-words");
  const atEnd = () => { if (document.getElementById("follow").checked) log.scrollTop = log.scrollHeight; };
  const address = new URL(log.dataset.more, location.href);
  atEnd();
  for (let isOver = false, looks = 3; looks; looks -= isOver) {
    await pause(2);
    if (document.hidden) continue;
    address.searchParams.set("after", log.dataset.end);
    const answer = await ask(address);
    if (!answer || !answer.isWell) continue;
    const more = JSON.parse(answer.text);
    if (more.lines.length) lines.append(more.lines.join("\n") + "\n");
    log.dataset.end = more.end;
    words.textContent = more.words;
    isOver = more.is_over;
    if (more.lines.length) atEnd();
  }
}

function takeZips(form) {
  const input = document.getElementById("zip"), zone = document.getElementById("zone");
  const bar = document.getElementById("received"), words = document.getElementById("receiving-words");
  const isOver = (yes) => (event) => { event.preventDefault(); zone.classList.toggle("over-it", yes); };
  document.addEventListener("dragover", isOver(true));
  document.addEventListener("dragleave", isOver(false));
  document.addEventListener("drop", (event) => {
    isOver(false)(event);
    if (event.dataTransfer.files.length) input.files = event.dataTransfer.files;
  });
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const button = form.querySelector("button");
    button.disabled = true;
    document.getElementById("receiving").hidden = false;
    words.textContent = "It is being read.";
    const page = await sendPieces(form, input.files[0], (share) => { bar.value = share; });
    if (page) { location.assign(page); return; }
    button.disabled = false;
    words.textContent = "It was not taken.";
  });
}

async function sendPieces(form, file, tell) {
  const about = new URLSearchParams({ name: file.name, size: file.size, lab: form.elements.lab.value });
  const begun = await ask(form.action, { method: "POST", body: about });
  if (!begun || !begun.isWell) return null;
  const { pieces, page } = JSON.parse(begun.text), most = Number(form.dataset.piece);
  for (let at = 0; at < file.size; at += most) {
    const body = file.slice(at, at + most);
    const taken = await ask(`${pieces}?at=${at}`, { method: "POST", body, headers: { ...LIVE, "Content-Type": "application/octet-stream" } });
    if (!taken || !taken.isWell) return null;
    tell((100 * (at + body.size)) / file.size);
  }
  return page;
}

keepLive();
if (document.getElementById("log")) followLog(document.getElementById("log"));
if (document.getElementById("drop")) takeZips(document.getElementById("drop"));
