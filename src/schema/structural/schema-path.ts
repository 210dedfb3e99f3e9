/** Paths into a schema, such as `.spec.color` or `.spec['a.b']`. */
import type { JSONSchemaProps } from "../types/apiextensions-v1.ts";

export type Found = { readonly path: string; readonly schema: JSONSchemaProps } | { readonly fault: string };

/** The schema that a path leads to, or why it leads nowhere. */
export function schemaAt(text: string, root: JSONSchemaProps, allowBrackets: boolean): Found {
  const tokens = text.match(/'(?:[^'\\]|\\.)*'|[[\].]|[^[\].]+/g) ?? [];
  let schema = root;
  let path = "";
  for (let i = 0; i < tokens.length; i++) {
    const token = tokens[i] as string;
    let name = tokens[++i];
    if (token === "[") {
      if (!allowBrackets) return { fault: "array notation is not allowed" };
      if (name === undefined) return { fault: "unexpected end of JSON path" };
      if (!/^'.*'$/.test(name)) return { fault: `expected single quoted string but got ${name}` };
      const literal = unquote(name.slice(1, -1));
      if ("fault" in literal) return literal;
      name = literal.text;
      const end = tokens[++i];
      if (end === undefined) return { fault: "unexpected end of JSON path" };
      if (end !== "]") return { fault: `expected ] but got ${end}` };
    } else if (token !== ".") return { fault: `expected [ or . but got: ${token}` };
    if (name === undefined) return { fault: "unexpected end of JSON path" };
    const next = step(schema, name);
    if (next === undefined) return { fault: "does not refer to a valid field" };
    path += schema.properties === undefined ? `[${name}]` : path === "" ? name : `.${name}`;
    schema = next;
  }
  return { path, schema };
}

const escapes: Readonly<Record<string, string>> = {
  a: "\x07",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
  v: "\v",
  "'": "'",
  "\\": "\\",
};

function unquote(quoted: string): { text: string } | { fault: string } {
  let fault: string | undefined;
  const text = quoted.replaceAll(/\\(.)/g, (all, c: string) => {
    const known = escapes[c];
    if (known === undefined) fault = `invalid string literal: invalid escape char ${all}`;
    return known ?? "";
  });
  return fault === undefined ? { text } : { fault };
}

function step({ properties, additionalProperties }: JSONSchemaProps, name: string): JSONSchemaProps | undefined {
  if (properties !== undefined) return Object.hasOwn(properties, name) ? properties[name] : undefined;
  return typeof additionalProperties === "object" ? additionalProperties : undefined;
}
