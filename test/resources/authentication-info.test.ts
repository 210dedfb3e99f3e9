import assert from "node:assert/strict";
import { test } from "node:test";
import { createCa } from "../../src/host/pki.ts";
import type { AuthenticationInfo } from "../../src/resources/loops/index.ts";
import { publishAuthenticationInfo } from "../../src/resources/loops/authentication-info.ts";
import { configmaps, namespaces } from "../../src/schema/types/core-v1.ts";
import { startServer } from "./server.ts";

const one = createCa({ commonName: "one" }).certificate;
const two = createCa({ commonName: "two" }).certificate;
const info = (pem: string): AuthenticationInfo => ({ clientAuthorities: () => pem, onChange: () => undefined });

void test("every server adds its authorities once, and leaves the rest alone", async () => {
  await using s = await startServer();
  await s.client.resource(namespaces).create({ metadata: { name: "kube-system" } });
  await publishAuthenticationInfo(s.deps, info(one));
  const maps = s.client.resource(configmaps, "kube-system");
  await maps.patch("extension-apiserver-authentication", "merge", { data: { "requestheader-allowed-names": '["proxy"]' } });
  await publishAuthenticationInfo(s.deps, info(two));
  await publishAuthenticationInfo(s.deps, info(one));
  const name = "extension-apiserver-authentication";
  assert.deepEqual((await maps.get(name)).data, { "client-ca-file": one + two, "requestheader-allowed-names": '["proxy"]' });
  const proxy = {
    authorities: () => two,
    allowedNames: ["front-proxy"],
    usernameHeaders: ["X-Remote-User"],
    uidHeaders: [],
    groupHeaders: ["X-Remote-Group"],
    extraHeaderPrefixes: ["X-Remote-Extra-"],
  };
  await publishAuthenticationInfo(s.deps, { ...info(one), proxy });
  const { data } = await maps.get(name);
  assert.equal(data?.["requestheader-client-ca-file"], two);
  assert.equal(data["requestheader-allowed-names"], '["proxy","front-proxy"]');
  assert.equal(data["requestheader-uid-headers"], "[]");
  assert.equal(data["requestheader-extra-headers-prefix"], '["X-Remote-Extra-"]');
});
