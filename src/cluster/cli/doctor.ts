import { spawnSync } from "node:child_process";
import { existsSync, rmSync, writeFileSync } from "node:fs";
import { createInterface } from "node:readline/promises";
import { describeMissing, findProgram, missing, needs } from "../capabilities.ts";
import type { Command } from "./command.ts";
import { type Output, table } from "./output.ts";

export const doctor: Command = {
  spec: {
    name: "doctor",
    summary: "Says what this machine lacks for real pods. With --fix it installs the packages that are missing.",
    options: {
      fix: { type: "boolean", help: "install what is missing (Debian and its kin, as root)" },
      yes: { type: "boolean", help: "do not ask first" },
      containerd: { type: "string", value: "PATH", help: "the containerd that is going to be used" },
    },
    notes: "Exit status 0 when real pods can run here, 1 when something is missing.",
  },
  run: async (parsed, output) => {
    const containerd = parsed.values["containerd"] as string | undefined;
    if (parsed.values["fix"]) await fix(containerd, parsed.values["yes"] === true, output);
    const all = needs(containerd);
    output.print(
      table(
        all.map((n) => [
          n.present ? "ok" : n.optional ? "absent" : "MISSING",
          n.what,
          n.why + (n.present || n.package === undefined ? "" : `: apt-get install ${n.package}`),
        ]),
      ),
    );
    const lacking = missing(containerd);
    if (lacking.length === 0) output.print("\nReal pods can run here.");
    else
      output.print(
        `\nSimulated nodes only: ${describeMissing(lacking)}.${lacking.some((n) => n.package) && !parsed.values["fix"] ? " `tsukube doctor --fix` installs what packages can bring." : ""}`,
      );
    return lacking.length === 0 ? 0 : 1;
  },
};

/** Installs missing packages. Services that they would start are not started: each node has a containerd of its own. */
export async function fix(containerd: string | undefined, yes: boolean, output: Output): Promise<void> {
  const packages = needs(containerd).flatMap((n) => (n.present || n.package === undefined ? [] : [n.package]));
  if (packages.length === 0) return;
  if (process.getuid?.() !== 0 || findProgram("apt-get") === undefined) {
    output.note(`these packages are missing and can be installed only by root on Debian or its kin: ${packages.join(" ")}`);
    return;
  }
  if (!yes && process.stdin.isTTY && !(await confirm(`Install ${packages.join(" ")} with apt-get? [Y/n] `))) return;
  output.progress(`installing ${packages.join(" ")}`);
  const policy = "/usr/sbin/policy-rc.d";
  const ours = !existsSync(policy);
  if (ours) writeFileSync(policy, "#!/bin/sh\nexit 101\n", { mode: 0o755 });
  try {
    const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
    const install = ["install", "-y", "-q", "--no-install-recommends", ...packages];
    let result = spawnSync("apt-get", install, { env, encoding: "utf8" });
    if (result.status !== 0) {
      spawnSync("apt-get", ["update", "-q"], { env });
      result = spawnSync("apt-get", install, { env, encoding: "utf8" });
    }
    if (result.status !== 0)
      output.note(`apt-get could not install ${packages.join(" ")}: ${result.stderr.trim().split("\n").slice(-3).join(" ")}`);
  } finally {
    if (ours) rmSync(policy, { force: true });
  }
}

async function confirm(question: string): Promise<boolean> {
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return !/^n/i.test((await terminal.question(question)).trim());
  } finally {
    terminal.close();
  }
}
