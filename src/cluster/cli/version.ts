import { kubernetesVersion } from "../version-info.ts";
import type { Command } from "./command.ts";

/** The package's version; `dev` when the sources run without a build. */
export const version: string = process.env.TSUKUBE_VERSION ?? "dev";

export const versionCommand: Command = {
  spec: { name: "version", summary: "Prints the version.", options: {} },
  run: (_parsed, output) => {
    output.print(`tsukube ${version} (Kubernetes ${kubernetesVersion}, Node ${process.version})`);
    return Promise.resolve(0);
  },
};
