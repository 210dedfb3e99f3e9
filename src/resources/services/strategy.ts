/** Services take addresses and ports when they are written, and give them back (`pkg/registry/core/service/storage/alloc.go`). */
import type { Finish, Strategy, WriteContext } from "../../apiserver/resource.ts";
import { internalError, isApiError } from "../../core/api-error.ts";
import { isHeadless, needsClusterIp, needsHealthCheck } from "../../kinds/service/traffic.ts";
import { FieldPath, invalid, invalidField } from "../../schema/field-error.ts";
import type { UnstructuredObject } from "../../schema/object.ts";
import type { Service, ServicePort } from "../../schema/types/core-v1.ts";
import { AllocationError } from "./cluster-ip-allocator.ts";
import { initFamilies, keepAllocated, keepsPreferredFamilies, normalizeClusterIps, wantedAddresses } from "./families.ts";
import type { IpFamily } from "./ip-range.ts";
import { PortOperation } from "./port-allocator.ts";
import type { ServiceAllocators } from "./allocators.ts";
import { validateRelatedFields } from "./related-fields.ts";

export function serviceStrategy(base: Strategy, allocators: ServiceAllocators): Strategy {
  return {
    ...base,
    prepareForCreate: (context, object) => {
      base.prepareForCreate?.(context, object);
      const service = object as unknown as Service;
      normalizeClusterIps(service, undefined);
      initFamilies(service, undefined, allocators.ips.families, validateRelatedFields(service, undefined));
    },
    prepareForUpdate: (context, object, old) => {
      const service = object as unknown as Service;
      const before = old as unknown as Service;
      keepAllocated(service, before);
      normalizeClusterIps(service, before);
      initFamilies(service, before, allocators.ips.families, relatedFaults(service, before));
      base.prepareForUpdate?.(context, object, old);
      // The default of the type it had: an external name has no traffic to direct.
      if (service.spec?.type === "ExternalName") delete service.spec.internalTrafficPolicy;
    },
    validateCreate: (context, object) => base.validateCreate?.(context, withHealthCheckPort(object, allocators)) ?? [],
    validateUpdate: (context, object, old) => base.validateUpdate?.(context, withHealthCheckPort(object, allocators), old) ?? [],
    beginCreate: async (context, object) => {
      await allocators.ready();
      return await allocate(allocators, context, object as unknown as Service);
    },
    beginUpdate: async (context, object, old) => {
      await allocators.ready();
      return await reallocate(allocators, context, object as unknown as Service, old as unknown as Service);
    },
    afterDelete: async (context, object) => {
      await allocators.release(object as unknown as Service);
      await allocators.forgetEndpoints(context.namespace, object.metadata?.name ?? "");
    },
  };
}

/**
 * The object as validation wants to see it. Upstream takes ports before it validates, we after, so that nothing is taken for
 * what is refused: a health check port that is still to come is stood in for by one that is valid.
 */
function withHealthCheckPort(object: UnstructuredObject, allocators: ServiceAllocators): UnstructuredObject {
  const { spec } = object as unknown as Service;
  if (spec === undefined || !needsHealthCheck(spec) || spec.healthCheckNodePort) return object;
  return { ...object, spec: { ...spec, healthCheckNodePort: allocators.ports.first } };
}

/** What the defaults of the policy do not hide: checked when the families are worked out, as upstream does. */
function relatedFaults(service: Service, old: Service): ReturnType<typeof validateRelatedFields> {
  return keepsPreferredFamilies(service, old) ? [] : validateRelatedFields(service, old);
}

async function allocate(allocators: ServiceAllocators, context: WriteContext, service: Service): Promise<Finish> {
  const taken = await takeAddresses(allocators, context, service, wantedAddresses(service));
  const operation = new PortOperation(allocators.ports, context.dryRun);
  try {
    if (service.spec?.type === "NodePort" || service.spec?.type === "LoadBalancer") newNodePorts(service, operation);
    if (service.spec !== undefined && needsHealthCheck(service.spec)) takeHealthCheckPort(service, operation);
  } catch (error) {
    operation.revert();
    await giveBack(allocators, context, taken);
    throw error;
  }
  return async (success) => {
    if (success) operation.commit();
    else {
      operation.revert();
      await giveBack(allocators, context, taken);
    }
  };
}

