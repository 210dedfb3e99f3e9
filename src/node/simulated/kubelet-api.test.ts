import assert from "node:assert/strict";
import { request } from "node:http";
import { test } from "node:test";
import { FakeClock } from "../../core/clock.ts";
import { silent } from "../../core/log.ts";
import { SimulatedKubelet } from "./kubelet-api.ts";

async function get(kubelet: SimulatedKubelet, path: string): Promise<{ status: number; text: string }> {
  const socket = await kubelet.dial();
  return new Promise((resolve, reject) => {
    const outgoing = request({ path, createConnection: () => socket as never }, (answer) => {
      let text = "";
      answer.setEncoding("utf8");
      answer.on("data", (part: string) => void (text += part));
      answer.on("end", () => resolve({ status: answer.statusCode ?? 0, text }));
    });
    outgoing.on("error", reject);
    outgoing.end();
  });
}

test("logs of a simulated pod say what it is; what cannot be had is refused", async () => {
  const kubelet = new SimulatedKubelet(new FakeClock(), silent);
  assert.deepEqual(await get(kubelet, "/containerLogs/ns/web/c"), {
    status: 200,
    text: "pod ns/web is simulated: container c does not run and writes no log\n",
  });
  assert.match((await get(kubelet, "/containerLogs/ns/web/c?timestamps=true")).text, /^2026-01-01T00:00:00\.000000Z pod ns\/web/);
  assert.equal((await get(kubelet, "/stats/summary")).status, 501);
  kubelet.close();
});

test("a command of many words is taken: its request line may be long", async () => {
  const kubelet = new SimulatedKubelet(new FakeClock(), silent);
  assert.equal((await get(kubelet, `/healthz?command=${"a".repeat(200_000)}`)).status, 200);
  kubelet.close();
});
