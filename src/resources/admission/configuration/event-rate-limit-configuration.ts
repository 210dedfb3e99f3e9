/** Configuration of EventRateLimit: how many events are taken, in all, of a namespace, a user, a source. */
import { aggregate } from "../../../auth/authorizers.ts";
import { describeFieldError, type FieldError, FieldPath, invalidField, notSupported } from "../../../schema/field-error.ts";
import { ConfigurationError, readDocument } from "./document.ts";

export interface EventLimit {
  readonly type: "Server" | "Namespace" | "User" | "SourceAndObject";
  readonly qps: number;
  readonly burst: number;
  /** Buckets that are kept; those unused for longest go first. */
  readonly cacheSize: number;
}

const limitTypes: readonly string[] = ["Server", "Namespace", "User", "SourceAndObject"];
const type = {
  versions: ["eventratelimit.admission.k8s.io/v1alpha1"],
  kind: "Configuration",
  fields: { limits: { list: { fields: { type: "string", qps: "integer", burst: "integer", cacheSize: "integer" } } } },
  lenient: true,
} as const;

interface Row {
  readonly type?: string;
  readonly qps?: number;
  readonly burst?: number;
  readonly cacheSize?: number;
}

/** Throws {@link ConfigurationError} with every fault; an absent text limits nothing and is one. */
export function parseEventRateLimitConfiguration(text: string | undefined): EventLimit[] {
  const rows = ((text === undefined ? {} : readDocument(text, [type]))["limits"] ?? null) as readonly Row[] | null;
  const path = new FieldPath("limits");
  const errors: FieldError[] = [];
  if (rows === null || rows.length === 0) errors.push(invalidField(path, rows, "must not be empty"));
  const limits = (rows ?? []).map(({ type: of = "", qps = 0, burst = 0, cacheSize = 0 }, i): EventLimit => {
    const at = path.index(i);
    if (!limitTypes.includes(of)) errors.push(notSupported(at.child("type"), of, limitTypes));
    if (burst <= 0) errors.push(invalidField(at.child("burst"), burst, "must be positive"));
    if (qps <= 0) errors.push(invalidField(at.child("qps"), qps, "must be positive"));
    if (of !== "Server" && cacheSize < 0) errors.push(invalidField(at.child("cacheSize"), cacheSize, "must not be negative"));
    return { type: of as EventLimit["type"], qps, burst, cacheSize: cacheSize === 0 ? 4096 : cacheSize };
  });
  if (errors.length > 0) throw new ConfigurationError(aggregate(errors.map(describeFieldError)));
  return limits;
}
