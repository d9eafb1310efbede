import { ask, byId, cells, element, picture, say } from "/static/page.js";

const config = JSON.parse(byId("samples").dataset.config);
let told = null, sorted = [], asked = 0;

// The slider counts how many samples are accepted; the limit lies at the last of them.
const limit = () => {
  const count = byId("slider").valueAsNumber;
  if (byId("slider").dataset.own === String(count)) return told.limit;
  return count ? sorted[count - 1] : 0;
};
const isAccepted = (number) => told.values === null || told.values[number] <= limit();

async function draw() {
  say("Drawing ...");
  try {
    told = await ask(`/api/samples?seed=${byId("seed").valueAsNumber}`);
    sorted = [...(told.values ?? [])].sort((a, b) => a - b);
    byId("guard").hidden = told.values === null;
    takeOwn();
    say("");
  } catch (error) {
    say(error.message);
  }
}

function takeOwn() {
  const own = sorted.filter((value) => value <= told.limit).length;
  byId("slider").dataset.own = own;
  byId("slider").value = own;
  show();
}

const percent = (share) => `${(100 * share).toFixed(1)} %`;

function show() {
  if (!told) return;
  const count = told.values === null ? config.drawn : told.values.filter((_, n) => isAccepted(n)).length;
  const [value, low, high] = told.acceptance[count];
  byId("limit").textContent = told.values === null ? "" : limit().toPrecision(3);
  byId("acceptance").textContent = told.values === null
    ? "No guard: every sample is accepted."
    : `${count.toLocaleString("en")} of ${config.drawn.toLocaleString("en")} accepted: ` +
      `${percent(value)} (${percent(low)} to ${percent(high)}, 95 %)`;
  const which = byId("which").value;
  const numbers = [...Array(config.drawn).keys()]
    .filter((n) => which === "all" || isAccepted(n) === (which === "accepted"))
    .slice(0, config.shown);
  fill(numbers);
}

async function fill(numbers) {
  const own = ++asked;
  const cards = numbers.map(config.columns ? rowCard : pictureCard);
  byId("samples").replaceChildren(...cards);
  if (!numbers.length) return byId("samples").append("None of these.");
  try {
    if (config.columns) await fillRows(numbers, cards, own);
    if (config.nearest) await fillNearest(numbers, cards, own);
  } catch (error) {
    say(error.message);
  }
}

function caption(number) {
  if (told.values === null) return "accepted";
  return `${isAccepted(number) ? "accepted" : "rejected"} ${told.values[number].toPrecision(2)}`;
}

function card(number, part) {
  const accepted = isAccepted(number);
  part.classList.toggle("blurred", !accepted && !config.showUnwanted);
  const word = element("figcaption", "word", caption(number));
  return element("figure", `sample ${accepted ? "keep" : "unwanted"}`, part, word);
}

function pictureCard(number) {
  return card(number, picture(`/api/sample/${told.seed}/${number}`, `sample ${number}`));
}

function rowCard(number) {
  return card(number, cells(config.columns, []));
}

async function fillRows(numbers, cards, own) {
  const rows = await ask(`/api/sample-rows?seed=${told.seed}&numbers=${numbers}`);
  if (own !== asked) return;
  rows.forEach((texts, place) =>
    cards[place].firstChild.replaceChildren(...cells(config.columns, texts).children));
}

async function fillNearest(numbers, cards, own) {
  const found = await ask(`/api/nearest?seed=${told.seed}&numbers=${numbers}`);
  if (own !== asked) return;
  const items = found.filter(Boolean).map((one) => one.number);
  const rows = new Map();
  if (config.columns && items.length) {
    const answer = await ask(`/api/rows?numbers=${items}`);
    items.forEach((number, place) => rows.set(number, answer[place].cells));
  }
  found.forEach((one, place) => {
    if (!one) return;
    const part = config.columns
      ? cells(config.itemColumns, rows.get(one.number))
      : picture(`/api/picture/${one.number}`, `nearest training example, item ${one.number}`);
    part.classList.add("nearest");
    part.classList.toggle("blurred", one.blurred);
    cards[place].firstChild.after(part);
  });
}

byId("draw").addEventListener("submit", (event) => {
  event.preventDefault();
  draw();
});
byId("which").addEventListener("change", show);
byId("slider").addEventListener("input", show);
byId("own").addEventListener("click", takeOwn);
draw();
