/** Writing small tar archives (POSIX ustar) in memory: image layers and image archives that the project makes itself. */
export interface TarEntry {
  /** Without a leading slash; at most 100 bytes, or 255 where it splits at a slash. */
  path: string;
  type: "file" | "directory" | "symlink" | "hardlink";
  /** Permission bits; 0755 for directories and 0644 for files when absent. */
  mode?: number;
  uid?: number;
  gid?: number;
  content?: Uint8Array;
  /** Of links. */
  target?: string;
}

const block = 512;
const typeFlags = { file: "0", hardlink: "1", symlink: "2", directory: "5" } as const;

function header(entry: TarEntry, size: number): Buffer {
  const head = Buffer.alloc(block);
  let name = entry.type === "directory" && !entry.path.endsWith("/") ? `${entry.path}/` : entry.path;
  let prefix = "";
  if (Buffer.byteLength(name) > 100) {
    const at = name.lastIndexOf("/", 154);
    prefix = name.slice(0, at);
    name = name.slice(at + 1);
    if (at <= 0 || Buffer.byteLength(name) > 100) throw new Error(`path too long for a tar archive: ${entry.path}`);
  }
  const octal = (value: number, at: number, length: number): void =>
    void head.write(`${value.toString(8).padStart(length - 1, "0")}\0`, at, "latin1");
  head.write(name, 0);
  octal(entry.mode ?? (entry.type === "directory" ? 0o755 : 0o644), 100, 8);
  octal(entry.uid ?? 0, 108, 8);
  octal(entry.gid ?? 0, 116, 8);
  octal(size, 124, 12);
  octal(0, 136, 12);
  head.write("        ", 148, "latin1");
  head.write(typeFlags[entry.type], 156, "latin1");
  if (entry.target !== undefined) head.write(entry.target, 157);
  head.write("ustar\u000000", 257, "latin1");
  head.write(prefix, 345);
  let sum = 0;
  for (const byte of head) sum += byte;
  head.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148, "latin1");
  return head;
}

/** The archive's bytes; all times are the epoch, so equal input gives equal digests. */
export function tar(entries: readonly TarEntry[]): Buffer {
  const parts: Uint8Array[] = [];
  for (const entry of entries) {
    const content = entry.type === "file" ? (entry.content ?? new Uint8Array()) : new Uint8Array();
    parts.push(header(entry, content.length), content);
    if (content.length % block !== 0) parts.push(new Uint8Array(block - (content.length % block)));
  }
  parts.push(new Uint8Array(2 * block));
  return Buffer.concat(parts);
}
