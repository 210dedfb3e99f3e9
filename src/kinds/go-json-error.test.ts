import assert from "node:assert/strict";
import { test } from "node:test";
import { goJsonObjectError } from "./go-json-error.ts";

test("Go's words for broken JSON", () => {
  const said: [text: string, error: string | undefined][] = [
    ["{}", undefined],
    ["null", undefined],
    ["", "unexpected end of JSON input"],
    ["{", "unexpected end of JSON input"],
    ["nul", "invalid character ' ' in literal null (expecting 'l')"],
    ["{a}", "invalid character 'a' looking for beginning of object key string"],
    ["[]", "json: cannot unmarshal array into Go value of type map[string]interface {}"],
    ['{"a":1}x', "invalid character 'x' after top-level value"],
  ];
  for (const [text, error] of said) assert.equal(goJsonObjectError(text), error, text);
});
