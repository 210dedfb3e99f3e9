/**
 * Strategic merge patch: a merge patch that knows from the type which lists merge by a key, and that carries directives
 * (`$patch`, `$retainKeys`, `$setElementOrder/…`, `$deleteFromPrimitiveList/…`). Follows
 * `k8s.io/apimachinery/pkg/util/strategicpatch`; see the design proposal "preserve order in strategic merge patch".
 */
import { setOwn } from "../json-exact.ts";
import { type FieldRow, type Shape, type TypeRow, typeRow } from "../scheme.ts";
import { badPatch, goPrint, patchRejected, unmergeable } from "./patch-error.ts";
import { isObject, type JsonObject, own } from "./tree.ts";

const directive = "$patch";
const retainKeys = "$retainKeys";
const deleteFromList = "$deleteFromPrimitiveList/";
const setElementOrder = "$setElementOrder/";

/**
 * Merges `patch` into `document`, an object of `typeName` in Go's shape, and returns a new one; neither argument is
 * changed. Throws 400, 422 or 500 as upstream does.
 */
export function applyStrategicMergePatch<T extends object>(typeName: string, document: T, patch: object): T {
  return mergeMap(document as JsonObject, patch as JsonObject, typeRow(typeName)) as T;
}

function mergeMap(original: JsonObject, patch: JsonObject, row: TypeRow | undefined): JsonObject {
  const wish = own(patch, directive);
  if (wish !== undefined) return handleDirective(wish, patch);
  const result = copyOf(original);
  const rest = copyOf(patch);
  applyRetainKeys(result, rest);
  mergeOrderedLists(result, rest, row);
  for (const key of Object.keys(rest)) mergeField(result, key, rest[key], row);
  return result;
}

function copyOf(object: JsonObject): JsonObject {
  const copy: JsonObject = {};
  for (const key of Object.keys(object)) setOwn(copy, key, object[key]);
  return copy;
}

function handleDirective(wish: unknown, patch: JsonObject): JsonObject {
  if (wish === "delete") return {};
  if (wish !== "replace") throw unmergeable(`unknown patch type: ${goPrint(wish)} in map: ${goPrint(patch)}`);
  const result = copyOf(patch);
  delete result[directive];
  return result;
}

/** `$retainKeys` names the keys that stay; every key of the patch must be among them. */
function applyRetainKeys(original: JsonObject, patch: JsonObject): void {
  const wish = own(patch, retainKeys);
  if (wish === undefined) return;
  delete patch[retainKeys];
  if (!Array.isArray(wish)) throw badPatch("invalid patch format of retainKeys");
  const kept = new Set<unknown>(wish);
  for (const key of Object.keys(patch)) {
    if (patch[key] === null || key.startsWith(deleteFromList) || key.startsWith(setElementOrder)) continue;
    if (!kept.has(key)) throw badPatch("invalid patch format of retainKeys");
  }
  for (const key of Object.keys(original)) if (!kept.has(key)) delete original[key];
}

interface ListMeta {
  /** The row of the items, when they are objects of a type. */
  readonly row: TypeRow | undefined;
  readonly merges: boolean;
  readonly mergeKey: string;
}

function lookup(row: TypeRow | undefined, key: string): FieldRow {
  if (row === undefined) throw unmergeable("merging an object in json but data type is not struct, instead is: map");
  const lower = key.toLowerCase();
  const field = row.byName.get(key) ?? row.fields.find((f) => f.name.toLowerCase() === lower);
  if (field !== undefined) return field;
  const name = row.goName.slice(row.goName.lastIndexOf(".") + 1);
  throw unmergeable(`unable to find api field in struct ${name} for the json field ${JSON.stringify(key)}`);
}

const rowOf = (shape: Shape): TypeRow | undefined =>
  shape.kind === "message" && typeRow(shape.type).special === undefined ? typeRow(shape.type) : undefined;

function listMeta(row: TypeRow | undefined, key: string): ListMeta {
  const field = lookup(row, key);
  return {
    row: field.shape.kind === "list" ? rowOf(field.shape.item) : undefined,
    merges: field.patchStrategies.includes("merge"),
    mergeKey: field.patchMergeKey ?? "",
  };
}

