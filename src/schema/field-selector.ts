/** Field selectors: the text of `?fieldSelector=`, as `k8s.io/apimachinery/pkg/fields` reads it. */
import { ApiError } from "../core/api-error.ts";

export interface FieldRequirement {
  readonly field: string;
  readonly op: "=" | "!=";
  readonly value: string;
}

export interface FieldSelector {
  readonly requirements: readonly FieldRequirement[];
  /** It matches everything. */
  readonly empty: boolean;
  /** A field that is not in the map counts as empty. */
  matches(fields: Readonly<Record<string, string>>): boolean;
  /** The value a field must have, when the selector says it. */
  exact(field: string): string | undefined;
  toString(): string;
}

/** A selector that cannot be read: a 400 with upstream's message. */
export class FieldSelectorError extends ApiError {
  constructor(message: string) {
    super(400, "BadRequest", message);
  }
}

/** Cuts at commas that no backslash precedes. */
function splitTerms(text: string): string[] {
  const terms: string[] = [];
  let start = 0;
  for (let i = 0; i < text.length; i++) {
    if (text[i] === "\\") i++;
    else if (text[i] === ",") {
      terms.push(text.slice(start, i));
      start = i + 1;
    }
  }
  terms.push(text.slice(start));
  return terms;
}

function unescapeValue(text: string): string {
  let value = "";
  for (let i = 0; i < text.length; i++) {
    const c = text[i] as string;
    if (c === "," || c === "=") {
      throw new FieldSelectorError(`invalid field selector: unescaped character in value: ${c.charCodeAt(0)}`);
    }
    if (c !== "\\") {
      value += c;
      continue;
    }
    const next = text[++i] ?? "";
    if (next !== "\\" && next !== "," && next !== "=") {
      throw new FieldSelectorError(`invalid field selector: invalid escape sequence: \\${next}`);
    }
    value += next;
  }
  return value;
}

const escapeValue = (value: string): string => value.replace(/[\\,=]/g, (c) => `\\${c}`);

/** Reads `metadata.name=a,status.phase!=Running`. Throws {@link FieldSelectorError}. */
export function parseFieldSelector(text: string): FieldSelector {
  const requirements: FieldRequirement[] = [];
  for (const term of splitTerms(text).sort()) {
    if (term === "") continue;
    const match = /^([^!=]*(?:!(?!=)[^!=]*)*)(!=|==|=)([\s\S]*)$/.exec(term);
    if (match === null) throw new FieldSelectorError(`invalid selector: '${text}'; can't understand '${term}'`);
    const [, field, op, value] = match as unknown as [string, string, string, string];
    requirements.push({ field, op: op === "!=" ? "!=" : "=", value: unescapeValue(value) });
  }
  return fieldSelector(requirements);
}

/** A selector of these requirements. */
export function fieldSelector(requirements: readonly FieldRequirement[]): FieldSelector {
  return {
    requirements,
    empty: requirements.length === 0,
    matches(fields) {
      for (const { field, op, value } of requirements) {
        const found = Object.hasOwn(fields, field) ? fields[field] : "";
        if ((found === value) !== (op === "=")) return false;
      }
      return true;
    },
    exact: (field) => requirements.find((r) => r.field === field && r.op === "=")?.value,
    toString: () => requirements.map(({ field, op, value }) => `${field}${op}${escapeValue(value)}`).join(","),
  };
}
