import { readFileSync } from "node:fs";
import { join } from "node:path";
import { locateExisting } from "../state.ts";
import type { Command } from "./command.ts";

export const kubeconfig: Command = {
  spec: {
    name: "kubeconfig",
    summary: "Prints the kubeconfig of a cluster.",
    options: {
      name: { type: "string", value: "NAME", help: "the cluster's name (dev)" },
      "data-dir": { type: "string", value: "DIR", help: "where it is kept, if not in the default place" },
    },
  },
  run: (parsed, output) => {
    const config = locateExisting({
      name: parsed.values["name"] as string | undefined,
      dataDir: parsed.values["data-dir"] as string | undefined,
    });
    output.print(readFileSync(join(config.dataDir, "kubeconfig"), "utf8").trimEnd());
    return Promise.resolve(0);
  },
};