async function reallocate(allocators: ServiceAllocators, context: WriteContext, service: Service, old: Service): Promise<Finish> {
  const { wanted, leaving } = addressChange(service, old);
  const taken = await takeAddresses(allocators, context, service, wanted);
  const operation = new PortOperation(allocators.ports, context.dryRun);
  try {
    changeNodePorts(service, old, operation);
    changeHealthCheckPort(service, old, operation);
  } catch (error) {
    operation.revert();
    await giveBack(allocators, context, taken);
    throw error;
  }
  return async (success) => {
    if (success) operation.commit();
    else operation.revert();
    await giveBack(allocators, context, success ? leaving : taken);
  };
}

/** A type change takes or gives all addresses, a change of families the secondary one. */
function addressChange(service: Service, old: Service): { wanted: [IpFamily, string][]; leaving: string[] } {
  const now = service.spec ?? {};
  const before = old.spec ?? {};
  const none = { wanted: [], leaving: [] };
  if (keepsPreferredFamilies(service, old)) return none;
  if (!needsClusterIp(before) && needsClusterIp(now)) return { wanted: wantedAddresses(service), leaving: [] };
  if (isHeadless(old)) return none;
  const had = (before.clusterIPs ?? []).filter((ip) => ip !== "" && ip !== "None");
  if (needsClusterIp(before) && !needsClusterIp(now)) return { wanted: [], leaving: had };
  const [families, oldFamilies] = [now.ipFamilies?.length ?? 0, before.ipFamilies?.length ?? 0];
  if (oldFamilies === 1 && families === 2) return { wanted: wantedAddresses(service).slice(1), leaving: [] };
  if (oldFamilies === 2 && families === 1) return { wanted: [], leaving: had.slice(1) };
  return none;
}

async function takeAddresses(
  allocators: ServiceAllocators,
  context: WriteContext,
  service: Service,
  wanted: readonly [IpFamily, string][],
): Promise<string[]> {
  const owner = { namespace: context.namespace, name: service.metadata?.name ?? "" };
  const taken: string[] = [];
  const spec = service.spec ?? {};
  try {
    for (const [family, ip] of wanted) {
      const got =
        ip === ""
          ? await allocators.ips.allocateNext(family, owner, context.dryRun)
          : await allocators.ips.allocate(ip, owner, context.dryRun);
      taken.push(got);
      const at = spec.ipFamilies?.indexOf(family) ?? 0;
      const ips = [...(spec.clusterIPs ?? [])];
      ips[at] = ip === "" ? got : ip;
      spec.clusterIPs = ips;
      if (at === 0) spec.clusterIP = ips[0];
    }
    return taken;
  } catch (error) {
    await giveBack(allocators, context, taken);
    throw addressError(error, service, wanted[taken.length]?.[1] ?? "");
  }
}

function addressError(error: unknown, service: Service, ip: string): unknown {
  const name = service.metadata?.name ?? "";
  if (isApiError(error) || !(error instanceof Error)) return error;
  if (error instanceof AllocationError && error.full)
    return internalError(`failed to allocate a serviceIP for Service ${JSON.stringify(name)}: ${error.message}`);
  const detail = ip === "" ? `failed to allocate IP: ${error.message}` : `failed to allocate IP ${ip}: ${error.message}`;
  return invalid({ group: "", kind: "Service" }, name, [
    invalidField(new FieldPath("spec").child("clusterIPs"), service.spec?.clusterIPs ?? null, detail),
  ]);
}

async function giveBack(allocators: ServiceAllocators, context: WriteContext, ips: readonly string[]): Promise<void> {
  if (context.dryRun) return;
  for (const ip of ips) await allocators.ips.release(ip);
}

