import assert from "node:assert/strict";
import { test } from "node:test";
import { olderCases, olderFlags } from "./older.ts";
import { testRecorded } from "./suite.ts";

testRecorded({
  title: "a server that is set up with flags alone",
  file: "recorded-older.json",
  flags: olderFlags,
  cases: (_, world) => Promise.resolve(olderCases(world)),
  more: (world) => {
    void test("webhooks are asked in the version that is set", () => {
      const { asked } = world().accessWebhook;
      assert.equal(asked[0]?.["apiVersion"], "authorization.k8s.io/v1beta1");
      assert.ok(asked.some((r) => "group" in (r["spec"] as object)));
    });
  },
});
