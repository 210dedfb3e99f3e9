/** The files of a container's log: its own, those put aside by rotation, and the link that log shippers follow. */
import { existsSync, readdirSync, rmSync, symlinkSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import type { Pod } from "../../schema/types/core-v1.ts";
import type { NodeContext } from "../node-context.ts";

interface LoggedContainer {
  readonly id: string;
  readonly name: string;
  readonly logPath: string;
}

/** `POD_NAMESPACE_CONTAINER-ID.log`, cut to what a file system takes. */
function linkPath(node: NodeContext, pod: Pod, container: { id: string; name: string }): string {
  const name = `${pod.metadata?.name ?? ""}_${pod.metadata?.namespace ?? ""}_${container.name}`.slice(0, 250 - container.id.length);
  return join(node.paths.containerLogs, `${name}-${container.id}.log`);
}

export function linkContainerLog(node: NodeContext, pod: Pod, container: LoggedContainer): void {
  const link = linkPath(node, pod, container);
  rmSync(link, { force: true });
  symlinkSync(container.logPath, link);
}

export function removeContainerLog(node: NodeContext, pod: Pod, container: LoggedContainer): void {
  rmSync(linkPath(node, pod, container), { force: true });
  const directory = dirname(container.logPath);
  const name = basename(container.logPath);
  if (container.logPath === "" || !existsSync(directory)) return;
  for (const file of readdirSync(directory))
    if (file === name || file.startsWith(`${name}.`)) rmSync(join(directory, file), { force: true });
}
