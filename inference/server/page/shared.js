// What both parts of the page need: calls to the API, elements, messages.

export const $ = (id) => document.getElementById(id);

// Text is only ever set as text: what a story holds is never read as markup.
export function element(name, properties = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(properties)) {
    if (key in made) made[key] = value;
    else made.setAttribute(key, value);
  }
  made.append(...children);
  return made;
}

export class Refused extends Error {}

export async function call(path, { body, type = "application/json", method, signal } = {}) {
  const options = { method: method || (body === undefined ? "GET" : "POST"), signal };
  if (body !== undefined) {
    options.headers = { "Content-Type": type };
    options.body = type === "application/json" ? JSON.stringify(body) : body;
  }
  let answer;
  try {
    answer = await fetch(path, options);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Refused("The server does not answer. Is it still running?");
  }
  if (answer.status === 204) return null;
  const found = await answer.json().catch(() => ({}));
  if (!answer.ok) {
    const wait = answer.headers.get("Retry-After");
    const detail = found.detail || `the server answered ${answer.status}.`;
    throw new Refused(detail[0].toUpperCase() + detail.slice(1) + (wait ? ` (busy; try again in ${wait} s)` : ""));
  }
  return found;
}

export function say(text) {
  $("said").textContent = "";
  requestAnimationFrame(() => { $("said").textContent = text; });
}

export function complain(place, error) {
  place.hidden = !error;
  place.textContent = error ? (error instanceof Refused ? error.message : String(error.message || error)) : "";
}

export const engines = call("/v1/models");

export const percent = (share) => `${Math.round(share * 100)} %`;

export const count = (number, word) =>
  `${number.toLocaleString("en")} ${word}${number === 1 ? "" : word.endsWith("y") ? "" : "s"}`;

// UTF-8, or else what Windows wrote.
export async function readText(file) {
  const bytes = await file.arrayBuffer();
  if (new Uint8Array(bytes.slice(0, 4096)).includes(0)) {
    throw new Refused(`${file.name} is no text file. Save the story as text or HTML, or paste it.`);
  }
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return new TextDecoder("windows-1252").decode(bytes);
  }
}

export function acceptDrops(place, take) {
  place.addEventListener("dragover", (event) => { event.preventDefault(); place.classList.add("over"); });
  place.addEventListener("dragleave", () => place.classList.remove("over"));
  place.addEventListener("drop", (event) => {
    event.preventDefault();
    place.classList.remove("over");
    if (event.dataTransfer.files.length) take(event.dataTransfer.files[0]);
    else if (event.dataTransfer.getData("text")) take(event.dataTransfer.getData("text"));
  });
}
