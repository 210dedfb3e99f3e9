/**
 * Which versions of which resources are served: what upstream has on, what `--runtime-config` says over it, and the feature
 * gates without which a resource is not there. Wording of faults: `k8s.io/apiserver/pkg/server/resourceconfig`.
 */
import facts from "../../facts/resources.json" with { type: "json" };
import { parseGoBool, type FeatureGates } from "../core/feature-gates.ts";

interface Fact {
  readonly group: string;
  readonly version: string;
  readonly resource: string;
  readonly servedByDefault: boolean;
}

export interface Enablement {
  serves(group: string, version: string, resource: string): boolean;
}

const rows = facts as readonly Fact[];

let byDefault: ReadonlySet<string> | undefined;

/** What is served where nothing is said. */
export const defaultEnablement: Enablement = {
  serves: (group, version, resource) => {
    byDefault ??= new Set(rows.filter((row) => row.servedByDefault).map((row) => keyOf(row.group, row.version, row.resource)));
    return byDefault.has(keyOf(group, version, resource));
  },
};

/** Resources that are not there while their gate is off, whatever `--runtime-config` says. */
const gated: Readonly<Record<string, string>> = {
  "certificates.k8s.io/clustertrustbundles": "ClusterTrustBundle",
  "certificates.k8s.io/podcertificaterequests": "PodCertificateRequest",
  "scheduling.k8s.io/podgroups": "GenericWorkload",
  "scheduling.k8s.io/workloads": "GenericWorkload",
  "storagemigration.k8s.io/storageversionmigrations": "StorageVersionMigrator",
};

const matchers: readonly (readonly [key: string, versions: RegExp])[] = [
  ["api/all", /^/],
  ["api/ga", /^v\d+$/],
  ["api/beta", /^v\d+beta\d+$/],
  ["api/alpha", /^v\d+alpha\d+$/],
];
const matcherKeys: ReadonlySet<string> = new Set(matchers.map(([key]) => key));

/** Paths of the core group: upstream takes them, and the core group cannot be switched off. */
const coreKeys: ReadonlySet<string> = new Set(["v1", "api/v1", "api/legacy"]);

const keyOf = (group: string, version: string, resource: string): string => `${group}/${version}/${resource}`;

/** Reads `--runtime-config`. Keys without a value are on. */
export function enablementOf(config: ReadonlyMap<string, string>, features: FeatureGates): { enablement: Enablement; faults: string[] } {
  const faults: string[] = [];
  const served = new Map(rows.map((row) => [keyOf(row.group, row.version, row.resource), row.servedByDefault]));
  if (config.size === 1 && config.get("api/all") === "false") faults.push("invalid runtime-config with only api/all=false");
  const setVersions = (matches: (row: Fact) => boolean, on: boolean): void => {
    for (const row of rows) if (matches(row)) served.set(keyOf(row.group, row.version, row.resource), on);
  };
  for (const [key, versions] of matchers) {
    const value = config.get(key);
    if (value === undefined) continue;
    if (value !== "true" && value !== "false") faults.push(`invalid value ${key}=${value}`);
    else setVersions((row) => row.group !== "" && versions.test(row.version), value === "true");
  }
  const named = [...config].filter(([key]) => !matcherKeys.has(key) && !coreKeys.has(key));
  const preferences = named.flatMap(([key, value]) => preferenceOf(key, value, faults));
  // Resources after versions: what is narrower wins.
  for (const p of preferences) if (p.resource === undefined) setVersions((r) => r.group === p.group && r.version === p.version, p.on);
  for (const p of preferences) if (p.resource !== undefined) served.set(keyOf(p.group, p.version, p.resource), p.on);
  const serves: Enablement["serves"] = (group, version, resource) => {
    const gate = gated[`${group}/${resource}`];
    return served.get(keyOf(group, version, resource)) === true && (gate === undefined || features.enabled(gate));
  };
  return { enablement: { serves }, faults };
}

interface Preference {
  readonly group: string;
  readonly version: string;
  readonly resource: string | undefined;
  readonly on: boolean;
}

function preferenceOf(key: string, value: string, faults: string[]): Preference[] {
  const refuse = (why: string): [] => {
    faults.push(why);
    return [];
  };
  const [group = "", version, resource, ...rest] = key.split("/");
  if (version === undefined || rest.length > 0) return refuse(`runtime-config invalid key ${key}`);
  const versions = rows.filter((row) => row.group === group);
  if (group === "" || versions.length === 0) return refuse(`unknown api groups ${group}/${version}`);
  if (!versions.some((row) => row.version === version)) return refuse(`group version ${group}/${version} that has not been registered`);
  const on = value === "" ? true : parseGoBool(value);
  if (on === undefined)
    return refuse(`invalid value of ${key}: ${value}, err: strconv.ParseBool: parsing ${JSON.stringify(value)}: invalid syntax`);
  if (resource !== undefined && resource.toLowerCase() !== resource)
    return refuse(`invalid key ${key}: group/version/resource and resource is always lowercase plural, not ${JSON.stringify(resource)}`);
  return [{ group, version, resource, on }];
}
