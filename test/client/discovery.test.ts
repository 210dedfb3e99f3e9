import assert from "node:assert/strict";
import { test } from "node:test";
import { Discovery } from "../../src/client/discovery.ts";
import { isApiError } from "../../src/core/api-error.ts";
import { startReachable } from "./servers.ts";

void test("kinds and the names that people write lead to their resources", async () => {
  await using server = await startReachable();
  for (const client of [server.local, server.connect()]) {
    const discovery = new Discovery(client);
    const deployments = await discovery.resourceOf("apps/v1", "Deployment");
    assert.deepEqual(
      [deployments.resource, deployments.namespaced, deployments.subresources.toSorted((a, b) => a.localeCompare(b))],
      ["deployments", true, ["scale", "status"]],
    );
    for (const name of ["deploy", "deployment", "Deployment", "deployments.apps", "deployments.v1.apps"]) {
      assert.equal((await discovery.resourceNamed(name)).resource, "deployments", name);
    }
    assert.equal((await discovery.resourceNamed("po")).kind, "Pod");
    assert.equal((await discovery.resourceNamed("events")).group, "");
    assert.equal((await discovery.resourceNamed("events.events.k8s.io")).group, "events.k8s.io");
    await assert.rejects(discovery.resourceNamed("nothing"), { message: 'the server doesn\'t have a resource type "nothing"' });
    await assert.rejects(discovery.resourceOf("example.com/v1", "Widget"), (error) => isApiError(error) && error.code === 404);
  }
});
