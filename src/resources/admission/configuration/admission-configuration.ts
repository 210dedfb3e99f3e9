/** `--admission-control-config-file`: AdmissionConfiguration, with each plugin's own configuration inline or in a file. */
import { readFileSync } from "node:fs";
import { dirname, isAbsolute, resolve } from "node:path";
import { ConfigurationError, isObject, readDocument, readYaml } from "./document.ts";

/** Answers the text of a plugin's configuration; undefined when nothing is said of it. */
export type PluginConfigurations = (plugin: string) => string | undefined;

const type = {
  versions: ["apiserver.config.k8s.io/v1", "apiserver.k8s.io/v1alpha1"],
  kind: "AdmissionConfiguration",
  fields: { plugins: { list: { fields: { name: "string", path: "string", configuration: "any" } } } },
} as const;

/** Plugins whose files were read before there was an AdmissionConfiguration: such a file is theirs alone. */
const legacy: Readonly<Record<string, readonly string[]>> = {
  imagePolicy: ["ImagePolicyWebhook"],
  podNodeSelectorPluginConfig: ["PodNodeSelector"],
};

interface Row {
  readonly name?: string | null;
  readonly path?: string | null;
  readonly configuration?: unknown;
}

/** Throws {@link ConfigurationError} that names the file. Paths in it are relative to its folder. */
export function readAdmissionConfiguration(file: string): PluginConfigurations {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    throw new ConfigurationError(`unable to read admission control configuration from ${JSON.stringify(file)} [${messageOf(error)}]`);
  }
  return parseAdmissionConfiguration(text, file);
}

/** The file's text; `file`: its name, which paths in it are relative to. Throws {@link ConfigurationError}. */
export function parseAdmissionConfiguration(text: string, file: string): PluginConfigurations {
  let rows: readonly Row[];
  try {
    rows = (readDocument(text, [type])["plugins"] as readonly Row[] | null | undefined) ?? [];
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    const value = error.unknownType ? readYaml(text) : undefined;
    const legacyPlugins = isObject(value) && Object.keys(legacy).some((key) => key in value);
    if (!legacyPlugins) throw new ConfigurationError(`failed to read plugin config: ${error.message}`);
    return (plugin) => (Object.values(legacy).flat().includes(plugin) ? text : undefined);
  }
  return (plugin) => {
    const row = rows.find((r) => r.name === plugin);
    if (row === undefined) return undefined;
    if (row.configuration !== undefined && row.configuration !== null) return JSON.stringify(row.configuration);
    if (!row.path) return undefined;
    const path = isAbsolute(row.path) ? row.path : resolve(dirname(file), row.path);
    try {
      return readFileSync(path, "utf8");
    } catch (error) {
      throw new ConfigurationError(`Couldn't open admission plugin configuration ${path}: ${messageOf(error)}`);
    }
  };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
