/**
 * Records what the upstream server answers to the scenarios:
 *   node test/admission/record.ts KUBECONFIG [SCENARIO…]
 */
import { writeFileSync } from "node:fs";
import { httpClient } from "../../src/client/http-client.ts";
import { loadKubeconfig, resolveContext } from "../../src/client/kubeconfig.ts";
import { conversionHooks, conversionSteps } from "./conversion-scenario.ts";
import { policySteps } from "./policy-scenario.ts";
import { faultySteps } from "./faulty-scenario.ts";
import { hooks, runSteps, steps, type Ask } from "./scenario.ts";
import { startWebhookServer } from "./webhook-server.ts";

const { config } = await resolveContext(await loadKubeconfig(process.argv[2]));
const client = httpClient({ ...config, userAgent: "test" });
const namespace = "hooks-recording";
const ask: Ask = async ({ method, url, body, contentType }) => {
  const headers = { "content-type": contentType ?? "application/json" };
  const response = await client.raw(method, url, body, { headers });
  const warnings = (response.headers["warning"] ?? "").matchAll(/299 - "((?:[^"\\]|\\.)*)"/g);
  let object: unknown;
  try {
    object = response.json();
  } catch {
    object = response.text();
  }
  return { status: response.status, object, warnings: [...warnings].map((m) => JSON.parse(`"${m[1] ?? ""}"`) as string) };
};

await using server = await startWebhookServer();
for (const [path, answer] of Object.entries({ ...hooks, ...conversionHooks })) server.serve(path, answer);
const own = { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } };
// That of an earlier recording may still be going.
while ((await client.raw("POST", "/api/v1/namespaces", own)).status !== 201) await new Promise((done) => setTimeout(done, 1000));
const scenarios = { webhooks: steps, conversion: conversionSteps, policies: policySteps, faulty: faultySteps };
const wanted = process.argv.slice(3);
try {
  // A configuration is known to the server a moment after it was answered.
  const slow: Ask = async (step) => {
    const answer = await ask(step);
    const settle = step.url.includes("dryRun")
      ? 0
      : /webhookconfigurations|policybindings/.test(step.url)
        ? 1500
        : step.url.includes("customresourcedefinitions")
          ? 3000
          : 0;
    if (settle > 0) await new Promise((done) => setTimeout(done, settle));
    return answer;
  };
  for (const [name, all] of Object.entries(scenarios)) {
    if (wanted.length > 0 && !wanted.includes(name)) continue;
    const outcomes = await runSteps(all, slow, server, namespace);
    const text = `[\n${outcomes.map((o) => JSON.stringify(o)).join(",\n")}\n]\n`;
    writeFileSync(new URL(`../fixtures/admission/${name}.json`, import.meta.url), text);
  }
} finally {
  await client.raw("DELETE", `/api/v1/namespaces/${namespace}`);
  client.close();
}
