// One story: ask, show, shorten, copy.
import { $, acceptDrops, call, complain, count, element, engines, readText, say } from "./shared.js";
import { drawTopics, forgetTopic } from "./topics.js";
import { drawWhole } from "./whole.js";

const state = { story: "", engine: null, prediction: null, budget: null };
let labels = {};

const budgetOf = () => {
  const unit = $("unit").value;
  return unit === "auto" ? null : { [unit]: Number($("most").value) };
};

async function read(story) {
  if (!story.trim()) {
    complain($("trouble"), new Error("There is no story in the box yet: paste one, or take one of ours."));
    $("text").focus();
    return;
  }
  complain($("trouble"));
  const button = $("ask").querySelector(".main");
  button.disabled = true;
  button.textContent = "Reading …";
  say("Reading the story.");
  try {
    $("unit").value = "auto";
    const prediction = await call("/v1/predict", { body: { stories: story, engine: state.engine } });
    Object.assign(state, { story, prediction, budget: null });
    forgetTopic();
    $("ask").hidden = true;
    $("result").hidden = false;
    draw();
    $("headline").focus({ preventScroll: true });
    scrollTo({ top: 0 });
    say(`${count(prediction.topics.length, "topic")}; the brief follows.`);
  } catch (error) {
    complain($("trouble"), error);
  } finally {
    button.disabled = false;
    button.textContent = "Read the story";
  }
}

function draw() {
  const { prediction } = state;
  $("headline").textContent = prediction.title || "A story without a headline";
  $("warnings").replaceChildren(...prediction.warnings.map((text) => element("li", { textContent: text })));
  drawTopics(state, labels[state.engine] || []);
  drawBrief();
}

function drawBrief() {
  const { prediction } = state;
  $("brief").textContent = prediction.summary || "No sentence fits.";
  drawLength();
  drawWhole(prediction);
}

const words = (list) => list.reduce((sum, sentence) => sum + sentence.text.split(/\s+/).length, 0);

function drawLength() {
  const unit = $("unit").value;
  const chosen = state.prediction.sentences.filter((sentence) => sentence.chosen);
  const briefed = `${count(chosen.length, "sentence")}, ${count(words(chosen), "word")}`;
  if (unit === "auto") {
    Object.assign($("most"), { min: 1, max: Math.max(1, state.prediction.sentences.length), step: 1 });
    $("most").value = chosen.length;
  }
  $("most-shown").textContent = unit === "auto" ? briefed : `at most ${$("most").value}: ${briefed}`;
}

function changeUnit() {
  const { sentences } = state.prediction;
  const chosen = sentences.filter((sentence) => sentence.chosen);
  if ($("unit").value === "sentences") {
    Object.assign($("most"), { min: 1, max: Math.max(1, sentences.length), step: 1 });
    $("most").value = Math.max(1, chosen.length);
  } else if ($("unit").value === "words") {
    Object.assign($("most"), { min: 5, max: Math.max(10, Math.ceil(words(sentences) / 5) * 5), step: 5 });
    $("most").value = Math.ceil(words(chosen) / 5) * 5;
  }
  shorten();
}

// The server kept the scores, so this is a choice among sentences; only the latest position matters.
let asking = false;
let asked = null;
async function shorten() {
  asked = budgetOf();
  if (asking) return;
  asking = true;
  try {
    while (asked !== undefined) {
      const budget = asked;
      asked = undefined;
      const { story, engine } = state;
      const prediction = await call("/v1/predict", { body: { stories: story, engine, budget } });
      if (story !== state.story || engine !== state.engine) continue;
      Object.assign(state, { prediction, budget });
      complain($("trouble"));
      drawBrief();
    }
  } catch (error) {
    complain($("trouble"), error);
  } finally {
    asking = false;
  }
}

async function change(engine) {
  state.engine = engine;
  for (const input of document.querySelectorAll("[data-engine]")) input.checked = input.dataset.engine === engine;
  if (!state.prediction || $("result").hidden) return;
  $("result").setAttribute("aria-busy", "true");
  say(`Reading again with the ${engine} engine.`);
  try {
    const { story, budget } = state;
    const prediction = await call("/v1/predict", { body: { stories: story, engine, budget } });
    if (state.engine !== engine || state.story !== story) return;
    state.prediction = prediction;
    forgetTopic();
    complain($("trouble"));
    draw();
    say(`Read with the ${engine} engine.`);
  } catch (error) {
    complain($("trouble"), error);
  } finally {
    $("result").removeAttribute("aria-busy");
  }
}

async function copy(text, what) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {  // only safe origins have a clipboard
    const box = element("textarea", { value: text, className: "hidden" });
    document.body.append(box);
    box.select();
    document.execCommand("copy");
    box.remove();
  }
  say(`Copied as ${what}.`);
  const button = $(what === "text" ? "copy-text" : "copy-json");
  button.textContent = "Copied";
  setTimeout(() => { button.textContent = `Copy as ${what === "text" ? "text" : "JSON"}`; }, 1600);
}

function asText({ title, topics, summary }) {
  const given = topics.map((topic) => `${topic.label} ${topic.score.toFixed(2)}`).join(", ") || "none";
  return [title, `Topics: ${given}`, "", summary].filter((line) => line !== null).join("\n") + "\n";
}

async function take(thing) {
  try {
    $("text").value = typeof thing === "string" ? thing : await readText(thing);
    await read($("text").value);
  } catch (error) {
    complain($("trouble"), error);
  }
}

$("ask").addEventListener("submit", (event) => { event.preventDefault(); read($("text").value); });
$("text").addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) read($("text").value);
});
$("open").addEventListener("change", () => { if ($("open").files[0]) take($("open").files[0]); $("open").value = ""; });
acceptDrops($("text"), take);
$("again").addEventListener("click", () => {
  $("result").hidden = true;
  $("ask").hidden = false;
  complain($("trouble"));
  $("text").focus();
  $("text").select();
});
$("length").addEventListener("submit", (event) => event.preventDefault());
$("unit").addEventListener("change", changeUnit);
$("most").addEventListener("input", () => {
  if ($("unit").value === "auto") $("unit").value = "sentences";
  shorten();
});
$("copy-text").addEventListener("click", () => copy(asText(state.prediction), "text"));
$("copy-json").addEventListener("click", () => copy(JSON.stringify(state.prediction, null, 2), "JSON"));

engines.then((found) => {
  labels = Object.fromEntries(found.map((one) => [one.engine, one.labels]));
  for (const place of [$("engines"), $("engines-again")]) {
    for (const { engine } of found) {
      const input = element("input", { type: "radio", name: place.id, value: engine });
      input.dataset.engine = engine;
      input.addEventListener("change", () => change(engine));
      place.append(element("label", {}, input, engine));
    }
    place.hidden = found.length < 2;
  }
  change(found[0].engine);
}).catch((error) => complain($("trouble"), error));

call("/page/seeds.json").then((seeds) => {
  $("seeds").replaceChildren(...seeds.map(({ title, about, text }) => {
    const button = element("button", { type: "button" }, title, element("small", { textContent: about }));
    button.addEventListener("click", () => take(text));
    return element("li", {}, button);
  }));
}).catch((error) => complain($("trouble"), error));
