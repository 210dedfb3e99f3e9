import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { parseWebhookConfiguration } from "../../src/resources/admission/configuration/webhook-configuration.ts";
import { startCluster } from "./cluster.ts";
import { startWebhookServer } from "./webhook-server.ts";

void test("webhooks are called as the user that the admission configuration names for their host", async () => {
  const directory = await mkdtemp(join(tmpdir(), "admission-"));
  await using server = await startWebhookServer();
  const clientConfig = server.serve("/allow", () => ({ allowed: true }));
  const kubeconfig = join(directory, "kubeconfig");
  const configurationFile = join(directory, "admission.yaml");
  try {
    const user = { name: `127.0.0.1:${server.port}`, user: { token: "for-this-webhook" } };
    await writeFile(kubeconfig, JSON.stringify({ users: [user, { name: "*", user: { token: "for-others" } }] }));
    const configuration = { apiVersion: "apiserver.config.k8s.io/v1", kind: "WebhookAdmissionConfiguration", kubeConfigFile: kubeconfig };
    const plugins = [{ name: "ValidatingAdmissionWebhook", configuration }];
    await writeFile(
      configurationFile,
      JSON.stringify({ apiVersion: "apiserver.config.k8s.io/v1", kind: "AdmissionConfiguration", plugins }),
    );
    await using cluster = await startCluster({ configurationFile });
    const rules = [{ operations: ["CREATE"], apiGroups: [""], apiVersions: ["v1"], resources: ["configmaps"] }];
    const webhook = { name: "a.example.com", clientConfig, rules, sideEffects: "None", admissionReviewVersions: ["v1"] };
    for (const kind of ["Validating", "Mutating"])
      await cluster.must("POST", `/apis/admissionregistration.k8s.io/v1/${kind.toLowerCase()}webhookconfigurations`, {
        apiVersion: "admissionregistration.k8s.io/v1",
        kind: `${kind}WebhookConfiguration`,
        metadata: { name: "a" },
        webhooks: [webhook],
      });
    await cluster.must("POST", "/api/v1/namespaces/default/configmaps", { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "a" } });
    assert.deepEqual(server.authorizations, ["", "Bearer for-this-webhook"], "each plugin has a configuration of its own");
  } finally {
    await rm(directory, { recursive: true });
  }
});

void test("the configuration of webhooks is read strictly", () => {
  const head = "apiVersion: apiserver.config.k8s.io/v1\nkind: WebhookAdmissionConfiguration\n";
  assert.equal(parseWebhookConfiguration(undefined), undefined);
  assert.equal(parseWebhookConfiguration(head), undefined);
  assert.equal(parseWebhookConfiguration(`${head}kubeConfigFile: /a/b`), "/a/b");
  assert.throws(() => parseWebhookConfiguration(`${head}kubeConfigFile: b`), {
    message: 'kubeConfigFile: Invalid value: "b": must be an absolute file path',
  });
  assert.throws(() => parseWebhookConfiguration(`${head}staticManifestsDir: /m`), {
    message: 'static webhook manifests dir "/m" configured but ManifestBasedAdmissionControlConfig feature gate is not enabled',
  });
  assert.throws(() => parseWebhookConfiguration(`${head}other: 1`), /strict decoding error: unknown field "other"/);
});
