import assert from "node:assert/strict";
import { test } from "node:test";
import { publishAuthenticationInfo } from "../../src/resources/loops/authentication-info.ts";
import { configmaps, namespaces } from "../../src/schema/types/core-v1.ts";
import { startServer } from "./server.ts";

void test("every server adds its authority once, and leaves the rest alone", async () => {
  await using s = await startServer();
  await s.client.resource(namespaces).create({ metadata: { name: "kube-system" } });
  await publishAuthenticationInfo(s.deps, "one\n");
  const maps = s.client.resource(configmaps, "kube-system");
  await maps.patch("extension-apiserver-authentication", "merge", { data: { "requestheader-allowed-names": "[]" } });
  await publishAuthenticationInfo(s.deps, "two\n");
  await publishAuthenticationInfo(s.deps, "one\n");
  const { data } = await maps.get("extension-apiserver-authentication");
  assert.deepEqual(data, { "client-ca-file": "one\ntwo\n", "requestheader-allowed-names": "[]" });
});
