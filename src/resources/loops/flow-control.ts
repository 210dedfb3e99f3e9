/** Feeds fairness with what the API says of flow schemas and priority levels, and keeps those objects that must be there. */
import facts from "../../../facts/bootstrap-objects.json" with { type: "json" };
import type { FlowControl } from "../../apiserver/flow-control/controller.ts";
import { ServerObjectSource } from "../../apiserver/object-source.ts";
import type { ApiServer } from "../../apiserver/server-interface.ts";
import type { Timer } from "../../core/clock.ts";
import {
  type FlowSchema,
  flowschemas,
  type PriorityLevelConfiguration,
  prioritylevelconfigurations,
} from "../../schema/types/flowcontrol-v1.ts";
import { ensureFlowControlObjects } from "../bootstrap.ts";
import type { ResourceDeps } from "../deps.ts";

const mandatoryNames: ReadonlySet<string> = new Set(["exempt", "catch-all"]);
const keepMs = 60_000;

type Fact = (FlowSchema | PriorityLevelConfiguration) & { readonly kind: string };

/** What holds where the API has none of the name. */
export function mandatoryFlowControl(): { levels: PriorityLevelConfiguration[]; schemas: FlowSchema[] } {
  const named = (facts as unknown as Fact[]).filter((object) => mandatoryNames.has(object.metadata?.name ?? ""));
  return {
    levels: named.filter((object): object is PriorityLevelConfiguration & Fact => object.kind === "PriorityLevelConfiguration"),
    schemas: named.filter((object): object is FlowSchema & Fact => object.kind === "FlowSchema"),
  };
}

/** Resolves when fairness knows what is stored; answers how to end it. `changed` is called after each change. */
export async function followFlowControl(
  server: Pick<ApiServer, "handle">,
  flowControl: FlowControl,
  deps: Pick<ResourceDeps, "clock" | "log" | "client">,
  changed: () => void = () => undefined,
): Promise<() => void> {
  const { clock, log } = deps;
  const levels = new ServerObjectSource(server, prioritylevelconfigurations, { log, clock });
  const schemas = new ServerObjectSource(server, flowschemas, { log, clock });
  await Promise.all([levels.start(), schemas.start()]);
  const configure = (): void => flowControl.configure(levels.list(), schemas.list());
  let pending = false;
  // Objects come in bursts: one pass for all of a turn.
  const later = (): void => {
    if (pending) return;
    pending = true;
    setImmediate(() => {
      pending = false;
      configure();
      changed();
    });
  };
  configure();
  const handlers = { onAdd: later, onUpdate: later, onDelete: later };
  levels.addHandlers(handlers);
  schemas.addHandlers(handlers);
  flowControl.start();
  const timer: Timer = clock.setInterval(() => {
    ensureFlowControlObjects(deps.client()).catch((error: unknown) => log.warn("keeping flow control objects failed", { error }));
  }, keepMs);
  return () => {
    timer.cancel();
    flowControl.stop();
    levels.stop();
    schemas.stop();
  };
}
