import assert from "node:assert/strict";
import { test } from "node:test";
import type { APIService } from "../../schema/types/apiregistration-v1.ts";
import type { Service } from "../../schema/types/core-v1.ts";
import type { EndpointSlice } from "../../schema/types/discovery-v1.ts";
import { failedCheck, isAvailable, obstacle, passed, withAvailability } from "./availability.ts";

const registered: APIService = {
  spec: { group: "g", version: "v1", groupPriorityMinimum: 1, versionPriority: 1, service: { namespace: "a", name: "b" } },
};
const service = (port: number, more: Partial<Service["spec"]> = {}): Service => ({ spec: { ports: [{ name: "https", port }], ...more } });
const slice = (ready: boolean, port: string): EndpointSlice => ({
  addressType: "IPv4",
  endpoints: [{ addresses: ["10.0.0.1"], conditions: { ready } }],
  ports: [{ name: port, port: 1 }],
});

test("what stands in the way is told in upstream's words, the first thing first", () => {
  const no = (reason: string, message: string) => ({ status: "False", reason, message });
  assert.deepEqual(obstacle(registered, undefined, []), no("ServiceNotFound", 'service/b in "a" is not present'));
  assert.deepEqual(obstacle(registered, service(80), []), no("ServicePortError", 'service/b in "a" is not listening on port 443'));
  assert.deepEqual(obstacle(registered, service(443), []), no("EndpointsNotFound", 'cannot find endpointslices for service/b in "a"'));
  const missing = no("MissingEndpoints", 'endpointslices for service/b in "a" have no addresses with port name "https"');
  assert.deepEqual(obstacle(registered, service(443), [slice(false, "https"), slice(true, "other")]), missing);
  assert.equal(obstacle(registered, service(443), [slice(false, "https"), slice(true, "https")]), undefined);
  assert.equal(obstacle(registered, service(80, { type: "ExternalName", externalName: "x" }), []), undefined);
});

test("a condition is written when it says something new; its time is that of the last change of status", () => {
  const first = withAvailability(undefined, failedCheck("x"), "t1");
  assert.deepEqual(first?.conditions, [
    { type: "Available", status: "False", reason: "FailedDiscoveryCheck", message: "x", lastTransitionTime: "t1" },
  ]);
  assert.equal(isAvailable(first), false);
  assert.equal(withAvailability(first, failedCheck("x"), "t2"), undefined);
  const second = withAvailability(first, failedCheck("y"), "t2");
  assert.equal(second?.conditions?.[0]?.lastTransitionTime, "t1");
  const third = withAvailability(second, passed, "t3");
  assert.equal(third?.conditions?.[0]?.lastTransitionTime, "t3");
  assert.equal(isAvailable(third), true);
});
