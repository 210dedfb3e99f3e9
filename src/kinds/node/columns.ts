import type { Node } from "../../schema/types/core-v1.ts";
import { age } from "../age.ts";
import { nameOf } from "../cell-text.ts";

export function nodeCells(node: Node, now: number): unknown[] {
  const { spec, status } = node;
  const info = status?.nodeInfo;
  const ready = status?.conditions?.findLast((c) => c.type === "Ready");
  const words = [ready === undefined ? "Unknown" : ready.status === "True" ? "Ready" : "NotReady"];
  if (spec?.unschedulable === true) words.push("SchedulingDisabled");
  const architecture = info === undefined || info.architecture === "" ? "" : ` (${info.architecture})`;
  return [
    nameOf(node),
    words.join(","),
    nodeRoles(node).join(",") || "<none>",
    age(node, now),
    info?.kubeletVersion ?? "",
    addressOf(node, "InternalIP"),
    addressOf(node, "ExternalIP"),
    info?.osImage || "<unknown>",
    (info?.kernelVersion || "<unknown>") + architecture,
    info?.containerRuntimeVersion || "<unknown>",
  ];
}

const rolePrefix = "node-role.kubernetes.io/";

/** The roles that labels give a node. */
function nodeRoles(node: Node): string[] {
  const roles = new Set<string>();
  for (const [key, value] of Object.entries(node.metadata?.labels ?? {})) {
    if (key.startsWith(rolePrefix) && key.length > rolePrefix.length) roles.add(key.slice(rolePrefix.length));
    else if (key === "kubernetes.io/role" && value !== "") roles.add(value);
  }
  return [...roles].sort();
}

function addressOf(node: Node, type: string): string {
  return node.status?.addresses?.find((a) => a.type === type)?.address ?? "<none>";
}
