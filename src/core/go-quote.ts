/** Strings as Go quotes them, in messages and in the downward API. */

/** The characters that have an escape of their own in Go. */
export const goEscapes: Readonly<Record<string, string>> = {
  "\x07": "\\a",
  "\b": "\\b",
  "\f": "\\f",
  "\n": "\\n",
  "\r": "\\r",
  "\t": "\\t",
  "\v": "\\v",
  '"': '\\"',
  "\\": "\\\\",
};

/** Go's `%q`: printable characters stay, others are escaped. */
export function goQuote(text: string): string {
  let out = '"';
  for (const c of text) {
    const escape = goEscapes[c];
    if (escape !== undefined) out += escape;
    else if (/[\p{L}\p{M}\p{N}\p{P}\p{S} ]/u.test(c)) out += c;
    else {
      const code = c.codePointAt(0) as number;
      if (code < 0x80) out += `\\x${code.toString(16).padStart(2, "0")}`;
      else if (code < 0x10000) out += `\\u${code.toString(16).padStart(4, "0")}`;
      else out += `\\U${code.toString(16).padStart(8, "0")}`;
    }
  }
  return `${out}"`;
}
