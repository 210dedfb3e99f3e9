/**
 * `resource.k8s.io/v1beta1` against v1: a request for exactly one kind of device had its fields beside its name, and a device of
 * a slice had its own in `basic`.
 */
import type { UnstructuredObject } from "../schema/object.ts";

type Fields = Record<string, unknown>;

/** Fields of a v1beta1 request that v1 has in `exactly`. */
const exactFields = ["deviceClassName", "selectors", "allocationMode", "count", "adminAccess", "tolerations", "capacity"] as const;

/** Where `spec.devices.requests` lies: in a claim, and in a claim's template. */
function changeRequests(object: UnstructuredObject, depth: "spec" | "template", change: (request: Fields) => Fields): UnstructuredObject {
  const outer = object["spec"] as Fields | undefined;
  const spec = depth === "spec" ? outer : (outer?.["spec"] as Fields | undefined);
  const devices = spec?.["devices"] as Fields | undefined;
  if (Array.isArray(devices?.["requests"])) devices["requests"] = (devices["requests"] as Fields[]).map(change);
  return object;
}

function nest(request: Fields): Fields {
  const exactly: Fields = {};
  const rest: Fields = {};
  for (const [key, value] of Object.entries(request)) ((exactFields as readonly string[]).includes(key) ? exactly : rest)[key] = value;
  // An empty class name says nothing: it stands beside firstAvailable.
  if (exactly["deviceClassName"] === "" && Object.keys(exactly).length === 1) return rest;
  return Object.keys(exactly).length === 0 ? rest : { ...rest, exactly };
}

function flatten(request: Fields): Fields {
  const { exactly, ...rest } = request;
  return { ...rest, ...(exactly as Fields | undefined) };
}

function changeDevices(object: UnstructuredObject, change: (device: Fields) => Fields): UnstructuredObject {
  const spec = object["spec"] as Fields | undefined;
  if (Array.isArray(spec?.["devices"])) spec["devices"] = (spec["devices"] as Fields[]).map(change);
  return object;
}

interface Conversion {
  readonly toStorage: (object: UnstructuredObject) => UnstructuredObject;
  readonly fromStorage: (object: UnstructuredObject) => UnstructuredObject;
}

const requests = (depth: "spec" | "template"): Conversion => ({
  toStorage: (object) => changeRequests(object, depth, nest),
  fromStorage: (object) => changeRequests(object, depth, flatten),
});

export const claimConversion: Conversion = requests("spec");
export const claimTemplateConversion: Conversion = requests("template");

export const sliceConversion: Conversion = {
  toStorage: (object) => changeDevices(object, ({ basic, ...rest }) => ({ ...rest, ...(basic as Fields | undefined) })),
  fromStorage: (object) => changeDevices(object, ({ name, ...basic }) => ({ name, basic })),
};
