import { Grid } from "/static/grid.js";
import { answer, ask, byId, element, loadPicture, say } from "/static/page.js";

const POLL = 3000; // ms between two questions for what others decided
const UNWANTED = 1, KEEP = 2;
const WORDS = { [UNWANTED]: "unwanted", [KEEP]: "keep" };
const CACHED = 5000; // rows of a table that are kept

const config = JSON.parse(byId("grid").dataset.config);
const isTable = config.columns !== null;
const shownAnyway = new Set(); // numbers of blurred items that were asked for
const rows = new Map(); // of a table by numbers
let scores, codes, line = 0, near = null, telling, writing = Promise.resolve();

const browser = (sessionStorage.browser ??= Array.from(
  crypto.getRandomValues(new Uint8Array(8)), (byte) => byte.toString(16).padStart(2, "0"),
).join(""));

const grid = new Grid(byId("grid"), {
  page: config.page,
  cell: isTable
    ? { wide: true, width: 0, height: 34 }
    : { width: 116, height: 134 },
  draw: isTable ? drawRow : drawPicture,
  load: isTable ? loadRows : loadPictures,
  title: pageTitle,
  header: isTable ? headerOf(config.columns) : null,
});

function isBlurred(number) {
  if (config.showUnwanted || shownAnyway.has(number)) return false;
  if (codes[number]) return codes[number] === UNWANTED;
  return config.blurredAbove !== null && scores[number] > config.blurredAbove;
}

function mark(cell) {
  const { number, place } = cell;
  const word = WORDS[codes[number]] ?? "";
  const blurred = isBlurred(number);
  cell.className = ["cell", word, blurred ? "blurred" : "", isTable ? "row" : ""].join(" ");
  cell.classList.toggle("cursor", place === grid.cursor);
  const said = [`${place + 1}`, `score ${scores[number].toPrecision(3)}`, word];
  cell.setAttribute("aria-label", said.concat(blurred ? "blurred" : "").filter(Boolean).join(", "));
}

function under(cell) {
  return element("span", "word", WORDS[codes[cell.number]] ?? scores[cell.number].toPrecision(3));
}

function drawPicture(cell) {
  const image = cell.querySelector("img") ?? element("img", "");
  image.alt = "";
  mark(cell);
  cell.replaceChildren(image, under(cell));
}

function loadPictures(cells) {
  for (const cell of cells) {
    const image = cell.querySelector("img");
    if (!image || image.getAttribute("src")) continue;
    const address = `/api/picture/${cell.number}`;
    image.onerror = () => {
      cell.classList.add("gone");
      answer(address).catch((error) => say(error.message));
    };
    loadPicture(image, address);
  }
}

function headerOf(names) {
  const header = element("div", "header row");
  header.append(element("span", "word", "score"), ...names.map((name) => element("span", "", name)));
  header.style.setProperty("--columns", names.length);
  byId("grid").style.setProperty("--columns", names.length);
  return header;
}

function drawRow(cell) {
  mark(cell);
  const own = rows.get(cell.number);
  const texts = (own?.cells ?? []).map((text, column) => {
    const marked = own.marked.includes(column);
    const part = element(marked ? "mark" : "span", "", text);
    if (marked) part.title = `${config.columns[column]} speaks against this row: ${text}`;
    return part;
  });
  cell.replaceChildren(under(cell), ...texts);
}

async function loadRows(cells) {
  const missing = cells.map((cell) => cell.number).filter((number) => !rows.has(number));
  if (!missing.length) return;
  try {
    const found = await ask(`/api/rows?numbers=${missing.slice(0, 200)}`);
    found.forEach((row, place) => rows.set(missing[place], row));
    while (rows.size > CACHED) rows.delete(rows.keys().next().value);
    for (const cell of grid.cells.values()) drawRow(cell);
  } catch (error) {
    say(error.message);
  }
}

function pageTitle(first, end) {
  let unwanted = 0, kept = 0;
  for (let place = first; place < end; place++) {
    unwanted += codes[grid.order[place]] === UNWANTED;
    kept += codes[grid.order[place]] === KEEP;
  }
  const left = end - first - unwanted - kept;
  const rest = left ? `${left} undecided` : "all decided";
  return `${first + 1} to ${end} of ${grid.order.length}: ${unwanted} unwanted, ${kept} kept, ${rest}`;
}

// Orders and filters

function filters() {
  const given = { low: byId("low").value, high: byId("high").value, seen: byId("seen").value };
  if (given.seen === "all") delete given.seen;
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== ""));
}

// Only what is met in the random order, and not picked, says something of the rest.
function shownAs() {
  const picked = near !== null || Object.keys(filters()).length > 0;
  return byId("shown").value === "random" && !picked ? "random" : "top";
}

async function arrange(cursor = 0) {
  const shown = byId("shown").value;
  if (shown !== "near") near = null;
  const asked = { ...filters(), shown: shown === "random" ? "random" : "top" };
  if (near !== null) asked.near = near;
  try {
    const found = await answer(`/api/order?${new URLSearchParams(asked)}`);
    const order = new Int32Array(await found.arrayBuffer());
    grid.show(order, cursor === "undecided" ? order.findIndex((n) => !codes[n]) : cursor);
    say(order.length ? "" : "No item passes these filters.");
  } catch (error) {
    say(error.message);
  }
}

