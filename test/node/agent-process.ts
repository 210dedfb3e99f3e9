/** A node agent as a process of its own: `agent-process.ts FILE`, the options as JSON. Says `ready` and runs until SIGTERM. */
import { readFileSync } from "node:fs";
import { createLogger } from "../../src/core/log.ts";
import { startNodeAgent, type NodeAgentOptions } from "../../src/node/index.ts";

const options = JSON.parse(readFileSync(process.argv[2] as string, "utf8")) as NodeAgentOptions;
const agent = await startNodeAgent({ ...options, log: createLogger({ level: "debug" }) });
process.stdout.write("ready\n");
await new Promise<void>((resolve) => process.once("SIGTERM", () => resolve()));
await agent.stop();
// What still keeps the process alive is a fault: it is named, and shows as a test that takes long.
setTimeout(() => process.stderr.write(`still alive: ${process.getActiveResourcesInfo().join(" ")}\n`), 1000).unref();
