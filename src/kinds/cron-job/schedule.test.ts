import assert from "node:assert/strict";
import { test } from "node:test";
import { scheduleError } from "./schedule.ts";

test("good schedules", () => {
  for (const text of ["* * * * *", "*/5 0-6 1,15 jan-DEC sun", "@daily", "@every 1h30m", "5/10 ? * * 6"]) {
    assert.equal(scheduleError(text), undefined, text);
  }
});

test("bad schedules say why", () => {
  const wrong: [schedule: string, why: string][] = [
    ["* * * *", "expected exactly 5 fields, found 4: [* * * *]"],
    ["60 * * * *", "end of range (60) above maximum (59): 60"],
    ["* * 0 * *", "beginning of range (0) below minimum (1): 0"],
    ["a * * * *", 'failed to parse int from a: strconv.Atoi: parsing "a": invalid syntax'],
    ["5-1 * * * *", "beginning of range (5) beyond end of range (1): 5-1"],
    ["*/0 * * * *", "step of range should be a positive number: */0"],
    ["@often", "unrecognized descriptor: @often"],
  ];
  for (const [schedule, why] of wrong) assert.equal(scheduleError(schedule), why);
});
