/** How Kubernetes writes the names of JSON fields that are no identifiers of CEL (`k8s.io/apiserver/pkg/cel`, escaping). */

const RESERVED = new Set(
  "true false null in as break const continue else for function if import let loop package namespace return var void while".split(" "),
);
const WORDS: Readonly<Record<string, string>> = { __: "__underscores__", ".": "__dot__", "-": "__dash__", "/": "__slash__" };
const CHARACTERS: Readonly<Record<string, string>> = { underscores: "__", dot: ".", dash: "-", slash: "/" };

/** `my-field` is `my__dash__field`, `namespace` is `__namespace__`; undefined of a name that cannot be written at all. */
export function escapeFieldName(name: string): string | undefined {
  if (RESERVED.has(name)) return `__${name}__`;
  if (!/^[a-zA-Z_./-][\w./-]*$/u.test(name)) return undefined;
  return name.replace(/__|[-./]/gu, (part) => WORDS[part] as string);
}

/** The name that was escaped; undefined where the text is no escaped name. */
export function unescapeFieldName(escaped: string): string | undefined {
  if (!escaped.includes("__")) return escaped;
  let known = true;
  const name = escaped.replace(/__([^_]+)__/gu, (all, word: string) => {
    const character = CHARACTERS[word];
    if (character !== undefined) return character;
    if (!RESERVED.has(word) || all.length !== escaped.length) known = false;
    return word;
  });
  return known ? name : undefined;
}

/** Words that no identifier may be. */
export function isReservedWord(name: string): boolean {
  return RESERVED.has(name);
}