function drop() {
  for (const id of ["low", "high"]) byId(id).value = "";
  byId("seen").value = "all";
  if (near !== null) byId("shown").value = "top";
}

// Decisions

function take({ line: known, changes }) {
  line = Math.max(line, known);
  for (const [number, code] of changes) codes[number] = code;
  if (!changes.length) return;
  grid.redraw();
  clearTimeout(telling);
  telling = setTimeout(tell, 200);
}

async function tell() {
  const lines = await (await answer("/api/told")).json().catch(() => []);
  byId("told").replaceChildren(...lines.map((text) => element("li", "", text)));
}

// One after the other, so that an undo finds what it is to undo.
function write(address, step) {
  writing = writing.then(async () => {
    try {
      const changes = await ask(address, {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify({ browser, after: line, ...step }),
      });
      take(changes);
    } catch (error) {
      await read().catch(() => {});
      say(`Not stored: ${error.message}`);
    }
  });
  return writing;
}

function decide(code) {
  if (!grid.order.length) return;
  const place = grid.cursor, number = grid.order[place];
  codes[number] = code; // at once; what the server says comes later
  shownAnyway.delete(number);
  write("/api/decide", { numbers: [number], decision: WORDS[code], shown: shownAs(), place });
  grid.move(place + 1);
  grid.redraw();
}

function keepRest() {
  const [place, end] = grid.ownPage;
  const numbers = [...grid.order.subarray(place, end)];
  if (!numbers.length) return;
  for (const number of numbers) codes[number] ||= KEEP;
  write("/api/decide", { numbers, decision: "keep", shown: shownAs(), place, rest: true });
  grid.move(end, true);
  grid.redraw();
}

function reveal(numbers) {
  for (const number of numbers) shownAnyway.add(number);
  grid.redraw();
}

function findNearest() {
  if (!grid.order.length) return;
  near = grid.order[grid.cursor];
  const option = byId("shown").querySelector("[value=near]");
  option.hidden = false;
  option.textContent = `nearest to item ${near}`;
  byId("shown").value = "near";
  arrange();
}

function nextUndecided() {
  const found = grid.order.findIndex((n, place) => place >= grid.cursor && !codes[n]);
  if (found < 0) say("Nothing is undecided from here on.");
  else grid.move(found);
}

const KEYS = {
  u: () => decide(UNWANTED),
  k: () => decide(KEEP),
  z: () => write("/api/undo", {}),
  " ": keepRest,
  v: () => grid.order.length && reveal([grid.order[grid.cursor]]),
  V: () => reveal(grid.order.subarray(...grid.ownPage)),
  n: findNearest,
  j: nextUndecided,
  g: () => byId("place").focus(),
  Escape: () => { drop(); arrange(); },
  ArrowRight: () => grid.move(grid.cursor + 1),
  ArrowLeft: () => grid.move(grid.cursor - 1),
  ArrowDown: () => grid.move(below(1)),
  ArrowUp: () => grid.move(below(-1)),
  PageDown: () => grid.move(grid.cursor + grid.page, true),
  PageUp: () => grid.move(grid.cursor - grid.page, true),
  Home: () => grid.move(0),
  End: () => grid.move(grid.order.length - 1),
};

// The place under or above the cursor, over the end of a page too.
function below(rows) {
  const { cursor, columns, page, order } = grid;
  const [first, end] = grid.ownPage;
  const place = cursor + rows * columns;
  if (place >= first && place < end) return place;
  const lastRow = end - 1 - ((end - 1 - first) % columns);
  const column = (cursor - first) % columns;
  if (rows > 0) return cursor < lastRow ? end - 1 : Math.min(end + column, order.length - 1);
  if (first === 0) return cursor;
  const above = first - 1 - ((page - 1) % columns);
  return Math.min(above + column, first - 1);
}

byId("grid").addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || !Object.hasOwn(KEYS, event.key)) return;
  event.preventDefault();
  KEYS[event.key]();
});

byId("grid").addEventListener("click", (event) => {
  const cell = event.target.closest(".cell");
  if (!cell) return;
  grid.move(cell.place);
  if (isBlurred(cell.number)) reveal([cell.number]);
});

for (const button of document.querySelectorAll("[data-key]")) {
  button.addEventListener("click", () => {
    KEYS[button.dataset.key]();
    byId("grid").focus();
  });
}

for (const id of ["shown", "seen", "low", "high"]) {
  byId(id).addEventListener("change", () => arrange());
}
byId("filters").addEventListener("submit", (event) => event.preventDefault());
byId("place").addEventListener("change", () => {
  grid.move(byId("place").valueAsNumber - 1 || 0, true);
  byId("place").value = "";
  byId("grid").focus();
});
byId("random").addEventListener("click", async () => {
  drop();
  byId("shown").value = "random";
  await arrange("undecided");
  byId("grid").focus();
});

async function read() {
  const known = await answer("/api/codes");
  line = Number(known.headers.get("X-Line"));
  codes = new Uint8Array(await known.arrayBuffer());
  if (grid.order.length) grid.redraw();
}

async function poll() {
  try {
    take(await ask(`/api/changes?after=${line}`));
  } catch {
    say("The server does not answer: nothing is stored now.");
  }
  setTimeout(poll, POLL);
}

scores = new Float32Array(await (await answer("/api/scores")).arrayBuffer());
await read();
await arrange();
tell();
byId("grid").focus();
setTimeout(poll, POLL);
