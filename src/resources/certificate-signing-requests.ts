/** Signing requests say who asks, and when each verdict was given. Both are the server's to write. */
import type { Strategy } from "../apiserver/resource.ts";
import { formatTime } from "../core/clock.ts";
import { X509Certificate } from "node:crypto";
import { type PemBlock, pemBlocks } from "../host/pem.ts";
import { parseCsr } from "../host/pki.ts";
import type { Kind } from "../kinds/kind.ts";
import { type FieldError, FieldPath, invalidField } from "../schema/field-error.ts";
import type { UnstructuredObject } from "../schema/object.ts";
import type { CertificateSigningRequest } from "../schema/types/certificates-v1.ts";
import type { Special, SubresourceMaker } from "./special.ts";
import { subresourceStrategyOf } from "./strategy/from-kind.ts";

/** Conditions that came without times get them. */
function stampConditions(request: CertificateSigningRequest, old: CertificateSigningRequest, now: number): void {
  const time = formatTime(now);
  for (const condition of request.status?.conditions ?? []) {
    condition.lastUpdateTime ??= time;
    if (condition.lastTransitionTime) continue;
    const before = old.status?.conditions?.find((c) => c.type === condition.type && c.status === condition.status);
    condition.lastTransitionTime = before?.lastTransitionTime ?? time;
  }
}

function stamping(base: Strategy): Strategy {
  return {
    ...base,
    prepareForUpdate: (context, object, old) => {
      base.prepareForUpdate?.(context, object, old);
      stampConditions(object as unknown as CertificateSigningRequest, old as unknown as CertificateSigningRequest, context.now);
    },
  };
}

const approval: SubresourceMaker = (served, kind: Kind | undefined, traits) => {
  const base = kind === undefined ? undefined : subresourceStrategyOf(kind, "approval", traits);
  return { type: "object", verbs: served.verbs, strategy: stamping(base ?? {}) };
};

/** What the kind's own rules cannot see: whether the PEM holds a request that was signed with its own key. */
function requestFaults(object: UnstructuredObject): FieldError[] {
  const { request } = (object as unknown as CertificateSigningRequest).spec;
  try {
    parseCsr(Buffer.from(request ?? "", "base64").toString("latin1"));
    return [];
  } catch (error) {
    return [invalidField(requestPath, request ?? null, error instanceof Error ? error.message : String(error))];
  }
}

const requestPath = new FieldPath("spec.request");

const certificatePath = new FieldPath("status.certificate");

/** A certificate that is given must be one all through. */
function certificateFaults(object: UnstructuredObject, old: UnstructuredObject): FieldError[] {
  const certificate = (object as unknown as CertificateSigningRequest).status?.certificate ?? "";
  if (certificate === ((old as unknown as CertificateSigningRequest).status?.certificate ?? "")) return [];
  for (const block of pemBlocks(Buffer.from(certificate, "base64").toString("latin1"))) {
    const fault = blockFault(block);
    if (fault !== undefined) return [invalidField(certificatePath, "<certificate data>", fault)];
  }
  return [];
}

function blockFault({ type, hasHeaders, bytes }: PemBlock): string | undefined {
  if (type !== "CERTIFICATE") return `only CERTIFICATE PEM blocks are allowed, found ${JSON.stringify(type)}`;
  if (hasHeaders) return "no PEM block headers are permitted";
  try {
    void new X509Certificate(bytes);
    return undefined;
  } catch {
    return "x509: malformed certificate";
  }
}

/** The request is looked at first, and told of once. */
function strict(base: Strategy): Strategy {
  const joined = (faults: FieldError[], others: FieldError[]): FieldError[] => {
    if (faults.length === 0) return others;
    const ofMetadata = others.filter((e) => e.field.startsWith("metadata"));
    return [...ofMetadata, ...faults, ...others.filter((e) => !ofMetadata.includes(e) && e.field !== requestPath.toString())];
  };
  return {
    ...base,
    validateCreate: (context, object) => joined(requestFaults(object), base.validateCreate?.(context, object) ?? []),
    validateUpdate: (context, object, old) => joined(requestFaults(object), base.validateUpdate?.(context, object, old) ?? []),
  };
}

export const certificateSigningRequests: Special = {
  strategy: (base) => ({
    ...strict(base),
    prepareForCreate: (context, object) => {
      base.prepareForCreate?.(context, object);
      const { spec } = object as unknown as CertificateSigningRequest;
      const { user } = context.request;
      if (user === undefined) return;
      spec.username = user.name;
      if (user.uid) spec.uid = user.uid;
      if (user.groups.length > 0) spec.groups = [...user.groups];
      const extra = Object.entries(user.extra ?? {}).map(([key, values]): [string, string[]] => [key, [...values]]);
      if (extra.length > 0) spec.extra = Object.fromEntries(extra);
    },
  }),
  status: (base) => {
    const stamped = stamping(base);
    return {
      ...stamped,
      validateUpdate: (context, object, old) => {
        const errors = stamped.validateUpdate?.(context, object, old) ?? [];
        return errors.some((e) => e.field === certificatePath.toString()) ? errors : [...errors, ...certificateFaults(object, old)];
      },
    };
  },
  subresources: { approval },
};
