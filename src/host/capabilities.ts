/** Linux capabilities of this process (capabilities(7)). */
import { readFileSync } from "node:fs";

/** Bit numbers of those that decisions hang on. */
export const capability = { netAdmin: 12, sysAdmin: 21, sysResource: 24 } as const;

/** Whether this process has a capability in its effective set; false where /proc has no such file. */
export function hasCapability(bit: number): boolean {
  try {
    const line = readFileSync("/proc/self/status", "utf8").match(/^CapEff:\s*([0-9a-f]+)$/m);
    return line !== null && ((BigInt(`0x${line[1] as string}`) >> BigInt(bit)) & 1n) === 1n;
  } catch {
    return false;
  }
}
