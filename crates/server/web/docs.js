// Draws /openapi.json: the calls by tag, with what goes in, what comes out, and how they are refused.

const LEVELS_MAX = 4;

const calls = document.querySelector("#calls");
const contents = document.querySelector("#contents");

/** An element with children; strings become text, so that nothing of the document is read as HTML. */
function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

/** Words whose `names` stand between backticks. */
function words(text) {
  return text.split("`").map((part, n) => (n % 2 === 1 ? element("code", {}, part) : part));
}

function row(first, ...rest) {
  return element("tr", {}, element("td", {}, first), element("td", {}, ...rest));
}

function resolve(api, schema) {
  const name = schema.$ref?.split("/").at(-1);
  return name ? api.components.schemas[name] : schema;
}

/** A schema in the short form of the written reference: `{id, items: [string], email: string|null}`. */
function outline(api, schema, indent = "", level = 0) {
  const { type, properties, items, required = [], enum: values, const: only, format } = resolve(api, schema);
  if (only !== undefined) return JSON.stringify(only);
  if (values) return values.map((value) => JSON.stringify(value)).join(" | ");
  if (type === "array") return `[${outline(api, items, indent, level + 1)}]`;
  if (properties) {
    const names = Object.keys(properties);
    if (names.length === 0) return "{}";
    if (level === LEVELS_MAX) return "{…}";
    const deeper = `${indent}  `;
    const lines = names.map((name) => {
      const mark = required.includes(name) ? "" : "?";
      return `${deeper}${name}${mark}: ${outline(api, properties[name], deeper, level + 1)}`;
    });
    return `{\n${lines.join(",\n")}\n${indent}}`;
  }
  const kinds = [type ?? "any"].flat();
  return kinds.map((kind) => (kind === "string" && format ? format : kind)).join(" | ");
}

function parameters(list) {
  if (list.length === 0) return [];
  const rows = list.map(({ name, in: place, required, schema, description = "" }) => {
    const { minimum, maximum } = schema;
    const range = minimum !== undefined && maximum !== undefined ? ` ${minimum}–${maximum}` : "";
    const kind = `${schema.type}${range} in the ${place}${required ? "" : ", optional"}`;
    return row(element("code", {}, name), kind, ...words(description && `: ${description}`));
  });
  return [element("h4", {}, "Parameters"), element("table", {}, ...rows)];
}

function body(api, requestBody) {
  const schema = requestBody?.content["application/json"].schema;
  if (!schema) return [];
  const parts = [element("h4", {}, "Body"), element("pre", {}, outline(api, schema))];
  const example = resolve(api, schema).examples?.[0];
  if (example) parts.push(element("h4", {}, "For example"), element("pre", {}, JSON.stringify(example, null, 2)));
  return parts;
}

function answer(api, status, { description, content = {} }) {
  const parts = [];
  for (const [mediaType, { schema }] of Object.entries(content)) {
    if (mediaType === "application/problem+json") {
      const codes = schema.allOf[1].properties.code.enum;
      const links = codes.map((code) => element("a", { href: `/docs/errors#${code}` }, element("code", {}, code)));
      parts.push(...links.flatMap((link, n) => (n === 0 ? [link] : [", ", link])));
    } else if (mediaType.endsWith("json")) {
      parts.push(element("pre", {}, outline(api, schema)));
    } else {
      parts.push(element("code", {}, mediaType));
    }
  }
  return row(element("code", {}, status), ...(parts.length === 0 ? [description] : parts));
}

function call(api, path, method, operation) {
  const verb = method.toUpperCase();
  const heading = element(
    "h3",
    {},
    element("span", { class: `method ${verb}` }, verb),
    element("a", { class: "path", href: `#${operation.operationId}` }, path),
    element("span", { class: "role" }, operation["x-role"] ?? "open to all"),
  );
  const answers = Object.entries(operation.responses).map(([status, each]) => answer(api, status, each));
  return element(
    "article",
    { id: operation.operationId },
    heading,
    element("p", {}, operation.summary),
    ...parameters(operation.parameters),
    ...body(api, operation.requestBody),
    element("h4", {}, "Answers"),
    element("table", {}, ...answers),
  );
}

function draw(api) {
  document.querySelector("#version").textContent = api.info.version;
  document.querySelector("#description").replaceChildren(...words(api.info.description));
  const tags = new Map(api.tags.map(({ name }) => [name, []]));
  for (const [path, methods] of Object.entries(api.paths)) {
    for (const [method, operation] of Object.entries(methods)) {
      const [tag] = operation.tags;
      tags.get(tag).push([path, method, operation]);
    }
  }
  calls.replaceChildren();
  for (const [tag, list] of tags) {
    contents.append(element("h2", {}, tag));
    calls.append(element("h2", {}, tag));
    for (const [path, method, operation] of list) {
      const verb = method.toUpperCase();
      const name = element("span", { class: `method ${verb}` }, verb);
      const link = element("a", { href: `#${operation.operationId}` }, name, element("span", { class: "path" }, path));
      contents.append(link);
      calls.append(call(api, path, method, operation));
    }
  }
  // What the address names was not there when the page was loaded.
  const target = location.hash.slice(1);
  if (target) location.replace(`#${target}`);
}

try {
  const response = await fetch("/openapi.json");
  if (!response.ok) throw new Error(`the server answered ${response.status}`);
  draw(await response.json());
} catch (error) {
  calls.textContent = `The description cannot be loaded: ${error.message}`;
}
