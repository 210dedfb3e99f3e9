import type { Node } from "../../schema/types/core-v1.ts";
import type { Kind } from "../kind.ts";
import { keepField } from "../update-rules.ts";

/** A node may be created with its status: the agent that registers it knows it already. */
export const nodeWrites: Pick<Kind<Node>, "prepareForCreate" | "prepareForUpdate" | "prepareForStatusUpdate"> = {
  prepareForCreate(node): void {
    if (node.spec) delete node.spec.configSource;
    if (node.status) delete node.status.config;
  },
  prepareForUpdate(node, old): void {
    keepField(node, old, "status");
    if (!old.spec?.configSource && node.spec) delete node.spec.configSource;
  },
  prepareForStatusUpdate(node, old): void {
    keepField(node, old, "spec");
    if (!old.status?.config && node.status) delete node.status.config;
  },
};
