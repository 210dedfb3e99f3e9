/** JSON patch (RFC 6902) as upstream's library applies it: negative indices count from the end, replacing adds. */
import { setOwn } from "../json-exact.ts";
import { mutable } from "../object.ts";
import { patchRejected } from "./patch-error.ts";
import { isObject, type JsonObject, jsonEqual, own, sortedCopy, sortInPlace } from "./tree.ts";

export interface JsonPatchOperation {
  readonly op?: unknown;
  readonly path?: unknown;
  readonly from?: unknown;
  readonly value?: unknown;
}

/** More operations than this are refused with 413. */
export const maxJsonPatchOperations = 10_000;

type Container = JsonObject | unknown[];

/**
 * Applies the operations in order and returns a new document; the given one is not changed. Throws a 422 when one of them
 * does not fit.
 */
export function applyJsonPatch<T extends object>(document: T, operations: readonly JsonPatchOperation[]): T {
  const editor = new Editor(document);
  for (const operation of operations) editor.apply(operation);
  return editor.finish() as T;
}

class Editor {
  root: Container;
  /** Containers that belong to this patch already and may be changed. */
  readonly #owned = new Set<object>();

  constructor(document: object) {
    this.root = this.#own(document as Container);
  }

  apply(operation: JsonPatchOperation): void {
    const { op } = operation;
    switch (op) {
      case "add":
        this.#add(text(operation.path), mutable(operation.value ?? null));
        break;
      case "remove":
        this.#remove(text(operation.path));
        break;
      case "replace":
        this.#replace(text(operation.path), mutable(operation.value ?? null));
        break;
      case "move": {
        const value = this.#read(text(operation.from), "move");
        this.#remove(text(operation.from));
        this.#add(text(operation.path), value);
        break;
      }
      case "copy":
        this.#add(text(operation.path), mutable(this.#read(text(operation.from), "copy")));
        break;
      case "test":
        this.#test(text(operation.path), operation.value ?? null);
        break;
      default:
        throw patchRejected(`Unexpected kind: ${typeof op === "string" ? op : "unknown"}`);
    }
  }

  /** The document, with the keys of everything that was touched in order. */
  finish(): Container {
    for (const container of this.#owned) if (!Array.isArray(container)) sortInPlace(container as JsonObject);
    return this.root;
  }

  #own(container: Container): Container {
    if (this.#owned.has(container)) return container;
    const copy = Array.isArray(container) ? [...container] : sortedCopy(container);
    this.#owned.add(copy);
    return copy;
  }

  /** The container that a pointer's last part is in, ready to be changed, and that part. */
  #find(path: string, op: string): { container: Container; key: string } {
    const parts = path.split("/").slice(1).map(decode);
    const key = parts.pop();
    const missing = (): Error => patchRejected(`${op} operation does not apply: doc is missing path: ${quoted(path, op)}: missing value`);
    if (key === undefined) throw missing();
    let container = this.root;
    for (const part of parts) {
      const next = Array.isArray(container) ? container[index(part, container.length)] : own(container, part);
      if (typeof next !== "object" || next === null) throw missing();
      const mine = this.#own(next as Container);
      if (mine !== next) store(container, part, mine);
      container = mine;
    }
    return { container, key };
  }

  #read(path: string, op: string): unknown {
    const { container, key } = this.#find(path, op);
    return (Array.isArray(container) ? container[index(key, container.length)] : own(container, key)) ?? null;
  }

  #add(path: string, value: unknown): void {
    const { container, key } = this.#find(path, "add");
    if (!Array.isArray(container)) setOwn(container, key, value);
    else if (key === "-") container.push(value);
    else container.splice(index(key, container.length + 1, `error in add for path: '${path}': `), 0, value);
  }

  #remove(path: string): void {
    const { container, key } = this.#find(path, "remove");
    const where = `error in remove for path: '${path}': `;
    if (Array.isArray(container)) container.splice(index(key, container.length, where), 1);
    else if (Object.hasOwn(container, key)) delete container[key];
    else throw patchRejected(`${where}Unable to remove nonexistent key: ${key}: missing value`);
  }

  #replace(path: string, value: unknown): void {
    if (path === "") {
      if (typeof value !== "object" || value === null) throw patchRejected("replace operation hit an unexpected value: invalid character");
      this.root = this.#own(value as Container);
      return;
    }
    const { container, key } = this.#find(path, "replace");
    store(container, key, value);
  }

  #test(path: string, value: unknown): void {
    const found = path === "" ? this.root : this.#read(path, "test");
    if (!jsonEqual(found, value)) throw patchRejected(`testing value ${path} failed: test failed`);
  }
}

function text(value: unknown): string {
  if (typeof value !== "string") throw patchRejected("operation missing path field: missing value");
  return value;
}

/** Upstream's library quotes the path of some operations. */
const quoted = (path: string, op: string): string => (op === "add" || op === "remove" ? JSON.stringify(path) : path);

/** RFC 6901: `~1` is a slash, `~0` a tilde. */
const decode = (part: string): string => part.replaceAll("~1", "/").replaceAll("~0", "~");

function index(part: string, length: number, where = ""): number {
  if (!/^[+-]?\d+$/.test(part))
    throw patchRejected(
      `${where}value was not a proper array index: '${part}': strconv.Atoi: parsing ${JSON.stringify(part)}: invalid syntax`,
    );
  const at = Number(part);
  const real = at < 0 ? at + length : at;
  if (real < 0 || real >= length) throw patchRejected(`${where}Unable to access invalid index: ${at}: invalid index referenced`);
  return real;
}

function store(container: Container, part: string, value: unknown): void {
  if (Array.isArray(container)) container[index(part, container.length)] = value;
  else if (isObject(container)) setOwn(container, part, value);
}
