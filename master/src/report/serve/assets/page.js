// What the page does beyond forms and links: it shows what happens while it happens. Everything it shows is also
// there without it, as of the moment when the page was asked for. Markup comes from the server, which escapes it;
// what comes as text is put in as text.
"use strict";

const SHADES = 21;
const byId = (id) => document.getElementById(id);

// Parts of the page that the server has made anew. Where the reader is (focus, scrolling) stays.
function replaceParts(parts) {
  for (const [id, html] of Object.entries(parts)) {
    const part = byId(id);
    if (!part || part.dataset.html === html.length + ":" + hash(html)) continue;
    const active = part.contains(document.activeElement) ? document.activeElement.id : "";
    const scrolled = [...part.querySelectorAll(".scroll")].map((box) => [box.scrollLeft, box.scrollTop]);
    const focused = [...part.querySelectorAll(".scroll")].indexOf(document.activeElement);
    part.innerHTML = html;
    part.dataset.html = html.length + ":" + hash(html);
    part.querySelectorAll(".scroll").forEach((box, at) => {
      if (scrolled[at]) [box.scrollLeft, box.scrollTop] = scrolled[at];
      if (at === focused) box.focus({ preventScroll: true });
    });
    if (active && byId(active)) byId(active).focus({ preventScroll: true });
  }
}

function hash(text) {
  let sum = 0;
  for (let at = 0; at < text.length; at++) sum = (Math.imul(sum, 31) + text.charCodeAt(at)) | 0;
  return sum;
}

function live(state, text) {
  byId("live").dataset.state = state;
  byId("live-text").textContent = text;
}

// The heat map: cells come as [number, quality, text, whether complete].
const cells = new Map();

function takeCells(changed, best) {
  for (const [at, quality, text, isComplete] of changed) cells.set(at, { quality, text, isComplete });
  const known = [...cells.values()].map((cell) => cell.quality);
  if (known.length === 0) return;
  const least = Math.min(...known);
  const most = Math.max(...known);
  for (const element of document.querySelectorAll("[data-cell]")) {
    const at = Number(element.dataset.cell);
    const cell = cells.get(at);
    if (!cell) continue;
    const place = most > least ? (cell.quality - least) / (most - least) : 1;
    const classes = ["cell", "h" + Math.round(place * (SHADES - 1))];
    if (!cell.isComplete) classes.push("part");
    if (at === best) classes.push("best");
    element.className = classes.join(" ");
    element.textContent = cell.text;
  }
  byId("least").textContent = least.toFixed(3);
  byId("most").textContent = most.toFixed(3);
}

function watch() {
  const tune = document.body.dataset.tune;
  const events = new EventSource("/api/v1/events" + (tune ? "?tune=" + encodeURIComponent(tune) : ""));
  events.addEventListener("open", () => live("live", "live"));
  events.addEventListener("error", () => live("lost", "connection lost"));
  events.addEventListener("status", (event) => replaceParts(JSON.parse(event.data).html));
  events.addEventListener("tune", (event) => {
    const now = JSON.parse(event.data);
    takeCells(now.cells, now.best);
    replaceParts(now.html);
    if (now.state !== "running") byId("cancel-form")?.remove();
  });
  // A page that was left is not watched any more.
  addEventListener("pagehide", () => events.close());
  addEventListener("pageshow", (event) => {
    if (event.persisted) location.reload();
  });
}

// The search box: counts while they grow, lines as they come.
let searching = null;

function stopSearch() {
  if (searching) searching.close();
  searching = null;
  byId("search-stop").hidden = true;
}

function search(form) {
  stopSearch();
  const query = new URLSearchParams(new FormData(form));
  history.replaceState(null, "", "/search?" + query + "#search");
  const [counts, found] = [byId("found-counts"), byId("found")];
  found.replaceChildren();
  counts.textContent = "Searching …";
  byId("search-stop").hidden = false;
  let list = null;
  let path = null;
  let shown = 0;
  searching = new EventSource("/api/v1/search/events?" + query);
  const on = (name, act) => searching.addEventListener(name, (event) => act(JSON.parse(event.data)));
  on("counts", (now) => (counts.textContent = now.text));
  on("hit", (hit) => {
    if (hit.path !== path) {
      path = hit.path;
      const heading = document.createElement("h3");
      heading.className = "path";
      heading.textContent = path;
      list = document.createElement("ol");
      list.className = "hits";
      found.append(heading, list);
    }
    shown += 1;
    list.append(line(hit));
  });
  on("done", (now) => {
    counts.textContent = now.text + (now.lines > shown ? " · the first " + shown + " are shown" : "");
    stopSearch();
  });
  on("failed", (now) => {
    counts.textContent = now.detail;
    stopSearch();
  });
  searching.addEventListener("error", () => {
    // The server has closed it, or does not take the question: the page without events says why.
    if (searching && shown === 0) location.assign("/search?" + query + "#search");
    stopSearch();
  });
}

function line(hit) {
  const [item, number, text] = ["li", "span", "code"].map((name) => document.createElement(name));
  number.className = "number";
  number.textContent = hit.line;
  for (const [piece, isMatch] of hit.pieces) {
    const part = isMatch ? document.createElement("mark") : document.createTextNode(piece);
    if (isMatch) part.textContent = piece;
    text.append(part);
  }
  item.append(number, text);
  return item;
}

if (byId("live")) {
  for (const cell of document.querySelectorAll("[data-cell]")) {
    // What the page came with, until the first event says it exactly.
    if (cell.textContent) {
      const isComplete = !cell.classList.contains("part");
      cells.set(Number(cell.dataset.cell), { quality: Number(cell.textContent), text: cell.textContent, isComplete });
    }
  }
  watch();
}
const form = byId("search-form");
if (form) {
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    search(form);
  });
  byId("search-stop").addEventListener("click", stopSearch);
}
