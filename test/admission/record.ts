/**
 * Records what the upstream server answers to the scenarios:
 *   node test/admission/record.ts KUBECONFIG
 */
import { writeFileSync } from "node:fs";
import { httpClient } from "../../src/client/http-client.ts";
import { loadKubeconfig, resolveContext } from "../../src/client/kubeconfig.ts";
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
for (const [path, answer] of Object.entries(hooks)) server.serve(path, answer);
await client.raw("POST", "/api/v1/namespaces", { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } });
try {
  // A configuration is known to the server a moment after it was answered.
  const slow: Ask = async (step) => {
    const answer = await ask(step);
    if (step.url.includes("webhookconfigurations")) await new Promise((done) => setTimeout(done, 1500));
    return answer;
  };
  const outcomes = await runSteps(steps, slow, server, namespace);
  writeFileSync(
    new URL("../fixtures/admission/webhooks.json", import.meta.url),
    `[\n${outcomes.map((o) => JSON.stringify(o)).join(",\n")}\n]\n`,
  );
} finally {
  await client.raw("DELETE", `/api/v1/namespaces/${namespace}`);
  client.close();
}
