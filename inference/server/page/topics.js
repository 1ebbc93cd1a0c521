// The topics as bars, and what in the story speaks for one.
import { $, Refused, call, element, percent } from "./shared.js";
import { pointAt, showEvidence } from "./whole.js";

const FIRST = 5;
const SHOWN = 4;
let pressed = null;
let everything = false;
let drawn = null;

export function forgetTopic() {
  pressed = null;
  $("why").hidden = true;
  showEvidence(null);
}

export function drawTopics(state, labels) {
  drawn = [state, labels];
  const needs = new Map(labels.map(({ label, threshold }) => [label, threshold]));
  const given = new Map(state.prediction.topics.map((topic) => [topic.label, topic]));
  const all = Object.entries(state.prediction.scores);
  const few = Math.max(FIRST, given.size);
  const rows = (everything ? all : all.slice(0, few)).map(([label, score]) =>
    drawTopic(state, label, score, given.get(label)?.threshold ?? needs.get(label), given.has(label)));
  $("topics").replaceChildren(...rows);
  const more = $("all-topics");
  more.hidden = all.length <= few;
  more.textContent = everything ? "Fewer topics" : `All ${all.length} topics`;
  more.setAttribute("aria-expanded", String(everything));
}

function drawTopic(state, label, score, need, given) {
  const fill = element("span", { className: "fill" });
  fill.style.width = `${score * 100}%`;
  const track = element("span", { className: "track", ariaHidden: "true" }, fill);
  if (need !== undefined) {
    const mark = element("span", { className: "need" });
    mark.style.left = `${need * 100}%`;
    track.append(mark);
  }
  const button = element(
    "button",
    { type: "button", className: given ? "topic given" : "topic" },
    element("span", { className: "name", textContent: label }),
    element("span", { className: "number", textContent: percent(score) }),
    track,
  );
  button.setAttribute("aria-pressed", String(label === pressed));
  const needs = need === undefined ? "" : `, needs ${percent(need)}`;
  button.setAttribute("aria-label", `${label}: ${percent(score)}${needs}, ${given ? "given" : "not given"}`);
  button.addEventListener("click", () => press(state, label));
  return element("li", {}, button);
}

async function press(state, label) {
  if (label === pressed) {
    forgetTopic();
    drawTopics(...drawn);
    focusOn(label);
    return;
  }
  pressed = label;
  drawTopics(...drawn);
  focusOn(label);
  try {
    const explanation = await call("/v1/explain", { body: { story: state.story, label, engine: state.engine } });
    if (pressed !== label) return;
    drawWhy(explanation);
    showEvidence(explanation);
  } catch (error) {
    if (pressed !== label) return;
    $("why").hidden = false;
    $("why").replaceChildren(element("p", { className: "trouble", textContent: error instanceof Refused ? error.message : String(error) }));
  }
}

function focusOn(label) {
  for (const button of $("topics").querySelectorAll("button")) {
    if (button.querySelector(".name").textContent === label) button.focus();
  }
}

const signed = (value) => `${value < 0 ? "−" : "+"}${Math.abs(value).toFixed(2)}`;

const NAMES = { "(intercept)": "before any word is read", "(other n-grams)": "all other words together" };

function drawPart(part) {
  const number = element("b", { className: part.value < 0 ? "minus" : "plus", textContent: signed(part.value) });
  if (part.start === null) return element("li", {}, element("span", { className: "part" }, number, NAMES[part.text] || part.text));
  const button = element("button", { type: "button", className: "part" }, number, element("span", { textContent: part.text }));
  button.addEventListener("click", () => pointAt(part.start));
  return element("li", {}, button);
}

// Every part is counted: those not listed are summed in the last line, so that the list adds up to the logit.
function drawWhy({ label, logit, probability, threshold, contributions }) {
  const loud = [...contributions].sort((one, other) => Math.abs(other.value) - Math.abs(one.value));
  const listed = new Set(loud.slice(0, contributions.some((part) => part.start !== null) ? SHOWN : contributions.length));
  const order = [...listed].sort((one, other) => other.value - one.value);
  const rest = contributions.filter((part) => !listed.has(part));
  const lines = order.map(drawPart);
  if (rest.length) {
    const sum = rest.reduce((total, part) => total + part.value, 0);
    lines.push(drawPart({ text: `the other ${rest.length} together`, value: sum, start: null }));
  }
  $("why").replaceChildren(
    element("h4", { textContent: `What speaks for ${label}` }),
    element("p", { textContent: `The parts add up to ${signed(logit)}, which is a probability of ${percent(probability)}; `
      + `the topic needs ${percent(threshold)}.` }),
    element("ul", {}, ...lines),
  );
  $("why").hidden = false;
}

$("all-topics").addEventListener("click", () => {
  everything = !everything;
  drawTopics(...drawn);
});