function mergeField(result: JsonObject, patchKey: string, value: unknown, row: TypeRow | undefined): void {
  const deletes = patchKey.startsWith(deleteFromList);
  const key = deletes ? patchKey.slice(deleteFromList.length) : patchKey;
  if (value === null) {
    delete result[key];
    return;
  }
  const current = own(result, key);
  if (isObject(current) && isObject(value)) {
    const field = lookup(row, key);
    setOwn(result, key, field.patchStrategies.includes("replace") ? value : mergeMap(current, value, rowOf(field.shape)));
  } else if (Array.isArray(current) && Array.isArray(value)) {
    const meta = listMeta(row, key);
    setOwn(result, key, meta.merges || deletes ? mergeList(current, value, meta, deletes) : value);
  } else if (!deletes) take(result, key, value);
}

/** Takes a value for which there is nothing to merge with: without nulls, and without what carries a directive. */
function take(result: JsonObject, key: string, value: unknown): void {
  const clean = withoutDirectives(withoutNulls(value));
  if (clean === undefined) delete result[key];
  else setOwn(result, key, clean);
}

function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (!isObject(value)) return value;
  const result: JsonObject = {};
  for (const key of Object.keys(value)) if (value[key] !== null) setOwn(result, key, withoutNulls(value[key]));
  return result;
}

/** Undefined for an object that is a directive. */
function withoutDirectives(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutDirectives).filter((item) => item !== undefined);
  if (!isObject(value)) return value;
  if (Object.hasOwn(value, directive)) return undefined;
  const result: JsonObject = {};
  for (const key of Object.keys(value)) {
    const clean = withoutDirectives(value[key]);
    if (clean !== undefined) setOwn(result, key, clean);
  }
  return result;
}

/** What Go calls the type of a JSON value. */
function goType(value: unknown): string {
  if (value === null) return "nil";
  if (Array.isArray(value)) return "[]interface {}";
  if (typeof value === "object") return "map[string]interface {}";
  if (typeof value === "boolean") return "bool";
  if (typeof value === "string") return "string";
  return Number.isInteger(Number(value)) ? "int64" : "float64";
}

/** The one type of all items. */
function itemType(...lists: readonly (readonly unknown[])[]): string {
  let type: string | undefined;
  for (const item of lists.flat(1)) {
    const found = goType(item);
    if (type === undefined) {
      if (found === "[]interface {}") throw patchRejected("an element is a list");
      type = found;
    } else if (type !== found) throw unmergeable(`list element types are not identical: ${goPrint(lists)}`);
  }
  if (type === undefined) throw unmergeable("no elements in any of the given slices");
  return type;
}

const isMapType = (type: string): boolean => type === "map[string]interface {}";

function mergeList(original: readonly unknown[], patch: readonly unknown[], meta: ListMeta, deletes: boolean): unknown[] {
  if (original.length === 0 && patch.length === 0) return [...original];
  if (!isMapType(itemType(original, patch))) {
    if (deletes) return original.filter((item) => !patch.includes(item));
    return inOrder(deduplicate([...original, ...patch]), patch, original, "");
  }
  if (meta.mergeKey === "") throw unmergeable(`cannot merge lists without merge key for ${meta.row === undefined ? "map" : "struct"}`);
  const { list, items } = applyListDirectives(original as JsonObject[], patch as JsonObject[], meta.mergeKey);
  const merged = mergeItems(list, items, meta);
  return inOrder(merged, items, list, meta.mergeKey);
}

/** As upstream removes duplicates: a later one is replaced by the last item. */
function deduplicate(items: unknown[]): unknown[] {
  for (let i = 0; i < items.length; i++) {
    for (let j = i + 1; j < items.length; j++) {
      if (items[i] !== items[j]) continue;
      const last = items.pop();
      if (j < items.length) items[j] = last;
      j--;
    }
  }
  return items;
}

/** `$patch: delete` removes the item with that key, `$patch: replace` empties the list first. */
function applyListDirectives(original: JsonObject[], patch: JsonObject[], mergeKey: string): { list: JsonObject[]; items: JsonObject[] } {
  let list = original;
  let replace = false;
  const items: JsonObject[] = [];
  for (const item of patch) {
    const wish = own(item, directive);
    if (wish === undefined) items.push(item);
    else if (wish === "delete") {
      const value = keyOf(item, mergeKey);
      list = list.filter((other) => own(other, mergeKey) !== value);
    } else if (wish === "replace") replace = true;
    else if (wish === "merge") throw unmergeable("merging lists cannot yet be specified in the patch");
    else throw unmergeable(`unknown patch type: ${goPrint(wish)} in map: ${goPrint(item)}`);
  }
  return replace ? { list: items, items: [] } : { list, items };
}

function keyOf(item: unknown, mergeKey: string): unknown {
  const value = isObject(item) ? own(item, mergeKey) : undefined;
  if (value === undefined) throw unmergeable(`map: ${goPrint(item)} does not contain declared merge key: ${mergeKey}`);
  return value;
}

