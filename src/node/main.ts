/** `tsukube node-agent --config FILE`: the agent as a process of its own, inside its node's namespaces. */
import { readFileSync } from "node:fs";
import { createLogger, type Level } from "../core/log.ts";
import { startNodeAgent, type NodeAgentOptions } from "./index.ts";

/** The file holds {@link NodeAgentOptions} as JSON, and `logLevel` if wanted. Runs until SIGTERM or SIGINT. */
export async function runNodeAgent(configFile: string): Promise<void> {
  const { logLevel = "info", ...options } = JSON.parse(readFileSync(configFile, "utf8")) as NodeAgentOptions & { logLevel?: Level };
  const log = createLogger({ level: logLevel });
  const agent = await startNodeAgent({ ...options, log });
  await new Promise<void>((resolve) => {
    process.once("SIGTERM", resolve);
    process.once("SIGINT", resolve);
  });
  await agent.stop();
}
