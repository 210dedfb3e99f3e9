/** Admission for subresources that answer by themselves: binding, eviction, token, exec and the like. */
import type { AdmissionAttributes, AdmissionPlugin } from "../apiserver/admission.ts";
import type { ApiRequest } from "../apiserver/request.ts";
import type { ResourceDefinition } from "../apiserver/resource.ts";
import { internalError } from "../core/api-error.ts";
import type { KubeObject, UnstructuredObject } from "../schema/object.ts";
import type { ResourceDeps } from "./deps.ts";

/** Runs the chain for a create of a subresource's own object. */
export async function admitCreate(
  deps: ResourceDeps,
  request: ApiRequest,
  resource: string,
  subresource: string,
  object: KubeObject,
  dryRun: boolean,
): Promise<void> {
  await admit(deps, request, { operation: "CREATE", resource, subresource, object, dryRun });
}

/** Runs the chain for a connection: exec, attach, portforward, proxy. `options` is the options object upstream would send. */
export async function admitConnect(
  deps: ResourceDeps,
  request: ApiRequest,
  resource: string,
  subresource: string,
  options: KubeObject,
): Promise<void> {
  await admit(deps, request, { operation: "CONNECT", resource, subresource, object: options, dryRun: false });
}

interface Asked {
  operation: "CREATE" | "CONNECT";
  resource: string;
  subresource: string;
  object: KubeObject;
  dryRun: boolean;
}

async function admit(deps: ResourceDeps, request: ApiRequest, asked: Asked): Promise<void> {
  const plugins: readonly AdmissionPlugin[] = deps.admission?.() ?? [];
  if (plugins.length === 0) return;
  const definition: ResourceDefinition | undefined = deps.definition?.(request.info.group, asked.resource);
  if (definition === undefined) throw internalError(`no definition of ${asked.resource}`);
  const attributes: AdmissionAttributes = {
    operation: asked.operation,
    definition,
    subresource: asked.subresource,
    namespace: request.info.namespace,
    name: request.info.name,
    object: asked.object as UnstructuredObject,
    oldObject: undefined,
    user: request.user ?? { name: "system:anonymous", groups: ["system:unauthenticated"] },
    dryRun: asked.dryRun,
    request,
  };
  const handling = plugins.filter((p) => p.handles(attributes));
  for (const plugin of handling) await plugin.admit?.(attributes);
  for (const plugin of handling) await plugin.validate?.(attributes);
}
