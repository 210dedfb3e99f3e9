/** Whether an applied configuration fits its type, in upstream's words. */
import { goPrint } from "../patch/patch-error.ts";
import { isObject } from "../patch/tree.ts";
import { type Atom, firstForm, formOf, keyAtom, type ListAtom, type MapAtom, type ScalarType } from "./atom.ts";
import { itemElement, TypedError } from "./list-item.ts";
import { fieldElement, indexElement, type PathElement, printElement } from "./path-element.ts";

interface Fault {
  readonly path: string;
  readonly message: string;
}

/** The faults of a value as one text, undefined when it fits. Items of lists must differ. */
export function typeFaults(value: unknown, atom: Atom): string | undefined {
  const faults: Fault[] = [];
  check(value, atom, "", faults);
  if (faults.length === 0) return undefined;
  const texts = faults.map(({ path, message }) => (path === "" ? message : `${path}: ${message}`));
  return texts.length === 1 ? texts[0] : ["errors:", ...texts.map((text) => `  ${text}`)].join("\n");
}

function check(value: unknown, atom: Atom, path: string, faults: Fault[]): void {
  switch (formOf(atom, value) ?? firstForm(atom)) {
    case "scalar": {
      const message = scalarFault(value, atom.scalar as ScalarType);
      if (message !== undefined) faults.push({ path, message });
      break;
    }
    case "list":
      checkList(value, atom.list as ListAtom, path, faults);
      break;
    default:
      checkMap(value, atom.map as MapAtom, path, faults);
  }
}

function checkMap(value: unknown, map: MapAtom, path: string, faults: Fault[]): void {
  if (value === null) return;
  if (!isObject(value)) {
    faults.push({ path, message: `expected map, got ${pointerPrint(value)}` });
    return;
  }
  for (const key of Object.keys(value)) {
    const at = `${path}${printElement(fieldElement(key))}`;
    const atom = keyAtom(map, key);
    if (atom === undefined) {
      faults.push({ path: at, message: "field not declared in schema" });
      return;
    }
    if (value[key] !== undefined) check(value[key], atom, at, faults);
  }
}

function checkList(value: unknown, list: ListAtom, path: string, faults: Fault[]): void {
  if (value === null) return;
  if (!Array.isArray(value)) {
    faults.push({ path, message: `expected list, got ${pointerPrint(value)}` });
    return;
  }
  const seen = new Set<string>();
  for (const [i, item] of value.entries()) {
    let element: PathElement;
    try {
      element = list.atomic ? indexElement(i) : itemElement(list, item);
    } catch (error) {
      if (!(error instanceof TypedError)) throw error;
      faults.push({ path, message: `element ${i}: ${error.message}` });
      return;
    }
    if (seen.has(element.text)) faults.push({ path, message: `duplicate entries for key ${printElement(element)}` });
    seen.add(element.text);
    check(item, list.element(), path + printElement(element), faults);
  }
}

function scalarFault(value: unknown, type: ScalarType): string | undefined {
  if (value === null || value === undefined) return undefined;
  const is = typeof value;
  if (type === "numeric")
    return is === "number" || is === "bigint" ? undefined : `expected numeric (int or float), got ${goTypeName(value)}`;
  if (type === "string") return is === "string" ? undefined : `expected string, got &value.valueUnstructured{Value:${goSyntax(value)}}`;
  if (type === "boolean") return is === "boolean" ? undefined : `expected boolean, got ${pointerPrint(value)}`;
  return is === "object" ? `expected any scalar, got ${pointerPrint(value)}` : undefined;
}

function pointerPrint(value: unknown): string {
  return `&{${goPrint(value)}}`;
}

function goTypeName(value: unknown): string {
  if (Array.isArray(value)) return "[]interface {}";
  if (typeof value === "object") return "map[string]interface {}";
  return typeof value === "boolean" ? "bool" : "string";
}

function goSyntax(value: unknown): string {
  if (value === null) return "interface {}(nil)";
  if (Array.isArray(value)) return `[]interface {}{${value.map(goSyntax).join(", ")}}`;
  if (isObject(value)) {
    const pairs = Object.keys(value)
      .sort()
      .map((key) => `${JSON.stringify(key)}:${goSyntax(value[key])}`);
    return `map[string]interface {}{${pairs.join(", ")}}`;
  }
  return typeof value === "string" ? JSON.stringify(value) : String(value);
}
