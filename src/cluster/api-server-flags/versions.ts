/**
 * `--emulated-version` and `--min-compatibility-version`. The table of types and what kinds mean are those of 1.36 alone: nothing
 * older is emulated, and to pretend otherwise would be wrong.
 */
import type { ApiServerFlags } from "./api-server-flags.ts";

/** The minor version of this server. */
const own = 36;
const oldest = 33;

/** Reads `1.36` or `kube=1.36`; a string is what is wrong. */
function minorOf(flag: string, text: string): number | string {
  const [component, version] = text.includes("=") ? (text.split("=") as [string, string]) : ["kube", text];
  if (component !== "kube") return `component not registered: ${component}`;
  const match = /^v?(\d+)\.(\d+)$/.exec(version);
  if (match === null) return `invalid version ${JSON.stringify(version)} for --${flag}: patch version not allowed, got: ${version}`;
  return match[1] === "1" ? Number(match[2]) : -1;
}

export function versionFaults(flags: ApiServerFlags): string[] {
  const faults: string[] = [];
  for (const text of flags.list("emulated-version")) {
    const minor = minorOf("emulated-version", text);
    if (typeof minor === "string") faults.push(minor);
    else if (minor < oldest || minor > own) faults.push(`emulation version 1.${minor} is not between [1.${oldest}, 1.${own}.0]`);
    else if (minor !== own) faults.push(`--emulated-version=1.${minor}: this server knows the types and rules of 1.${own} alone`);
  }
  for (const text of flags.list("min-compatibility-version")) {
    const minor = minorOf("min-compatibility-version", text);
    if (typeof minor === "string") faults.push(minor);
    else if (minor < oldest || minor > own)
      faults.push(`minCompatibilityVersion version 1.${minor} is not between [1.${oldest}, 1.${own}.0]`);
  }
  return faults;
}

/** The minor version that `/version` names as the oldest to get along with. */
export function minCompatibilityMinor(flags: ApiServerFlags): number {
  const text = flags.list("min-compatibility-version").at(-1);
  const minor = text === undefined ? own - 1 : minorOf("min-compatibility-version", text);
  return typeof minor === "number" ? minor : own - 1;
}
