/** What Go's JSON decoder says of a text that should be an object. */

/** Undefined when the text is an object, or null. */
export function goJsonObjectError(text: string): string | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return syntaxMessage(text);
    throw error;
  }
  if (value === null || (typeof value === "object" && !Array.isArray(value))) return undefined;
  const what = Array.isArray(value) ? "array" : typeof value === "boolean" ? "bool" : typeof value;
  return `json: cannot unmarshal ${what} into Go value of type map[string]interface {}`;
}

const startOfValue = /^[\s]*/;

/** Go names the first character that cannot be; texts that simply end are named as such. */
function syntaxMessage(text: string): string {
  const rest = text.replace(startOfValue, "");
  if (rest === "") return "unexpected end of JSON input";
  // Go reads one space more to learn whether the text may end here.
  const at = firstBadCharacter(`${rest} `);
  if (at === undefined) return "unexpected end of JSON input";
  const [index, where] = at;
  const character = String.fromCodePoint(rest.codePointAt(index) ?? 32);
  const shown = character === "'" ? "'\\''" : character === '"' ? "'\"'" : `'${character}'`;
  return `invalid character ${shown} ${where}`;
}

function firstBadCharacter(text: string): readonly [index: number, where: string] | undefined {
  // A prefix that can be completed to a value is fine so far: the shortest one that cannot ends in the culprit.
  const scanner = new Scanner();
  for (let i = 0; i < text.length; i++) {
    const where = scanner.step(text[i] as string);
    if (where !== undefined) return [i, where];
  }
  return undefined;
}

type State = "value" | "firstKey" | "key" | "colon" | "afterKey" | "afterItem" | "firstItem" | "string" | "literal" | "number" | "end";

/** A JSON reader that takes a character at a time and says where one does not belong. */
class Scanner {
  #state: State = "value";
  readonly #open: ("object" | "array")[] = [];
  #isKey = false;
  #escaped = false;
  #literal = "";
  #read = "";
  #last = "";

  step(c: string): string | undefined {
    const where = this.#take(c);
    this.#last = c;
    return where;
  }

  #take(c: string): string | undefined {
    switch (this.#state) {
      case "string":
        return this.#inString(c);
      case "literal":
        return this.#inLiteral(c);
      case "number":
        if (/[-+.eE0-9]/.test(c)) return undefined;
        if (c === " " && this.#last === "-") return "in numeric literal";
        this.#finish();
        return this.#take(c);
      default:
        return /\s/.test(c) ? undefined : this.#between(c);
    }
  }

  #between(c: string): string | undefined {
    switch (this.#state) {
      case "firstKey":
      case "key":
        if (c === "}" && this.#state === "firstKey") return this.#close();
        if (c !== '"') return "looking for beginning of object key string";
        return this.#beginString(true);
      case "colon":
        if (c !== ":") return "after object key";
        this.#state = "value";
        return undefined;
      case "afterKey":
        if (c === "}") return this.#close();
        if (c !== ",") return "after object key:value pair";
        this.#state = "key";
        return undefined;
      case "afterItem":
        if (c === "]") return this.#close();
        if (c !== ",") return "after array element";
        this.#state = "value";
        return undefined;
      case "end":
        return "after top-level value";
      default:
        if (this.#state === "firstItem" && c === "]") return this.#close();
        return this.#beginValue(c);
    }
  }

  #beginValue(c: string): string | undefined {
    if (c === "{" || c === "[") {
      this.#open.push(c === "{" ? "object" : "array");
      this.#state = c === "{" ? "firstKey" : "firstItem";
      return undefined;
    }
    if (c === '"') return this.#beginString(false);
    if (/[-0-9]/.test(c)) {
      this.#state = "number";
      return undefined;
    }
    const literal = { t: "true", f: "false", n: "null" }[c];
    if (literal === undefined) return "looking for beginning of value";
    this.#state = "literal";
    this.#literal = literal;
    this.#read = c;
    return undefined;
  }

  #beginString(isKey: boolean): undefined {
    this.#state = "string";
    this.#isKey = isKey;
    this.#escaped = false;
  }

  #inString(c: string): string | undefined {
    if (this.#escaped) {
      this.#escaped = false;
      return /["\\/bfnrtu]/.test(c) ? undefined : "in string escape code";
    }
    if (c === "\\") this.#escaped = true;
    else if (c === '"') {
      if (this.#isKey) this.#state = "colon";
      else this.#finish();
    } else if (c < " ") return "in string literal";
    return undefined;
  }

  #inLiteral(c: string): string | undefined {
    const wanted = this.#literal[this.#read.length] as string;
    if (c !== wanted) return `in literal ${this.#literal} (expecting '${wanted}')`;
    this.#read += c;
    if (this.#read === this.#literal) this.#finish();
    return undefined;
  }

  #close(): undefined {
    this.#open.pop();
    this.#finish();
  }

  #finish(): void {
    const around = this.#open[this.#open.length - 1];
    this.#state = around === undefined ? "end" : around === "object" ? "afterKey" : "afterItem";
  }
}
