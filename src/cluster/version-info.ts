import type { VersionInfo } from "../apiserver/endpoints/plain.ts";

/** The version of Kubernetes whose API is served. */
export const kubernetesVersion = "v1.36.3";

/** What `/version` says: the API's version, and what really runs. */
/** `minCompatibilityMinor`: the oldest minor version to get along with. */
export function versionInfo(minCompatibilityMinor?: number): VersionInfo {
  const [major = "", minor = ""] = kubernetesVersion.slice(1).split(".");
  return {
    major,
    minor,
    ...(minCompatibilityMinor === undefined ? {} : { minCompatibilityMinor: String(minCompatibilityMinor) }),
    gitVersion: kubernetesVersion,
    gitCommit: kubernetesVersion,
    gitTreeState: "clean",
    buildDate: "2026-01-01T00:00:00Z",
    goVersion: `node ${process.version}`,
    compiler: "tsukube",
    platform: `${process.platform}/${process.arch === "x64" ? "amd64" : process.arch}`,
  };
}
