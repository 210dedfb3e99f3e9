/** The whole control plane in this process over a memory store, as `up` starts it. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type ControlPlane, startControlPlane } from "../../src/cluster/control-plane.ts";
import type { ClusterConfig } from "../../src/cluster/options.ts";
import { type ClusterPki, ensurePki } from "../../src/cluster/pki.ts";
import { systemClock } from "../../src/core/clock.ts";
import { silent } from "../../src/core/log.ts";
import { freePort } from "./free-port.ts";

/** The configuration where it is not the default: no nodes, a free port, a data directory that goes with the control plane. */
export interface MemoryControlPlaneOptions extends Partial<Omit<ClusterConfig, "format" | "store">> {
  readonly name: string;
  /** False: without controllers and scheduler. Default: true. */
  readonly work?: boolean;
}

export interface MemoryControlPlane extends AsyncDisposable {
  readonly plane: ControlPlane;
  readonly pki: ClusterPki;
  readonly config: ClusterConfig;
}

export async function memoryControlPlane({ work = true, ...options }: MemoryControlPlaneOptions): Promise<MemoryControlPlane> {
  const dataDir = options.dataDir ?? mkdtempSync(join(tmpdir(), `tsukube-${options.name}-`));
  const config: ClusterConfig = {
    format: 1,
    port: options.port ?? (await freePort()),
    nodes: 0,
    simulatedNodes: 0,
    podCidr: "10.244.0.0/16",
    serviceCidr: "10.96.0.0/16",
    nodeCidr: "10.150.0.0/24",
    ...options,
    dataDir,
    store: { kind: "memory" },
  };
  const pki = ensurePki(config);
  const plane = await startControlPlane({ config, pki, clock: systemClock, log: silent, work });
  return {
    plane,
    pki,
    config,
    [Symbol.asyncDispose]: async () => {
      await plane.stop();
      if (options.dataDir === undefined) rmSync(dataDir, { recursive: true, force: true });
    },
  };
}
