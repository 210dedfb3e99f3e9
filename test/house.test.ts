/** House rules as tests: layers, import cycles, file names, forbidden words. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const src = join(root, "src");
const files = readdirSync(src, { recursive: true, encoding: "utf8" })
  .filter((f) => f.endsWith(".ts"))
  .map((f) => join(src, f));
const roomOf = (file: string): string => relative(src, file).split("/")[0] as string;

/** Every relative import of a file, type imports included. */
function importsOf(file: string): string[] {
  const text = readFileSync(file, "utf8");
  const found: string[] = [];
  for (const m of text.matchAll(
    /^\s*(?:import|export)\b[^;"']*?from\s*["'](\.[^"']+)["']|^\s*import\s*["'](\.[^"']+)["']|\bimport\(\s*["'](\.[^"']+)["']\s*\)/gm,
  )) {
    found.push(join(dirname(file), (m[1] ?? m[2] ?? m[3]) as string));
  }
  return found;
}

const graph = new Map(files.map((f) => [f, importsOf(f).filter((t) => t.endsWith(".ts"))]));

function allowedRooms(): Map<string, Set<string>> {
  const rules = JSON.parse(readFileSync(join(root, "layers.json"), "utf8")) as Record<string, string[] | string>;
  const rooms = Object.keys(rules).filter((r) => r !== "//");
  const resolved = new Map<string, Set<string>>();
  const resolve = (room: string): Set<string> => {
    const known = resolved.get(room);
    if (known) return known;
    const set = new Set<string>([room]);
    resolved.set(room, set);
    for (const rule of rules[room] as string[]) {
      if (rule === "*") for (const r of rooms) set.add(r);
      else if (rule.endsWith("↓")) for (const r of resolve(rule.slice(0, -1))) set.add(r);
      else set.add(rule);
    }
    return set;
  };
  for (const room of rooms) resolve(room);
  return resolved;
}

test("rooms import only the rooms below them", () => {
  const allowed = allowedRooms();
  const faults: string[] = [];
  for (const [file, targets] of graph) {
    const room = roomOf(file);
    const may = allowed.get(room);
    if (may === undefined) {
      faults.push(`${relative(root, file)}: room ${room} is not in layers.json`);
      continue;
    }
    // A test may compose what the room itself may not.
    if (file.endsWith(".test.ts")) continue;
    for (const target of targets) {
      if (!target.startsWith(src)) continue;
      if (!may.has(roomOf(target))) faults.push(`${relative(root, file)} imports ${relative(root, target)}`);
    }
  }
  assert.deepEqual(faults, []);
});

test("there are no import cycles", () => {
  const state = new Map<string, "open" | "done">();
  const cycles: string[] = [];
  const visit = (file: string, path: string[]): void => {
    const s = state.get(file);
    if (s === "done") return;
    if (s === "open") {
      cycles.push([...path.slice(path.indexOf(file)), file].map((f) => relative(src, f)).join(" → "));
      return;
    }
    state.set(file, "open");
    for (const target of graph.get(file) ?? []) visit(target, [...path, file]);
    state.set(file, "done");
  };
  for (const file of graph.keys()) visit(file, []);
  assert.deepEqual(cycles, []);
});

test("file names are kebab-case", () => {
  const odd = files.map((f) => relative(src, f)).filter((f) => !f.split("/").every((part) => /^[a-z0-9]+([-.][a-z0-9]+)*$/.test(part)));
  assert.deepEqual(odd, []);
});
