// A file of stories: upload, choose columns, watch, download.
import { $, Refused, acceptDrops, call, complain, count, element, engines, say } from "./shared.js";

const POLL = 400; // ms
const KINDS = { csv: "text/csv", tsv: "text/csv", jsonl: "application/x-ndjson", ndjson: "application/x-ndjson" };
let batch = null;
let name = "";

const parts = ["drop", "columns", "progress", "finished"];
const show = (...wanted) => parts.forEach((part) => { $(part).hidden = !wanted.includes(part); });
const address = (tail = "") => `/v1/batches/${encodeURIComponent(batch.id)}${tail}`;

async function upload(file) {
  complain($("file-trouble"));
  if (typeof file === "string") return;
  const type = KINDS[file.name.split(".").pop().toLowerCase()];
  try {
    if (!type) throw new Refused(`${file.name}: expected a table, .csv or .jsonl. A single story goes into the other tab.`);
    say("Reading the file.");
    batch = await call("/v1/batches", { body: file, type });
    name = file.name;
    drawColumns();
  } catch (error) {
    complain($("file-trouble"), error);
  }
}

function drawColumns() {
  $("file-name").textContent = name;
  $("file-size").textContent = `${count(batch.rows, "row")}, ${count(batch.columns.length, "column")}`;
  const options = (none) => [
    ...(none ? [element("option", { value: "", textContent: none })] : []),
    ...batch.columns.map((column) => element("option", { value: column, textContent: column })),
  ];
  $("text-column").replaceChildren(...options());
  $("title-column").replaceChildren(...options("none"));
  $("text-column").value = batch.text_column ?? batch.columns[0];
  $("title-column").value = batch.title_column ?? "";
  drawPreview();
  show("drop", "columns");
  say(`${name}: ${count(batch.rows, "row")}. Choose the columns.`);
}

function drawPreview() {
  const chosen = new Set([$("text-column").value, $("title-column").value]);
  const mark = (column) => (chosen.has(column) ? "chosen" : "");
  const head = batch.columns.map((column) =>
    element("th", { scope: "col", textContent: column, className: mark(column) }));
  const rows = batch.preview.map((cells) => element("tr", {}, ...cells.map((cell, index) =>
    element("td", { textContent: cell, className: mark(batch.columns[index]) }))));
  $("preview").replaceChildren(
    element("thead", {}, element("tr", {}, ...head)), element("tbody", {}, ...rows));
}

async function start() {
  complain($("file-trouble"));
  const length = $("file-length").value;
  try {
    batch = await call(address("/start"), {
      body: {
        text_column: $("text-column").value,
        title_column: $("title-column").value || null,
        engine: $("file-engine").value,
        budget: length ? { sentences: Number(length) } : null,
      },
    });
    show("progress");
    $("progress-title").textContent = `Labelling ${name}`;
    watch(batch.id);
  } catch (error) {
    complain($("file-trouble"), error);
  }
}

const wait = (seconds) => (seconds < 90 ? `${Math.ceil(seconds)} s` : `${Math.ceil(seconds / 60)} min`);

async function watch(id) {
  try {
    while (batch && batch.id === id && batch.status === "running") {
      drawProgress();
      await new Promise((done) => setTimeout(done, POLL));
      if (batch && batch.id === id) batch = await call(address());
    }
    if (!batch || batch.id !== id) return;
    if (batch.status === "failed") throw new Refused(batch.error);
    drawFinished();
  } catch (error) {
    show("drop");
    complain($("file-trouble"), error);
  }
}

function drawProgress() {
  $("meter").max = batch.rows;
  $("meter").value = batch.done;
  const left = batch.seconds_left === null ? "" : `, about ${wait(batch.seconds_left)} left`;
  const errors = batch.errors ? `, ${count(batch.errors, "row")} not readable` : "";
  $("progress-said").textContent = `${batch.done.toLocaleString("en")} of ${count(batch.rows, "row")}${errors}${left}`;
}

function drawFinished() {
  const errors = batch.errors
    ? ` ${count(batch.errors, "row")} could not be read; the file says why, in the row's place.`
    : " All could be read.";
  $("finished-said").textContent = `${name}: ${count(batch.rows, "row")}.${errors}`;
  const stem = name.replace(/\.[^.]*$/, "");
  for (const kind of ["csv", "jsonl"]) {
    $(`fetch-${kind}`).href = address(`/result?format=${kind}`);
    $(`fetch-${kind}`).download = `${stem}-labelled.${kind}`;
  }
  show("finished");
  $("finished-title").focus();
}

async function forget() {
  const path = address();
  batch = null;
  show("drop");
  complain($("file-trouble"));
  await call(path, { method: "DELETE" }).catch(() => {});
}

$("table").addEventListener("change", () => { if ($("table").files[0]) upload($("table").files[0]); $("table").value = ""; });
acceptDrops($("drop"), upload);
$("columns").addEventListener("submit", (event) => { event.preventDefault(); start(); });
$("text-column").addEventListener("change", drawPreview);
$("title-column").addEventListener("change", drawPreview);
$("stop").addEventListener("click", forget);
$("next-file").addEventListener("click", forget);
engines.then((found) => {
  $("file-engine").replaceChildren(...found.map(({ engine }) => element("option", { value: engine, textContent: engine })));
}).catch((error) => complain($("file-trouble"), error));
show("drop");
