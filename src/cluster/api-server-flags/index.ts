/** kube-apiserver's flags: how the API server of a cluster is configured beyond what `tsukube up` names itself. */
export { type ApiServerFlags, type FlagFile, readFlagFile } from "./api-server-flags.ts";
export type { FlagRow } from "./flag.ts";
export { mergeFlagArguments, resolveApiServerFlags } from "./resolve.ts";
export { flagTable } from "./table.ts";
export { minCompatibilityMinor } from "./versions.ts";
