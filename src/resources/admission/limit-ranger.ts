/** LimitRange: defaults for containers that say nothing, bounds for containers, pods and claims. */
import type { AdmissionAttributes, AdmissionPlugin } from "../../apiserver/admission.ts";
import { aggregate } from "../../auth/authorizers.ts";
import { podLimits, podRequests } from "../../kinds/pod/resources.ts";
import { canonicalQuantity, quantityMilliValue, quantityValue } from "../../core/quantity.ts";
import type { Container, LimitRange, LimitRangeItem, PersistentVolumeClaim, Pod } from "../../schema/types/core-v1.ts";
import type { ResourceDeps } from "../deps.ts";
import { isAbout, refusal } from "./forbidden.ts";

type Resources = Readonly<Record<string, string>>;

const annotation = "kubernetes.io/limit-ranger";

export function limitRanger(deps: ResourceDeps): AdmissionPlugin {
  const ranges = async (attributes: AdmissionAttributes): Promise<LimitRange[]> => {
    if (attributes.oldObject?.metadata?.deletionTimestamp !== undefined) return [];
    return (await deps.objects("", "limitranges").list(attributes.namespace)) as LimitRange[];
  };
  return {
    name: "LimitRanger",
    handles: (a) => {
      if (a.operation === "UPDATE") return isAbout(a, "", "pods", "resize") || isAbout(a, "", "persistentvolumeclaims");
      return a.operation === "CREATE" && (isAbout(a, "", "pods") || isAbout(a, "", "persistentvolumeclaims"));
    },
    admit: async (attributes) => {
      if (attributes.definition.resource !== "pods") return;
      for (const range of await ranges(attributes)) setDefaults(attributes.object as unknown as Pod, range);
    },
    validate: async (attributes) => {
      for (const range of await ranges(attributes)) {
        const faults =
          attributes.definition.resource === "pods"
            ? podFaults(attributes.object as unknown as Pod, range)
            : claimFaults(attributes.object as unknown as PersistentVolumeClaim, range);
        if (faults.length > 0) throw refusal(attributes, aggregate(faults));
      }
    },
  };
}

function setDefaults(pod: Pod, range: LimitRange): void {
  const limits: Record<string, string> = {};
  const requests: Record<string, string> = {};
  for (const item of range.spec?.limits ?? []) {
    if (item.type !== "Container") continue;
    Object.assign(requests, item.defaultRequest);
    Object.assign(limits, item.default);
  }
  const said: string[] = [];
  for (const container of pod.spec?.containers ?? []) mergeResources(container, requests, limits, "container", said);
  for (const container of pod.spec?.initContainers ?? []) mergeResources(container, requests, limits, "init container", said);
  if (said.length === 0) return;
  const annotations = { ...pod.metadata?.annotations, [annotation]: `LimitRanger plugin set: ${said.join("; ")}` };
  pod.metadata = { ...pod.metadata, annotations };
}

function mergeResources(container: Container, requests: Resources, limits: Resources, what: string, said: string[]): void {
  const own = container.resources ?? {};
  const merge = (field: "requests" | "limits", defaults: Resources): string[] => {
    const added = Object.keys(defaults).filter((name) => own[field]?.[name] === undefined);
    if (added.length > 0) own[field] = { ...own[field], ...Object.fromEntries(added.map((name) => [name, defaults[name] as string])) };
    return added.sort();
  };
  const addedLimits = merge("limits", limits);
  const addedRequests = merge("requests", requests);
  container.resources = own;
  if (addedRequests.length > 0) said.push(`${addedRequests.join(", ")} request for ${what} ${container.name}`);
  if (addedLimits.length > 0) said.push(`${addedLimits.join(", ")} limit for ${what} ${container.name}`);
}

function podFaults(pod: Pod, range: LimitRange): string[] {
  const faults: string[] = [];
  for (const item of range.spec?.limits ?? []) {
    if (item.type === "Container") {
      for (const container of [...(pod.spec?.containers ?? []), ...(pod.spec?.initContainers ?? [])])
        checkItem(item, container.resources?.requests ?? {}, container.resources?.limits ?? {}, faults);
    } else if (item.type === "Pod") {
      const options = { excludeOverhead: true };
      checkItem(item, podRequests(pod, options), podLimits(pod, options), faults);
    }
  }
  return faults;
}

