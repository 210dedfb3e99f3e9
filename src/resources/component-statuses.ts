/** `componentstatuses`: a look at the health of the other components, made when it is asked for. Deprecated since v1.19. */
import type { ApiRequest, ApiResponse } from "../apiserver/request.ts";
import { negotiate, fullOffer } from "../apiserver/encoding/negotiation.ts";
import { methodNotSupported, notFound } from "../core/api-error.ts";
import type { KubeObject, KubeList } from "../schema/object.ts";
import type { ComponentStatus } from "../schema/types/core-v1.ts";
import { answer } from "./answers.ts";
import { columnsOf } from "./columns.ts";
import type { ComponentHealth, ResourceDeps } from "./deps.ts";

const about = { group: "", resource: "componentstatuses" };

export function componentStatusHandler(deps: ResourceDeps): (request: ApiRequest) => Promise<ApiResponse> {
  return async (request) => {
    const { verb, name } = request.info;
    if (verb !== "get" && verb !== "list") throw methodNotSupported(about, verb);
    const all = (await (deps.componentHealth?.() ?? Promise.resolve([]))).map(toStatus);
    if (verb === "get") {
      const found = all.find((c) => c.metadata?.name === name);
      if (found === undefined) throw notFound({ group: "", resource: "componentstatus" }, name);
      return answer(200, wantsTable(request) ? table([found]) : { kind: "ComponentStatus", apiVersion: "v1", ...found });
    }
    const list: KubeList<ComponentStatus> = { kind: "ComponentStatusList", apiVersion: "v1", metadata: {}, items: all };
    return answer(200, wantsTable(request) ? table(all) : (list as KubeObject));
  };
}

function toStatus(component: ComponentHealth): ComponentStatus {
  const { healthy, message = "", error = "" } = component;
  return {
    metadata: { name: component.name },
    conditions: [
      { type: "Healthy", status: healthy ? "True" : "False", ...(message === "" ? {} : { message }), ...(error === "" ? {} : { error }) },
    ],
  };
}

function wantsTable(request: ApiRequest): boolean {
  const accept = request.headers["accept"];
  const header = Array.isArray(accept) ? accept.join(",") : accept;
  return request.inProcess !== true && header !== undefined && negotiate(header, fullOffer).as?.kind === "Table";
}

function table(statuses: readonly ComponentStatus[]): KubeObject {
  const rows = statuses.map((object) => {
    const condition = object.conditions?.[0];
    const status = condition?.status === "True" ? "Healthy" : condition?.status === "False" ? "Unhealthy" : "Unknown";
    return {
      cells: [object.metadata?.name ?? "", status, condition?.message ?? "", condition?.error ?? ""],
      object: { kind: "PartialObjectMetadata", apiVersion: "meta.k8s.io/v1", metadata: object.metadata },
    };
  });
  const columnDefinitions = columnsOf("", "v1", "componentstatuses") ?? [];
  return { kind: "Table", apiVersion: "meta.k8s.io/v1", metadata: {}, columnDefinitions, rows } as KubeObject;
}
