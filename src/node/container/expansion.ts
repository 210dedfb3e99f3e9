/** `$(NAME)` references in commands, arguments and values; `$$(NAME)` stays as `$(NAME)`, unknown names stay as they are. */
export function expand(text: string, lookup: (name: string) => string | undefined): string {
  let out = "";
  for (let i = 0; i < text.length; i++) {
    const c = text[i] as string;
    if (c !== "$" || i + 1 === text.length) {
      out += c;
      continue;
    }
    const next = text[i + 1];
    if (next === "$") {
      out += "$";
      i++;
      continue;
    }
    const end = next === "(" ? text.indexOf(")", i + 2) : -1;
    if (end < 0) {
      // An operator without a closing bracket, or a lone dollar: as it stands.
      out += next === "(" ? "$(" : `$${next ?? ""}`;
      i++;
      continue;
    }
    const name = text.slice(i + 2, end);
    out += lookup(name) ?? `$(${name})`;
    i = end;
  }
  return out;
}

/** Names that have no value, for texts that may not be left unexpanded (`subPathExpr`). */
export function unresolved(text: string, lookup: (name: string) => string | undefined): string[] {
  const missing: string[] = [];
  expand(text, (name) => {
    const value = lookup(name);
    if (value === undefined) missing.push(name);
    return value ?? "";
  });
  return missing;
}