function claimFaults(claim: PersistentVolumeClaim, range: LimitRange): string[] {
  const faults: string[] = [];
  const requests = claim.spec?.resources?.requests ?? {};
  for (const item of range.spec?.limits ?? []) {
    if (item.type !== "PersistentVolumeClaim") continue;
    for (const [name, enforced] of sorted(item.min)) add(faults, minFault(item.type, name, enforced, requests[name], undefined));
    for (const [name, enforced] of sorted(item.max)) {
      const start = `maximum ${name} usage per ${item.type} is ${canonicalQuantity(enforced)}`;
      const request = requests[name];
      if (request === undefined) faults.push(`${start}.  No request is specified`);
      else if (exceeds(request, enforced)) faults.push(`${start}, but request is ${canonicalQuantity(request)}`);
    }
  }
  return faults;
}

function checkItem(item: LimitRangeItem, requests: Resources, limits: Resources, faults: string[]): void {
  const { type } = item;
  for (const [name, enforced] of sorted(item.min)) add(faults, minFault(type, name, enforced, requests[name], limits[name]));
  for (const [name, enforced] of sorted(item.max)) add(faults, maxFault(type, name, enforced, requests[name], limits[name]));
  for (const [name, enforced] of sorted(item.maxLimitRequestRatio))
    add(faults, ratioFault(type, name, enforced, requests[name], limits[name]));
}

const sorted = (list: Resources | undefined): [string, string][] => Object.entries(list ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));

function add(faults: string[], fault: string | undefined): void {
  if (fault !== undefined) faults.push(fault);
}

/** Compared in thousandths where none overflows. */
function comparable(...quantities: string[]): number[] {
  const whole = quantities.map(quantityValue);
  return whole.every((v) => v <= Number.MAX_SAFE_INTEGER / 1000) ? quantities.map(quantityMilliValue) : whole;
}

function exceeds(a: string, b: string): boolean {
  const [x = 0, y = 0] = comparable(a, b);
  return x > y;
}

function minFault(
  type: string,
  name: string,
  enforced: string,
  request: string | undefined,
  limit: string | undefined,
): string | undefined {
  const start = `minimum ${name} usage per ${type} is ${canonicalQuantity(enforced)}`;
  if (request === undefined) return `${start}.  No request is specified`;
  if (exceeds(enforced, request)) return `${start}, but request is ${canonicalQuantity(request)}`;
  if (limit !== undefined && exceeds(enforced, limit)) return `${start}, but limit is ${canonicalQuantity(limit)}`;
  return undefined;
}

function maxFault(
  type: string,
  name: string,
  enforced: string,
  request: string | undefined,
  limit: string | undefined,
): string | undefined {
  const start = `maximum ${name} usage per ${type} is ${canonicalQuantity(enforced)}`;
  if (limit === undefined) return `${start}.  No limit is specified`;
  if (exceeds(limit, enforced)) return `${start}, but limit is ${canonicalQuantity(limit)}`;
  if (request !== undefined && exceeds(request, enforced)) return `${start}, but request is ${canonicalQuantity(request)}`;
  return undefined;
}

function ratioFault(
  type: string,
  name: string,
  enforced: string,
  request: string | undefined,
  limit: string | undefined,
): string | undefined {
  const start = `${name} max limit to request ratio per ${type} is ${canonicalQuantity(enforced)}`;
  const [asked = 0, bound = 0] = comparable(request ?? "0", limit ?? "0");
  if (asked === 0) return `${start}, but no request is specified or request is 0`;
  if (bound === 0) return `${start}, but no limit is specified or limit is 0`;
  const ratio = bound / asked;
  return ratio * 1000 > quantityMilliValue(enforced) ? `${start}, but provided ratio is ${ratio.toFixed(6)}` : undefined;
}
