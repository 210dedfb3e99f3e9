/** Which form an answer takes: the Accept header against what an endpoint can give, as upstream's negotiation does it. */
import { ApiError } from "../../core/api-error.ts";

export type Format = "json" | "yaml" | "protobuf";

export interface Transformation {
  readonly kind: "Table" | "PartialObjectMetadata" | "PartialObjectMetadataList";
  readonly version: "v1" | "v1beta1";
}

export interface Negotiated {
  readonly format: Format;
  readonly as: Transformation | undefined;
  readonly pretty: boolean;
}

const mediaTypes: Readonly<Record<Format, string>> = {
  json: "application/json",
  yaml: "application/yaml",
  protobuf: "application/vnd.kubernetes.protobuf",
};

export const mediaTypeOf = (format: Format): string => mediaTypes[format];

/** What an endpoint offers, in upstream's order of preference. */
export interface Offer {
  readonly formats: readonly Format[];
  readonly tables: boolean;
}

export const fullOffer: Offer = { formats: ["json", "yaml", "protobuf"], tables: true };
/** Custom resources know no protobuf, but their metadata alone does. */
export const customOffer: Offer = { formats: ["json", "yaml"], tables: true };
/** Answers that are no resource: Status, discovery. */
export const plainOffer: Offer = { formats: ["json", "yaml", "protobuf"], tables: false };

interface Clause {
  readonly type: string;
  readonly subtype: string;
  readonly params: ReadonlyMap<string, string>;
  readonly q: number;
}

function parseAccept(header: string): Clause[] {
  const clauses: Clause[] = [];
  for (const part of header.split(",")) {
    const [range = "", ...rest] = part.split(";");
    const [type = "", subtype = ""] = range.trim().split("/");
    if (type === "") continue;
    const params = new Map<string, string>();
    let q = 1;
    for (const item of rest) {
      const at = item.indexOf("=");
      if (at < 0) continue;
      const name = item.slice(0, at).trim();
      const value = item.slice(at + 1).trim();
      if (name === "q") q = Number.parseFloat(value) || 0;
      else params.set(name, value);
    }
    clauses.push({ type, subtype: type === "*" && subtype === "" ? "*" : subtype, params, q });
  }
  const wild = (c: Clause): number => (c.type === "*" ? 2 : c.subtype === "*" ? 1 : 0);
  return clauses.sort((a, b) => b.q - a.q || wild(a) - wild(b));
}

function accept(clause: Clause, format: Format, offer: Offer, stream: boolean): Negotiated | undefined {
  const { params } = clause;
  const kind = params.get("as");
  const group = params.get("g");
  const version = params.get("v");
  if (params.has("stream") && (params.get("stream") ?? "") !== "" && (params.get("stream") !== "watch" || format === "yaml"))
    return undefined;
  if ((params.get("sv") ?? "") !== "" && params.get("sv") !== "v1") return undefined;
  if (stream && format === "yaml") return undefined;
  const pretty = params.get("pretty") === "1";
  if (kind === undefined && group === undefined && version === undefined) {
    return offer.formats.includes(format) ? { format, as: undefined, pretty } : undefined;
  }
  if (!offer.tables || group !== "meta.k8s.io" || (version !== "v1" && version !== "v1beta1")) return undefined;
  if (kind === "Table") return format === "protobuf" ? undefined : { format, as: { kind, version }, pretty };
  if (kind === "PartialObjectMetadata" || kind === "PartialObjectMetadataList") return { format, as: { kind, version }, pretty };
  return undefined;
}

const order: readonly Format[] = ["json", "yaml", "protobuf"];
const known = new Map<string, Negotiated | "none">();

/** Throws 406 with what would be accepted. `watched`: the same path can be watched. */
export function negotiate(header: string | undefined, offer: Offer, stream = false, watched = false): Negotiated {
  if (header === undefined || header === "") return { format: "json", as: undefined, pretty: false };
  const key = `${offer.formats.length}${offer.tables ? "t" : ""}${stream ? "s" : ""} ${header}`;
  let found = known.get(key);
  if (found === undefined) {
    found = find(header, offer, stream) ?? "none";
    if (known.size < 256) known.set(key, found);
  }
  if (found === "none" && !knownToRouter(header)) {
    throw routerRefusal([...order.map((f) => mediaTypes[f]), ...(watched ? streamed : [])]);
  }
  if (found === "none") {
    const formats = stream ? offer.formats.filter((f) => f !== "yaml") : offer.formats;
    throw notAcceptable(formats.map((f) => (stream ? `${mediaTypes[f]};stream=watch` : mediaTypes[f])));
  }
  return found;
}

const streamed = ["application/json;stream=watch", "application/vnd.kubernetes.protobuf;stream=watch"];

function routerRefusal(representations: readonly string[]): ApiError {
  const message = `406: Not Acceptable\n\nAvailable representations: ${representations.join(", ")}`;
  return new ApiError(406, "NotAcceptable", message, {});
}

/** For answers that are JSON and nothing else. Throws 406 as upstream's router does. */
export function requireJson(header: string | undefined): void {
  if (header === undefined || header === "") return;
  const fits = parseAccept(header).some(
    ({ type, subtype }) => type === "*" || (type === "application" && (subtype === "*" || subtype === "json")),
  );
  if (!fits) throw routerRefusal([mediaTypes.json]);
}

/** Upstream's router refuses a request by its media types alone, and in other words, before the parameters are looked at. */
function knownToRouter(header: string): boolean {
  return parseAccept(header).some(({ type, subtype }) =>
    order.some(
      (f) => type === "*" || (mediaTypes[f].startsWith(`${type}/`) && (subtype === "*" || mediaTypes[f] === `${type}/${subtype}`)),
    ),
  );
}

function find(header: string, offer: Offer, stream: boolean): Negotiated | undefined {
  for (const clause of parseAccept(header)) {
    for (const format of order) {
      const [type, subtype] = mediaTypes[format].split("/") as [string, string];
      if (clause.type !== "*" && clause.type !== type) continue;
      if (clause.subtype !== "*" && clause.subtype !== subtype) continue;
      const negotiated = accept(clause, format, offer, stream);
      if (negotiated !== undefined) return negotiated;
    }
  }
  return undefined;
}

export function notAcceptable(accepted: readonly string[]): ApiError {
  return new ApiError(406, "NotAcceptable", `only the following media types are accepted: ${accepted.join(", ")}`);
}

export function unsupportedMediaType(accepted: readonly string[]): ApiError {
  return new ApiError(
    415,
    "UnsupportedMediaType",
    `the body of the request was in an unknown format - accepted media types include: ${accepted.join(", ")}`,
  );
}

/** The format of a body by its Content-Type; JSON when there is none. Throws 415. */
export function bodyFormat(contentType: string | undefined, offer: Offer): Format {
  if (contentType === undefined || contentType === "") return "json";
  const end = contentType.indexOf(";");
  const type = (end < 0 ? contentType : contentType.slice(0, end)).trim().toLowerCase();
  for (const format of offer.formats) if (mediaTypes[format] === type) return format;
  throw unsupportedMediaType(offer.formats.map((f) => mediaTypes[f]));
}
