import { type FunctionTable, global } from "../function.ts";
import { STRING } from "../types.ts";

/** Kubernetes' library for JSON patches: a key as a part of a JSON pointer. */
export const JSON_PATCH_FUNCTIONS: FunctionTable = {
  "jsonpatch.escapeKey": [
    global("string_jsonpatch_escapeKey_string", [STRING], STRING, (key: string) => key.replace(/[/~]/gu, (c) => (c === "/" ? "~1" : "~0"))),
  ],
};
