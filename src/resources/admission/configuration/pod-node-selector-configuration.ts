/** Configuration of PodNodeSelector: the selector of namespaces that have none, and what each namespace may select. */
import { ConfigurationError, isObject, readYaml } from "./document.ts";

/** By namespace; `clusterDefaultNodeSelector` for those that say nothing. */
export type PodNodeSelectorConfiguration = ReadonlyMap<string, string>;

/** The document has no version. Throws {@link ConfigurationError}. */
export function parsePodNodeSelectorConfiguration(text: string | undefined): PodNodeSelectorConfiguration {
  const document = text === undefined ? undefined : readYaml(text);
  const selectors = isObject(document) ? (document["podNodeSelectorPluginConfig"] ?? {}) : {};
  if (!isObject(selectors)) throw new ConfigurationError("podNodeSelectorPluginConfig: must be a map of namespaces to node selectors");
  for (const [namespace, selector] of Object.entries(selectors)) {
    if (typeof selector !== "string") throw new ConfigurationError(`podNodeSelectorPluginConfig.${namespace}: must be a string`);
  }
  return new Map(Object.entries(selectors as Record<string, string>));
}
