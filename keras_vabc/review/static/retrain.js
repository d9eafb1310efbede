import { ask, byId, cells, element, picture, say } from "/static/page.js";

const POLL = 1000; // ms
const SAID = {
  none: "", running: "Training", comparing: "Comparing both runs", finished: "Finished",
  stopped: "Stopped; Train goes on with the same decisions and name", failed: "It failed",
};
const config = JSON.parse(byId("compared").dataset.config);
let shown = false;

function show(told) {
  const busy = told.state === "running" || told.state === "comparing";
  byId("begin").disabled = busy || told.refusal !== null;
  byId("stop").disabled = told.state !== "running";
  byId("name").disabled = busy;
  if (!byId("name").value) byId("name").value = told.name ?? told.free ?? "";
  const where = told.name ? ` (${told.name}, ${told.seconds} s)` : "";
  byId("progress").textContent = told.state === "none" ? told.refusal ?? "" : SAID[told.state] + where;
  const lines = told.command ? [`$ ${told.command}`, ...told.lines] : [];
  const box = byId("lines"), text = lines.join("\n");
  if (box.textContent !== text) {
    box.textContent = text;
    box.scrollTop = box.scrollHeight;
  }
  if (busy) shown = false;
  if (told.compared && !shown) compare(told.compared);
  byId("compared").hidden = !told.compared;
}

function compare({ figures, lines, changed, samples }) {
  shown = true;
  byId("decided").replaceChildren(...lines.map((line) => element("li", "", line)));
  byId("figures").replaceChildren(...figures.map((row) =>
    element("tr", "", ...row.map((cell) => element("td", "", cell)))));
  ["before", "after"].forEach((id, which) => byId(id).replaceChildren(...sampled(samples[which], which)));
  byId("changed").replaceChildren(...changed.map(card));
  if (config.columns) fillRows(changed.map(([number]) => number));
}

function sampled(own, which) {
  const cards = config.columns
    ? own.map((texts) => element("div", "sample", cells(config.columns, texts)))
    : [...Array(own).keys()].map((number) =>
      picture(`/api/retrain/sample/${which}/${number}`, `sample ${number}`));
  return cards.length ? cards : ["The guard accepts none."];
}

function card([number, before, after]) {
  const suspicious = Math.max(before, after) > (config.blurredAbove ?? Infinity);
  const own = config.columns
    ? cells([], [])
    : picture(`/api/picture/${number}`, `item ${number}`);
  if (!config.columns) own.classList.toggle("blurred", suspicious);
  const said = `${before.toPrecision(2)} → ${after.toPrecision(2)}`;
  return element("figure", "sample", own, element("figcaption", "word", said));
}

async function fillRows(numbers) {
  const rows = await ask(`/api/rows?numbers=${numbers}`);
  [...byId("changed").children].forEach((own, place) =>
    own.firstChild.replaceWith(cells(config.itemColumns, rows[place].cells)));
}

async function send(address, body) {
  try {
    say("");
    show(await ask(address, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(body),
    }));
  } catch (error) {
    say(error.message);
  }
}

byId("start").addEventListener("submit", (event) => {
  event.preventDefault();
  send("/api/retrain", { name: byId("name").value });
});
byId("stop").addEventListener("click", () => send("/api/retrain/stop", {}));

async function poll() {
  try {
    show(await ask("/api/retrain"));
  } catch {
    say("The server does not answer.");
  }
  setTimeout(poll, POLL);
}

const told = await ask("/api/told");
byId("told").replaceChildren(...told.map((text) => element("li", "", text)));
poll();