function mergeItems(original: readonly JsonObject[], patch: readonly JsonObject[], meta: ListMeta): JsonObject[] {
  const merged = [...original];
  for (const item of patch) {
    const value = keyOf(item, meta.mergeKey);
    const at = merged.findIndex((other) => own(other, meta.mergeKey) === value);
    if (at < 0) merged.push(item);
    else merged[at] = mergeMap(merged[at] as JsonObject, item, meta.row);
  }
  return merged;
}

/**
 * Items that the patch names come in its order, the others in the order they had; the two are interleaved by where they
 * stood on the server.
 */
function inOrder(merged: readonly unknown[], order: readonly unknown[], serverOrder: readonly unknown[], mergeKey: string): unknown[] {
  const identity = (item: unknown): unknown => (mergeKey === "" ? item : keyOf(item, mergeKey));
  const wanted = order.map(identity);
  const server = serverOrder.map(identity);
  const named: unknown[] = [];
  const others: unknown[] = [];
  for (const item of merged) (wanted.includes(identity(item)) ? named : others).push(item);
  insertionSort(named, (item) => wanted.indexOf(identity(item)));
  insertionSort(others, (item) => server.indexOf(identity(item)));
  const result: unknown[] = [];
  let i = 0;
  let j = 0;
  while (i < others.length || j < named.length) {
    if (i >= others.length) result.push(named[j++]);
    else if (j >= named.length) result.push(others[i++]);
    else {
      const left = server.indexOf(identity(others[i]));
      const right = server.indexOf(identity(named[j]));
      result.push(left >= 0 && right >= 0 && left < right ? others[i++] : named[j++]);
    }
  }
  return result;
}

/** Upstream's order counts an item without a place as less than any other, which only an insertion sort settles alike. */
function insertionSort(items: unknown[], place: (item: unknown) => number): void {
  for (let i = 1; i < items.length; i++) {
    for (let j = i; j > 0; j--) {
      const [here, before] = [place(items[j]), place(items[j - 1])];
      if (here >= 0 && before >= 0 && here >= before) break;
      [items[j], items[j - 1]] = [items[j - 1], items[j]];
    }
  }
}

/** Lists that come with `$setElementOrder/…`: merged, and put into that order. */
function mergeOrderedLists(result: JsonObject, patch: JsonObject, row: TypeRow | undefined): void {
  for (const orderKey of Object.keys(patch)) {
    if (!orderKey.startsWith("$setElementOrder")) continue;
    const order = patch[orderKey];
    delete patch[orderKey];
    if (!Array.isArray(order)) throw wrongType("[]interface {}", order);
    if (!orderKey.startsWith(setElementOrder)) throw badPatch("invalid patch format of setElementOrder list");
    const key = orderKey.slice(setElementOrder.length);
    const original = own(result, key);
    const wished = own(patch, key);
    if (original !== undefined && !Array.isArray(original)) throw wrongType("[]interface {}", original);
    if (wished !== undefined && !Array.isArray(wished)) throw wrongType("[]interface {}", wished);
    const meta = listMeta(row, key);
    checkOrder(wished ?? [], order, meta.mergeKey);
    if (original === undefined && wished === undefined) continue;
    let merged: unknown[];
    if (wished === undefined) merged = original as unknown[];
    else if (original === undefined) merged = withoutDirectives(wished) as unknown[];
    else merged = meta.merges ? mergeList(original, wished, meta, false) : wished;
    itemType(original ?? [], wished ?? []);
    setOwn(result, key, inOrder(merged, order, original ?? [], meta.mergeKey));
    delete patch[key];
  }
}

function wrongType(expected: string, value: unknown): Error {
  return unmergeable(`expected a ${expected}, but received a ${goType(value) === "nil" ? "%!s(<nil>)" : goType(value)}`);
}

/** The items of the patch must come in the order that is asked for. */
function checkOrder(patch: readonly unknown[], order: readonly unknown[], mergeKey: string): void {
  if (patch.length === 0 || order.length === 0) return;
  const items = patch.filter((item) => !(isObject(item) && Object.hasOwn(item, directive)));
  let at = 0;
  for (let i = 0; i < order.length && at < items.length; i++) {
    const same = mergeKey === "" ? items[at] === order[i] : keyOf(items[at], mergeKey) === keyOf(order[i], mergeKey);
    if (same) at++;
  }
  if (at < items.length) {
    throw unmergeable(`The order in patch list:\n${goPrint(patch)}\n doesn't match $setElementOrder list:\n${goPrint(order)}\n`);
  }
}
