// The whole story: what the brief has, what was removed, and what speaks for a topic.
import { $, element } from "./shared.js";

let evidence = null;
let shown = null;

// Offsets count characters as Python does, which for an emoji are not those of JavaScript.
const APART = /[^\p{L}\p{N}_]+/gu;
const characters = (text) => Array.from(text);

function pieces({ sentences, removed }) {
  return [
    ...sentences.map((sentence, index) => ({ ...sentence, index })),
    ...removed.map((removal) => ({ ...removal, gone: true })),
  ].sort((one, other) => one.start - other.start || one.end - other.end);
}

function drawSentence(text, sentence, best) {
  const made = element(sentence.chosen && !evidence ? "mark" : "span", { textContent: text, tabIndex: -1 });
  made.id = `sentence-${sentence.index}`;
  made.dataset.start = sentence.start;
  made.classList.add("sentence");
  if (!evidence) {
    const share = best ? sentence.score / best : 0;
    made.style.setProperty("--shade", (sentence.chosen ? 0.25 + 0.5 * share : 0.14 * share).toFixed(3));
    made.title = `score ${sentence.score.toFixed(2)}${sentence.chosen ? ", in the brief" : ""}`;
    return made;
  }
  if (evidence.words) {
    made.replaceChildren(...drawWords(text));
    return made;
  }
  const value = evidence.values.get(sentence.start) || 0;
  made.classList.add(value < 0 ? "against" : "for");
  made.style.setProperty("--shade", (0.6 * Math.abs(value) / evidence.most).toFixed(3));
  made.title = `${value < 0 ? "−" : "+"}${Math.abs(value).toFixed(2)}`;
  return made;
}

// The fast engine weighs words and pairs of words: each is shaded where it stands.
function drawWords(text) {
  return text.split(evidence.pattern).map((part, index) => {
    const value = index % 2 ? evidence.words.get(part.toLowerCase().replace(APART, " ")) : undefined;
    if (value === undefined) return part;
    const made = element("span", { className: value < 0 ? "word against" : "word for", textContent: part });
    made.style.setProperty("--shade", (0.2 + 0.5 * Math.abs(value) / evidence.most).toFixed(3));
    made.title = `${value < 0 ? "−" : "+"}${Math.abs(value).toFixed(2)}`;
    return made;
  });
}

function patternOf(words) {
  const grams = words.map((word) => word.split(" ").map((part) => part.replace(/[^\p{L}\p{N}_]/gu, "\\$&"))
    .join("[^\\p{L}\\p{N}_]+"));
  grams.sort((one, other) => other.length - one.length);
  return new RegExp(`(?<![\\p{L}\\p{N}_])(${grams.join("|")})(?![\\p{L}\\p{N}_])`, "iu");
}

function drawGap(text, title) {
  const at = title ? text.indexOf(title) : -1;
  if (at < 0) return [text];
  const strong = element("strong", { className: "title", textContent: title });
  return [text.slice(0, at), strong, text.slice(at + title.length)];
}

export function drawWhole(prediction) {
  shown = prediction;
  const text = characters(prediction.text);
  const best = Math.max(0, ...prediction.sentences.map((sentence) => sentence.score));
  const parts = [];
  let at = 0;
  let title = prediction.title;
  for (const piece of [...pieces(prediction), { start: text.length, end: text.length, last: true }]) {
    if (piece.start > at) {
      const drawn = drawGap(text.slice(at, piece.start).join(""), title);
      if (drawn.length > 1) title = null;
      parts.push(...drawn);
    }
    if (piece.last) break;
    const inside = text.slice(Math.max(at, piece.start), piece.end).join("");
    if (piece.gone) parts.push(element("del", { textContent: inside, title: `removed: ${piece.rule}` }));
    else parts.push(drawSentence(inside, piece, best));
    at = Math.max(at, piece.end);
  }
  $("whole").replaceChildren(...parts);
  drawLegend(prediction);
}

function drawLegend({ removed }) {
  const gone = removed.length ? [" ", element("del", { textContent: "Struck through" }), ": removed before reading."] : [];
  if (!evidence) {
    const mark = element("mark", { textContent: "Highlighted" });
    $("legend").replaceChildren(mark, ": in the brief; the stronger the colour, the higher the score.", ...gone);
    return;
  }
  $("legend").replaceChildren(`Green speaks for ${evidence.label}, red against it; press the topic again to see the brief.`);
}

// Shade by what each sentence, or word, adds to a topic; null goes back to the brief.
export function showEvidence(explanation) {
  evidence = explanation && evidenceOf(explanation);
  if (shown) drawWhole(shown);
}

function evidenceOf({ label, contributions }) {
  const placed = contributions.filter((part) => part.start !== null);
  const used = placed.length ? placed : contributions.filter((part) => !part.text.startsWith("("));
  if (!used.length) return null;
  const most = Math.max(...used.map((part) => Math.abs(part.value))) || 1;
  if (placed.length) return { label, most, values: new Map(placed.map((part) => [part.start, part.value])) };
  const words = new Map(used.map((part) => [part.text, part.value]));
  return { label, most, words, pattern: patternOf([...words.keys()]) };
}

export function pointAt(start) {
  const found = $("whole").querySelector(`[data-start="${start}"]`);
  if (!found) return;
  for (const other of $("whole").querySelectorAll(".pointed")) other.classList.remove("pointed");
  found.classList.add("pointed");
  found.scrollIntoView({ block: "center" });
  found.focus({ preventScroll: true });
}