/** Ports of a new service: the same port number under several protocols shares one node port. */
function newNodePorts(service: Service, operation: PortOperation): void {
  const byPort = new Map<number, number>();
  for (const [i, port] of (service.spec?.ports ?? []).entries()) {
    if (!port.nodePort && !wantsNodePorts(service)) continue;
    const shared = byPort.get(port.port ?? 0);
    if (shared === undefined) {
      const asked = service.spec?.ports?.find((p) => p.port === port.port && p.nodePort)?.nodePort;
      if (asked) take(service, i, asked, operation);
      port.nodePort = asked ?? anyPort(operation);
      byPort.set(port.port ?? 0, port.nodePort);
    } else if (!port.nodePort) port.nodePort = shared;
    else if (port.nodePort !== shared) take(service, i, port.nodePort, operation);
  }
}

function changeNodePorts(service: Service, old: Service, operation: PortOperation): void {
  const [type, oldType] = [service.spec?.type, old.spec?.type];
  const before = nodePorts(old);
  const open = (t: string | undefined): boolean => t === "NodePort" || t === "LoadBalancer";
  if (!open(type)) {
    if (open(oldType)) for (const port of before) operation.releaseLater(port);
    return;
  }
  const taken = new Set<number>();
  const seen = new Set<string>();
  for (const [i, port] of (service.spec?.ports ?? []).entries()) {
    if (!port.nodePort && !wantsNodePorts(service)) continue;
    if (port.nodePort) {
      if (!before.includes(port.nodePort) && !taken.has(port.nodePort)) {
        take(service, i, port.nodePort, operation);
        taken.add(port.nodePort);
      }
    } else port.nodePort = anyPort(operation);
    const key = `${port.protocol ?? ""} ${port.nodePort}`;
    if (seen.has(key)) throw internalError(`duplicate nodePort: {${port.protocol ?? ""} ${port.nodePort}}`);
    seen.add(key);
  }
  const after = nodePorts(service);
  for (const port of before) if (!after.includes(port)) operation.releaseLater(port);
}

function take(service: Service, index: number, port: number, operation: PortOperation): void {
  try {
    operation.allocate(port);
  } catch (error) {
    if (!(error instanceof AllocationError)) throw error;
    throw invalid({ group: "", kind: "Service" }, service.metadata?.name ?? "", [
      invalidField(new FieldPath("spec").child("ports").index(index).child("nodePort"), port, error.message),
    ]);
  }
}

function anyPort(operation: PortOperation): number {
  try {
    return operation.next();
  } catch (error) {
    if (!(error instanceof AllocationError)) throw error;
    throw internalError(`failed to allocate a nodePort: ${error.message}`);
  }
}

function takeHealthCheckPort(service: Service, operation: PortOperation): void {
  const spec = service.spec ?? {};
  const wished = spec.healthCheckNodePort ?? 0;
  try {
    if (wished !== 0) operation.allocate(wished);
    else spec.healthCheckNodePort = operation.next();
  } catch (error) {
    if (!(error instanceof AllocationError)) throw error;
    throw internalError(
      wished === 0
        ? `failed to allocate a HealthCheck NodePort 0: ${error.message}`
        : `failed to allocate requested HealthCheck NodePort ${wished}: ${error.message}`,
    );
  }
}

function changeHealthCheckPort(service: Service, old: Service, operation: PortOperation): void {
  const needed = old.spec !== undefined && needsHealthCheck(old.spec);
  const needs = service.spec !== undefined && needsHealthCheck(service.spec);
  if (!needed && needs) takeHealthCheckPort(service, operation);
  else if (needed && !needs && old.spec?.healthCheckNodePort) operation.releaseLater(old.spec.healthCheckNodePort);
}

function wantsNodePorts(service: Service): boolean {
  if (service.spec?.type === "NodePort") return true;
  return service.spec?.type === "LoadBalancer" && service.spec.allocateLoadBalancerNodePorts !== false;
}

export function nodePorts(service: Service): number[] {
  return (service.spec?.ports ?? []).map((p: ServicePort) => p.nodePort ?? 0).filter((n) => n !== 0);
}
