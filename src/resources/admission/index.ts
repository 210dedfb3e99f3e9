/** The admission chain: which plugins are on, with what configuration. */
import type { AdmissionPlugin } from "../../apiserver/admission.ts";
import { defaultFeatureGates, type FeatureGates } from "../../core/feature-gates.ts";
import { MetricsRegistry } from "../../core/metrics.ts";
import type { ResourceDeps } from "../deps.ts";
import { type PluginConfigurations, readAdmissionConfiguration } from "./configuration/admission-configuration.ts";
import { ConfigurationError } from "./configuration/document.ts";
import { admissionPlugins } from "./plugins.ts";

export { ConfigurationError } from "./configuration/document.ts";

export interface AdmissionChainOptions {
  readonly metrics?: MetricsRegistry | undefined;
  /** Default: what v1.36 has on. */
  readonly features?: FeatureGates | undefined;
  /** `--enable-admission-plugins`, `--disable-admission-plugins`. An enabled one wins over one that is off by default. */
  readonly enable?: readonly string[] | undefined;
  readonly disable?: readonly string[] | undefined;
  /** `--admission-control-config-file`. */
  readonly configurationFile?: string | undefined;
  /** `--default-not-ready-toleration-seconds`, `--default-unreachable-toleration-seconds`. Default 300. */
  readonly notReadyTolerationSeconds?: number | undefined;
  readonly unreachableTolerationSeconds?: number | undefined;
  /** Webhooks and policies by the name of their plugin: put where upstream has them. */
  readonly generic?: Readonly<Record<string, AdmissionPlugin>> | undefined;
}

/** What a cluster has that says nothing: its nodes' credentials are their own. */
const usual: AdmissionChainOptions = { enable: ["NodeRestriction"] };

/** The plugins that are on, in upstream's order. Throws a {@link ConfigurationError} with every fault, one a line. */
export function admissionChain(deps: ResourceDeps, options: AdmissionChainOptions = usual): AdmissionPlugin[] {
  const faults = optionFaults(options);
  let configuration: PluginConfigurations = () => undefined;
  const attempt = <T>(run: () => T, prefix = ""): T | undefined => {
    try {
      return run();
    } catch (error) {
      if (!(error instanceof ConfigurationError)) throw error;
      faults.push(prefix + error.message);
      return undefined;
    }
  };
  const { configurationFile } = options;
  if (configurationFile) configuration = attempt(() => readAdmissionConfiguration(configurationFile)) ?? configuration;
  const context = {
    deps,
    metrics: options.metrics ?? new MetricsRegistry(),
    features: options.features ?? defaultFeatureGates,
    configuration,
    tolerationSeconds: { notReady: options.notReadyTolerationSeconds ?? 300, unreachable: options.unreachableTolerationSeconds ?? 300 },
    generic: options.generic ?? {},
  };
  const enabled = enabledPlugins(options);
  const chain = admissionPlugins
    .filter((row) => enabled.has(row.name))
    .map((row) => attempt(() => row.make(context), `couldn't init admission plugin ${JSON.stringify(row.name)}: `))
    .filter((plugin) => plugin !== undefined);
  if (faults.length > 0) throw new ConfigurationError(faults.join("\n"));
  return chain;
}

/** Names of the plugins that are on. */
export function enabledPlugins({ enable = [], disable = [] }: Pick<AdmissionChainOptions, "enable" | "disable">): Set<string> {
  const enabled = admissionPlugins.filter(({ name, onByDefault }) => enable.includes(name) || (onByDefault && !disable.includes(name)));
  return new Set(enabled.map((row) => row.name));
}

function optionFaults({ enable = [], disable = [] }: AdmissionChainOptions): string[] {
  const known = new Set(admissionPlugins.map((row) => row.name));
  const unknown = (flag: string, names: readonly string[]): string[] =>
    names.filter((name) => !known.has(name)).map((name) => `${flag} plugin ${JSON.stringify(name)} is unknown`);
  const faults = [...unknown("enable-admission-plugins", enable), ...unknown("disable-admission-plugins", disable)];
  const both = [...new Set(enable)].filter((name) => disable.includes(name)).sort();
  if (both.length > 0) faults.push(`[${both.join(" ")}] in enable-admission-plugins and disable-admission-plugins overlapped`);
  return faults;
}
