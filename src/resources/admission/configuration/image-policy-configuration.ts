/** Configuration of ImagePolicyWebhook: where the backend is, and how long its word is remembered. */
import { readFileSync } from "node:fs";
import { ConfigurationError, documentFaults, isObject, readYaml } from "./document.ts";

export interface ImagePolicyConfiguration {
  /** The kubeconfig whose current context is the backend. */
  readonly kubeConfigFile: string;
  /** Milliseconds that a yes and a no are remembered; 0: not at all. */
  readonly allowTtl: number;
  readonly denyTtl: number;
  /** Milliseconds before the second attempt; 0: there is none between. */
  readonly retryBackoff: number;
  /** What happens when the backend does not answer. */
  readonly defaultAllow: boolean;
}

const fields = {
  kubeConfigFile: "string",
  allowTTL: "integer",
  denyTTL: "integer",
  retryBackoff: "integer",
  defaultAllow: "boolean",
} as const;

const minute = 60_000;

/** The document has no version. Throws {@link ConfigurationError} with every fault. */
export function parseImagePolicyConfiguration(text: string | undefined): ImagePolicyConfiguration {
  if (text === undefined) throw new ConfigurationError("no config specified");
  const document = readYaml(text);
  const given = isObject(document) ? (document["imagePolicy"] ?? {}) : {};
  if (!isObject(given)) throw new ConfigurationError("imagePolicy: must be an object");
  const faults = documentFaults(given, fields).filter((fault) => !fault.startsWith("unknown field"));
  if (faults.length > 0) throw new ConfigurationError(faults.join(", "));
  const duration = (name: string, scale: number, least: string, most: number, otherwise: number): number => {
    const value = Number(given[name] ?? 0);
    if (value === -1) return 0;
    if (value === 0) return otherwise;
    const milliseconds = value * scale;
    if (milliseconds < 0 || milliseconds > most)
      faults.push(`valid value is between ${least} and ${goMinutes(most)}, got ${goDuration(milliseconds)}`);
    return milliseconds;
  };
  const configuration = {
    kubeConfigFile: String((given["kubeConfigFile"] as string | null | undefined) ?? ""),
    retryBackoff: duration("retryBackoff", 1, "1ns", 5 * minute, 500),
    allowTtl: duration("allowTTL", 1000, "1s", 30 * minute, 5 * minute),
    denyTtl: duration("denyTTL", 1000, "1s", 30 * minute, 30_000),
    defaultAllow: given["defaultAllow"] === true,
  };
  try {
    readFileSync(configuration.kubeConfigFile, "utf8");
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    faults.push(
      configuration.kubeConfigFile === ""
        ? "invalid configuration: no configuration has been provided"
        : `stat ${configuration.kubeConfigFile}: ${error.message}`,
    );
  }
  if (faults.length > 0) throw new ConfigurationError(faults.join(", "));
  return configuration;
}

const goMinutes = (milliseconds: number): string => `${milliseconds / minute}m0s`;

function goDuration(milliseconds: number): string {
  const sign = milliseconds < 0 ? "-" : "";
  const seconds = Math.abs(milliseconds) / 1000;
  if (seconds < 1) return `${sign}${Math.abs(milliseconds)}ms`;
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor((seconds % 3600) / 60)];
  const rest = `${seconds % 60}s`;
  return sign + (hours > 0 ? `${hours}h${minutes}m${rest}` : minutes > 0 ? `${minutes}m${rest}` : rest);
}
