import { existsSync, statSync } from "node:fs";
import { criClient } from "../../node/cri/cri-client.ts";
import { ImageStore } from "../../node/images/image-store.ts";
import { canonicalName } from "../../node/images/references.ts";
import { type Machine, machineOf } from "../machines/machine.ts";
import type { ClusterConfig } from "../options.ts";
import { fileProblem } from "../startup-problem.ts";
import { ClusterError, locateExisting, running } from "../state.ts";
import { UsageError } from "../options.ts";
import type { Command } from "./command.ts";
import { type Output, table } from "./output.ts";
import { imageDir, runtimeSocket } from "../layout.ts";

const where = {
  name: { type: "string", value: "NAME", help: "the cluster's name (dev)" },
  "data-dir": { type: "string", value: "DIR", help: "where it is kept, if not in the default place" },
} as const;

function find(values: Readonly<Record<string, unknown>>): ClusterConfig {
  return locateExisting({ name: values["name"] as string | undefined, dataDir: values["data-dir"] as string | undefined });
}

/** The machines whose runtime answers now. */
function machines(config: ClusterConfig): Machine[] {
  const run = running(config.dataDir);
  return Array.from({ length: run?.nodes ?? 0 }, (_, i) => machineOf(config, i + 1)).filter((m) => existsSync(runtimeSocket(m)));
}

const load: Command = {
  spec: {
    name: "image load",
    summary: "Takes OCI or Docker archives into the cluster, and onto every node. Pull policy Always finds them too.",
    positional: "FILE…",
    options: where,
  },
  run: async (parsed, output) => {
    if (parsed.positionals.length === 0)
      throw new UsageError("image load: name at least one archive, as `docker save` or an OCI layout in a tar file");
    const config = find(parsed.values);
    for (const file of parsed.positionals) {
      if (!existsSync(file)) throw new ClusterError(`${file} does not exist; give the path of an archive`);
      if (!statSync(file).isFile()) throw new ClusterError(`${file} is not a file; put the OCI layout into a tar file`);
    }
    const store = new ImageStore(imageDir(config));
    const nodes = machines(config);
    for (const file of parsed.positionals) {
      const images = await store.load(file).catch((error: unknown) => {
        throw fileProblem(error) ?? notArchive(file, error);
      });
      if (images.length === 0) throw new ClusterError(`${file} holds no image with a name; give it one when saving`);
      for (const image of images) {
        await pullEverywhere(nodes, image.name, output);
        output.print(
          `${image.name}${nodes.length === 0 ? " (kept; no real node runs now)" : ` is on ${nodes.length} node${nodes.length === 1 ? "" : "s"}`}`,
        );
      }
    }
    return 0;
  },
};

function notArchive(file: string, error: unknown): ClusterError {
  const message = (error as Error).message;
  const named = message.startsWith(file) ? message : `${file}: ${message}`;
  return new ClusterError(`${named}; make the archive with \`docker save\`, or as an OCI layout in a tar file`);
}

/** Every node's runtime fetches the image from the cluster's own mirror. */
export async function pullEverywhere(nodes: readonly Machine[], name: string, output: Output): Promise<void> {
  await Promise.all(
    nodes.map(async (machine) => {
      output.progress(`${name} → ${machine.name}`);
      const client = await criClient(runtimeSocket(machine));
      try {
        await client.pullImage({ image: name }, undefined, undefined);
      } finally {
        client.close();
      }
    }),
  );
}

const list: Command = {
  spec: { name: "image list", summary: "The images that were loaded, and those that the nodes hold.", options: where },
  run: async (parsed, output) => {
    const config = find(parsed.values);
    const rows = new Map<string, { loaded: boolean; nodes: string[]; size: number }>();
    const row = (name: string): { loaded: boolean; nodes: string[]; size: number } => {
      let r = rows.get(name);
      if (r === undefined) rows.set(name, (r = { loaded: false, nodes: [], size: 0 }));
      return r;
    };
    for (const image of new ImageStore(imageDir(config)).list()) row(image.name).loaded = true;
    for (const machine of machines(config)) {
      const client = await criClient(runtimeSocket(machine));
      try {
        for (const image of await client.listImages()) {
          for (const tag of image.repoTags ?? []) {
            row(tag).nodes.push(machine.name);
            row(tag).size = Number(image.size ?? 0);
          }
        }
      } finally {
        client.close();
      }
    }
    output.print(
      table([
        ["IMAGE", "LOADED", "SIZE", "NODES"],
        ...[...rows]
          .sort(([a], [b]) => (a < b ? -1 : 1))
          .map(([name, r]) => [name, r.loaded ? "yes" : "no", r.size === 0 ? "" : `${(r.size / 1e6).toFixed(1)} MB`, r.nodes.join(", ")]),
      ]),
    );
    return 0;
  },
};

const rm: Command = {
  spec: { name: "image rm", summary: "Forgets an image, here and on every node.", positional: "NAME…", options: where },
  run: async (parsed, output) => {
    if (parsed.positionals.length === 0) throw new UsageError("image rm: name at least one image");
    const config = find(parsed.values);
    const store = new ImageStore(imageDir(config));
    let failed = 0;
    for (const asked of parsed.positionals) {
      const name = canonicalName(asked);
      let found = store.remove(name);
      for (const machine of machines(config)) {
        const client = await criClient(runtimeSocket(machine));
        try {
          if ((await client.imageStatus({ image: name })) !== undefined) {
            await client.removeImage({ image: name });
            found = true;
          }
        } finally {
          client.close();
        }
      }
      if (found) output.print(`${name} is gone`);
      else {
        output.note(`tsukube: there is no image ${name}; \`tsukube image list\` shows what is there`);
        failed++;
      }
    }
    return failed === 0 ? 0 : 1;
  },
};

export const imageCommands: Record<string, Command> = { load, list, rm };
