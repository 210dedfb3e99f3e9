/** `--token-auth-file`: tokens with their users, a line each: `token,user,uid,"group1,group2"` (RFC 4180). */
import type { UserInfo } from "../user.ts";

/**
 * The users by token. A token that comes twice is that of the last line; empty ones are left out. Throws an Error that names the file.
 */
export function parseTokenFile(text: string, path: string): Map<string, UserInfo> {
  const users = new Map<string, UserInfo>();
  for (const record of parseCsv(text)) {
    const [token = "", name = "", uid = "", groups] = record;
    if (record.length < 3) {
      throw new Error(`token file '${path}' must have at least 3 columns (token, user name, user uid), found ${record.length}`);
    }
    if (token === "") continue;
    users.set(token, { name, groups: groups === undefined ? [] : groups.split(","), ...(uid === "" ? {} : { uid }) });
  }
  return users;
}

/** Records of any number of fields, as Go's encoding/csv reads them: blank lines count for nothing. */
function parseCsv(text: string): string[][] {
  const records: string[][] = [];
  let record: string[] = [];
  let line = 1;
  let at = 0;
  const fault = (column: number, why: string): Error =>
    new Error(`record on line ${line}: parse error on line ${line}, column ${column}: ${why}`);
  while (at < text.length) {
    if (record.length === 0 && /^\r?\n/.test(text.slice(at, at + 2))) {
      at = text.indexOf("\n", at) + 1;
      line++;
      continue;
    }
    const start = at;
    let field = "";
    if (text[at] === '"') {
      for (at++; ; at++) {
        const quote = text.indexOf('"', at);
        if (quote < 0) throw fault(at - start + 1, 'extraneous or missing " in quoted-field');
        field += text.slice(at, quote);
        at = quote + 1;
        if (text[at] !== '"') break;
        field += '"';
      }
      line += field.split("\n").length - 1;
      if (at < text.length && !/^(,|\r?\n|\r?$)/.test(text.slice(at, at + 2)))
        throw fault(at - start + 1, 'extraneous or missing " in quoted-field');
    } else {
      const end = /[,\n]/g;
      end.lastIndex = at;
      const stop = end.exec(text)?.index ?? text.length;
      field = text.slice(at, stop).replace(text[stop] === "," ? /$^/ : /\r$/, "");
      if (field.includes('"')) throw fault(field.indexOf('"') + 1, 'bare " in non-quoted-field');
      at = stop;
    }
    record.push(field);
    if (text[at] === "\r") at++;
    const separator = text[at++];
    if (separator === ",") {
      if (at >= text.length) record.push("");
      continue;
    }
    records.push(record);
    record = [];
    line++;
  }
  if (record.length > 0) records.push(record);
  return records;
}
