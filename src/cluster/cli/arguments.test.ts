import assert from "node:assert/strict";
import { test } from "node:test";
import { UsageError } from "../options.ts";
import { type CommandSpec, helpText, parseArguments } from "./arguments.ts";

const spec: CommandSpec = {
  name: "up",
  summary: "Starts.",
  options: {
    name: { type: "string", help: "the name" },
    nodes: { type: "number", value: "N", help: "how many" },
    detach: { type: "boolean", help: "return" },
    output: { type: "string", short: "o", help: "format" },
  },
};

test("options are taken with a blank, with an equals sign, and by their short name", () => {
  assert.deepEqual(parseArguments(spec, ["--name", "a", "--nodes=3", "--detach", "-o", "json"]).values, {
    name: "a",
    nodes: 3,
    detach: true,
    output: "json",
  });
});

test("an unknown option is refused with the one that was probably meant", () => {
  assert.throws(
    () => parseArguments(spec, ["--node", "3"]),
    (e) => e instanceof UsageError && e.message.includes("--nodes"),
  );
});

test("a number that is none and a value that is missing name their option", () => {
  assert.throws(() => parseArguments(spec, ["--nodes", "many"]), /--nodes: "many" is not a whole number/);
  assert.throws(() => parseArguments(spec, ["--name"]), /--name: needs a value/);
});

test("arguments where none are taken are refused", () => {
  assert.throws(() => parseArguments(spec, ["now"]), /unexpected argument "now"/);
});

test("help lists every option with what it means", () => {
  const text = helpText(spec);
  for (const o of ["--name VALUE", "--nodes N", "--detach", "-o, --output VALUE"]) assert.ok(text.includes(o), o);
});
