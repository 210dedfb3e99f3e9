/** PEM as Go's encoding/pem takes it: text around blocks does not count, a block that does not add up is passed over. */

export interface PemBlock {
  /** What stands behind `BEGIN`. */
  readonly type: string;
  /** `Name: value` lines before the contents. */
  readonly hasHeaders: boolean;
  readonly bytes: Buffer;
}

const block = /^-----BEGIN ([^\n]*?)-----[ \t\r]*\n([^]*?)(?<=\n)-----END \1-----[ \t\r]*$/gm;
const header = /^[^:\n]*:[^\n]*\n/;
const base64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

export function pemBlocks(text: string): PemBlock[] {
  const found: PemBlock[] = [];
  for (const [, type = "", inside = ""] of text.matchAll(block)) {
    let rest = inside;
    while (header.test(rest)) rest = rest.replace(header, "");
    const contents = rest.replace(/[\s]/g, "");
    if (base64.test(contents)) found.push({ type, hasHeaders: rest.length < inside.length, bytes: Buffer.from(contents, "base64") });
  }
  return found;
}
