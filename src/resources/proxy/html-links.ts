/**
 * Links of a page that came through a proxy. A path from the root would leave the proxy, so that it gets the proxy's own
 * path before it; everything else of the page stays as it is, byte by byte.
 */

/** Attributes that hold an address, by element (HTML 4.01's index of attributes, and HTML 5's). */
const addresses: ReadonlyMap<string, ReadonlySet<string>> = new Map(
  Object.entries({
    a: ["href"],
    applet: ["codebase"],
    area: ["href"],
    audio: ["src"],
    base: ["href"],
    blockquote: ["cite"],
    body: ["background"],
    button: ["formaction"],
    command: ["icon"],
    del: ["cite"],
    embed: ["src"],
    form: ["action"],
    frame: ["longdesc", "src"],
    head: ["profile"],
    html: ["manifest"],
    iframe: ["longdesc", "src"],
    img: ["longdesc", "src", "usemap"],
    input: ["src", "usemap", "formaction"],
    ins: ["cite"],
    link: ["href"],
    object: ["classid", "codebase", "data", "usemap"],
    q: ["cite"],
    script: ["src"],
    source: ["src"],
    video: ["poster", "src"],
  }).map(([element, names]) => [element, new Set(names)]),
);

/** Elements whose content is text up to their end tag, whatever it looks like. */
const textual: ReadonlySet<string> = new Set(["iframe", "noembed", "noframes", "noscript", "script", "style", "textarea", "title", "xmp"]);

/** `page`: the bytes as Latin-1, so that any encoding that has ASCII in it comes out as it went in. */
export function rewriteLinks(page: string, rewrite: (url: string) => string): string {
  let out = "";
  let done = 0;
  for (let at = page.indexOf("<"); at >= 0; at = page.indexOf("<", at)) {
    if (page.startsWith("<!--", at)) {
      const end = page.indexOf("-->", at + 4);
      if (end < 0) break;
      at = end + 3;
      continue;
    }
    tagName.lastIndex = at + 1;
    const name = tagName.exec(page)?.[0].toLowerCase();
    if (name === undefined) {
      at++;
      continue;
    }
    const tag = readTag(page, at + 1 + name.length, addresses.get(name));
    if (tag === undefined) break;
    for (const { start, end, quoted } of tag.values) {
      const value = page.slice(start, end);
      const changed = rewrite(value);
      if (changed === value) continue;
      out += page.slice(done, start) + (quoted ? changed : `"${changed}"`);
      done = end;
    }
    at = tag.end;
    if (textual.has(name)) {
      const close = new RegExp(`</${name}(?=[\\s/>])`, "gi");
      close.lastIndex = at;
      const found = close.exec(page);
      if (found === null) break;
      at = found.index;
    }
  }
  return done === 0 ? page : out + page.slice(done);
}

const tagName = /[a-z][^\s/>]*/iy;
const space = /[\s/]*/y;
const attributeName = /[^\s/>][^\s/>=]*/y;
const equals = /\s*=\s*/y;
const bare = /[^\s>]*/y;

interface Value {
  readonly start: number;
  readonly end: number;
  readonly quoted: boolean;
}

/** The values of the `wanted` attributes of the start tag whose name ends at `at`; undefined where the page ends inside it. */
function readTag(page: string, at: number, wanted: ReadonlySet<string> | undefined): { end: number; values: Value[] } | undefined {
  const values: Value[] = [];
  for (;;) {
    at += match(space, page, at).length;
    if (at >= page.length) return undefined;
    if (page[at] === ">") return { end: at + 1, values };
    const name = match(attributeName, page, at);
    at += name.length;
    const assigned = match(equals, page, at);
    if (assigned === "") continue;
    at += assigned.length;
    const quote = page[at];
    const quoted = quote === '"' || quote === "'";
    const start = quoted ? at + 1 : at;
    const end = quoted ? page.indexOf(quote, start) : start + match(bare, page, start).length;
    if (end < 0) return undefined;
    if (wanted?.has(name.toLowerCase()) === true) values.push({ start, end, quoted });
    at = quoted ? end + 1 : end;
  }
}

function match(pattern: RegExp, text: string, at: number): string {
  pattern.lastIndex = at;
  return pattern.exec(text)?.[0] ?? "";
}
