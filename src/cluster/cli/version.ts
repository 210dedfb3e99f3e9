import type { Command } from "./main.ts";

/** The package's version; `dev` when the sources run without a build. */
export const version: string = process.env.TSUKUBE_VERSION ?? "dev";

/** The version of Kubernetes whose API is served. */
export const kubernetesVersion = "v1.36.3";

export const versionCommand: Command = {
  spec: { name: "version", summary: "Prints the version.", options: {} },
  run: (_parsed, output) => {
    output.print(`tsukube ${version} (Kubernetes ${kubernetesVersion}, Node ${process.version})`);
    return Promise.resolve(0);
  },
};
