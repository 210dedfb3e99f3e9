import assert from "node:assert/strict";
import { test } from "node:test";
import { isLongRunning, parseRequestInfo } from "./request-info.ts";

const parse = (method: string, url: string): string => {
  const [path = "", query = ""] = url.split("?");
  const i = parseRequestInfo(method, path, () => new URLSearchParams(query));
  return i.isResource
    ? [i.verb, i.group, i.version, i.namespace, i.resource, i.name, i.subresource, i.trailing].join("|")
    : `non-resource ${i.verb} ${i.path}`;
};

void test("paths and methods become verbs on resources", () => {
  assert.equal(parse("GET", "/api/v1/namespaces/ns/pods"), "list||v1|ns|pods|||");
  assert.equal(parse("GET", "/api/v1/namespaces/ns/pods?watch=1"), "watch||v1|ns|pods|||");
  assert.equal(parse("GET", "/api/v1/namespaces/ns/pods?watch=false"), "list||v1|ns|pods|||");
  assert.equal(parse("GET", "/api/v1/namespaces/ns/pods/p"), "get||v1|ns|pods|p||");
  assert.equal(parse("DELETE", "/api/v1/namespaces/ns/pods"), "deletecollection||v1|ns|pods|||");
  assert.equal(parse("PATCH", "/apis/apps/v1/namespaces/ns/deployments/d/scale"), "patch|apps|v1|ns|deployments|d|scale|");
  assert.equal(parse("POST", "/apis/apps/v1/namespaces/ns/deployments"), "create|apps|v1|ns|deployments|||");
  assert.equal(parse("PUT", "/api/v1/nodes/n/status"), "update||v1||nodes|n|status|");
});

void test("a namespace is a resource of itself, with its own subresources", () => {
  assert.equal(parse("GET", "/api/v1/namespaces"), "list||v1||namespaces|||");
  assert.equal(parse("GET", "/api/v1/namespaces/ns"), "get||v1|ns|namespaces|ns||");
  assert.equal(parse("PUT", "/api/v1/namespaces/ns/finalize"), "update||v1|ns|namespaces|ns|finalize|");
});

void test("the old watch prefix is a watch", () => {
  assert.equal(parse("GET", "/api/v1/watch/namespaces/ns/pods"), "watch||v1|ns|pods|||");
  assert.throws(() => parse("GET", "/api/v1/watch"), /unable to determine kind and namespace/);
});

void test("what follows a subresource is kept as it was written", () => {
  assert.equal(parse("GET", "/api/v1/namespaces/ns/pods/p:80/proxy/a%20b/"), "get||v1|ns|pods|p:80|proxy|/a%20b/");
  assert.equal(parse("GET", "/api/v1/namespaces/ns/pods/p/proxy"), "get||v1|ns|pods|p|proxy|");
  assert.equal(parse("GET", "/api/v1/namespaces/ns/pods/p/proxy/"), "get||v1|ns|pods|p|proxy|/");
});

void test("a selector on one name names the object, for authorization", () => {
  assert.equal(parse("GET", "/api/v1/nodes?watch=1&fieldSelector=metadata.name%3Dn1"), "watch||v1||nodes|n1||");
  assert.equal(parse("GET", "/api/v1/nodes?fieldSelector=metadata.name!%3Dn1"), "list||v1||nodes|||");
});

void test("short paths and other prefixes are not resources", () => {
  for (const path of ["/", "/api", "/api/v1", "/apis/apps/v1", "/healthz", "/openapi/v3/apis/apps/v1", "/version"]) {
    assert.equal(parse("GET", path), `non-resource get ${path}`);
  }
});

void test("watches, logs and streams are long-running", () => {
  const long = (method: string, path: string): boolean =>
    isLongRunning(parseRequestInfo(method, path, () => new URLSearchParams("watch=true")));
  assert.equal(long("GET", "/api/v1/pods"), true);
  assert.equal(long("GET", "/api/v1/namespaces/n/pods/p/log"), true);
  assert.equal(long("POST", "/api/v1/namespaces/n/pods/p/exec"), true);
  assert.equal(long("GET", "/api/v1/namespaces/n/pods/p"), false);
});
