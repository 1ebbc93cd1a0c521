// The API's description, drawn from openapi.json.
import { $, call, complain, element } from "./shared.js";

const EXAMPLES = {
  "post /v1/predict": { stories: ["The council voted on Monday to rebuild the bridge …"], budget: { sentences: 2 } },
  "post /v1/explain": { story: "The council voted on Monday to rebuild the bridge …", label: "politics" },
  "post /v1/batches/{number}/start": { text_column: "text", title_column: "title" },
};
const code = (text) => element("code", { textContent: text });
// What stands between backticks is code.
const prose = (text) => text.split(/`+/).map((part, index) => (index % 2 ? code(part) : part));

function kindOf(schema, api) {
  if (!schema) return "anything";
  if (schema.$ref) return schema.$ref.split("/").pop();
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.enum) return schema.enum.map((value) => JSON.stringify(value)).join(" | ");
  if (schema.anyOf) return [...new Set(schema.anyOf.map((one) => kindOf(one, api)))].join(" | ");
  if (schema.type === "array") return `list of ${kindOf(schema.items && Object.keys(schema.items).length ? schema.items : null, api)}`;
  if (schema.title === "Story") return "{text, title?}";
  if (schema.additionalProperties && schema.type === "object") return `object of ${kindOf(schema.additionalProperties, api)}`;
  return Array.isArray(schema.type) ? schema.type.join(" | ") : schema.type || "anything";
}

function drawFields(schema, api) {
  const list = element("dl");
  for (const [name, field] of Object.entries(schema.properties || {})) {
    const must = (schema.required || []).includes(name) ? "" : " (optional)";
    const said = field.description ? `. ${field.description}` : "";
    list.append(element("dt", {}, code(name)), element("dd", {}, kindOf(field, api) + must, ...prose(said)));
  }
  return list;
}

function curl(verb, path) {
  const body = EXAMPLES[`${verb} ${path}`];
  const url = location.origin + path;
  if (path === "/v1/batches") return `curl -s ${url} -H 'Content-Type: text/csv' --data-binary @stories.csv`;
  if (!body) return `curl -s ${verb === "get" ? "" : `-X ${verb.toUpperCase()} `}'${url}'`;
  return `curl -s ${url} -H 'Content-Type: application/json' \\\n  -d '${JSON.stringify(body)}'`;
}

function drawOperation(verb, path, operation, api) {
  const title = element("h2", {}, element("span", { className: "verb", textContent: verb.toUpperCase() }), code(path));
  const parts = [title, element("p", {}, ...prose(`${operation.summary}. ${operation.description || ""}`))];
  parts.push(element("pre", {}, code(curl(verb, path))));
  for (const parameter of operation.parameters || []) {
    parts.push(element("p", {}, code(parameter.name), ` in the ${parameter.in}: ${kindOf(parameter.schema, api)}`));
  }
  const body = operation.requestBody?.content?.["application/json"]?.schema;
  if (body?.$ref) {
    parts.push(element("h3", { textContent: "Request" }), drawFields(api.components.schemas[body.$ref.split("/").pop()], api));
  }
  const answers = element("dl");
  for (const [status, answer] of Object.entries(operation.responses)) {
    const found = Object.values(answer.content || {})[0]?.schema;
    const kind = status < 300 ? (found ? kindOf(found, api) : "nothing") : answer.description;
    answers.append(element("dt", {}, code(status)), element("dd", {}, ...prose(kind)));
  }
  parts.push(element("h3", { textContent: "Answers" }), answers);
  return element("section", {}, ...parts);
}

function drawSchema(name, schema, api) {
  const what = (schema.description || "").split("\n")[0];
  const title = element("h3", {}, code(name));
  return element("section", {}, title, element("p", {}, ...prose(what)), drawFields(schema, api));
}

call("/openapi.json").then((api) => {
  const operations = Object.entries(api.paths).flatMap(([path, verbs]) =>
    Object.entries(verbs).map(([verb, operation]) => drawOperation(verb, path, operation, api)));
  const schemas = Object.entries(api.components.schemas).map(([name, schema]) => drawSchema(name, schema, api));
  $("api").replaceChildren(
    element("p", {}, ...prose(api.info.description)),
    ...operations,
    element("h2", { textContent: "Objects" }),
    ...schemas,
  );
}).catch((error) => complain($("api"), error));
