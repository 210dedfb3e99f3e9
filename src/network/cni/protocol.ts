/** The CNI 1.1.0 protocol: what a runtime sends and what it is answered (SPEC.md of containernetworking/cni). */
import { readPortMapping, type PortMapping } from "../host-port.ts";

export const supportedVersions: readonly string[] = ["0.3.0", "0.3.1", "0.4.0", "1.0.0", "1.1.0"];

export type Verb = "ADD" | "DEL" | "CHECK" | "STATUS" | "GC" | "VERSION";

/** One call of the plugin: the environment's CNI_* and the configuration from standard input. */
export interface CniCall {
  readonly verb: Verb;
  readonly containerId: string;
  /** Path of the network namespace; may be empty for DEL. */
  readonly netns: string;
  readonly ifname: string;
  /** CNI_ARGS, parsed: `K8S_POD_NAME` and the like. */
  readonly args: ReadonlyMap<string, string>;
  readonly config: NetworkConfig;
}

export interface NetworkConfig {
  cniVersion: string;
  name?: string;
  type?: string;
  prevResult?: CniResult;
  runtimeConfig?: { portMappings?: PortMapping[] };
  "cni.dev/valid-attachments"?: { containerID: string; ifname: string }[];
}

export interface CniResult {
  cniVersion: string;
  interfaces?: { name: string; mac?: string; mtu?: number; sandbox?: string }[];
  ips?: { address: string; gateway?: string; interface?: number; version?: string }[];
  routes?: { dst: string; gw?: string; mtu?: number; scope?: number }[];
  dns?: Record<string, unknown>;
}

/** Error codes of the specification; 100 and above are the plugin's own. */
export const cniCode = {
  incompatibleVersion: 1,
  unsupportedField: 2,
  unknownContainer: 3,
  invalidEnvironment: 4,
  io: 5,
  decode: 6,
  invalidConfig: 7,
  tryAgain: 11,
  notAvailable: 50,
  failed: 100,
} as const;

export class CniError extends Error {
  override readonly name = "CniError";
  readonly code: number;
  readonly detail: string;

  constructor(code: number, message: string, detail = "") {
    super(message);
    this.code = code;
    this.detail = detail;
  }
}

/**
 * Reads a call.
 * @throws CniError 4 for a missing or odd variable, 6 for input that is not JSON, 1 for a version not spoken here
 */
export function parseCall(env: Readonly<Record<string, string | undefined>>, input: string): CniCall {
  const verb = env["CNI_COMMAND"] as Verb | undefined;
  if (verb === undefined || !["ADD", "DEL", "CHECK", "STATUS", "GC", "VERSION"].includes(verb)) {
    throw new CniError(
      cniCode.invalidEnvironment,
      `CNI_COMMAND: ${JSON.stringify(verb ?? "")} is not a command; use ADD, DEL, CHECK, STATUS, GC or VERSION`,
    );
  }
  let config: NetworkConfig;
  try {
    config = JSON.parse(input) as NetworkConfig;
  } catch (error) {
    throw new CniError(cniCode.decode, "the network configuration is not JSON", (error as Error).message);
  }
  const mappings = config.runtimeConfig?.portMappings;
  if (mappings !== undefined) {
    const portMappings = mappings.map((m) => readPortMapping({ ...m }));
    config = { ...config, runtimeConfig: { ...config.runtimeConfig, portMappings } };
  }
  const needs: Record<Verb, string[]> = {
    ADD: ["CNI_CONTAINERID", "CNI_NETNS", "CNI_IFNAME"],
    CHECK: ["CNI_CONTAINERID", "CNI_NETNS", "CNI_IFNAME"],
    DEL: ["CNI_CONTAINERID", "CNI_IFNAME"],
    STATUS: [],
    GC: [],
    VERSION: [],
  };
  const missing = needs[verb].filter((n) => !env[n]);
  if (missing.length > 0) throw new CniError(cniCode.invalidEnvironment, `required environment variables missing: ${missing.join(",")}`);
  if (verb !== "VERSION" && !supportedVersions.includes(config.cniVersion)) {
    throw new CniError(
      cniCode.incompatibleVersion,
      "incompatible CNI versions",
      `config is ${JSON.stringify(config.cniVersion)}, plugin supports ${JSON.stringify(supportedVersions)}`,
    );
  }
  const ifname = env["CNI_IFNAME"] ?? "";
  if (ifname !== "" && (ifname.length > 15 || /[\s/:]/.test(ifname) || ifname === "." || ifname === "..")) {
    throw new CniError(cniCode.invalidEnvironment, `CNI_IFNAME: ${JSON.stringify(ifname)} is not a name for an interface`);
  }
  const args = new Map<string, string>();
  for (const pair of (env["CNI_ARGS"] ?? "").split(";")) {
    const at = pair.indexOf("=");
    if (at > 0) args.set(pair.slice(0, at), pair.slice(at + 1));
  }
  return { verb, containerId: env["CNI_CONTAINERID"] ?? "", netns: env["CNI_NETNS"] ?? "", ifname, args, config };
}

/** What goes to standard output on failure. */
export function errorResult(error: unknown, cniVersion: string): { cniVersion: string; code: number; msg: string; details: string } {
  if (error instanceof CniError) return { cniVersion, code: error.code, msg: error.message, details: error.detail };
  return { cniVersion, code: cniCode.failed, msg: error instanceof Error ? error.message : String(error), details: "" };
}

/** Versions before 1.0.0 want the family beside each address. */
export function shapeResult(result: CniResult): CniResult {
  if (result.cniVersion.startsWith("0.")) return { ...result, ips: (result.ips ?? []).map((ip) => ({ version: "4", ...ip })) };
  return result;
}
