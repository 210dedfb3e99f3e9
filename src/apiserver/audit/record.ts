/** What is told of one request while it is answered. */
import type { UserInfo } from "../../auth/user.ts";
import type { KubeObject } from "../../schema/object.ts";
import type { ApiRequest, ApiResponse, RequestAudit } from "../request.ts";
import type { AuditEvent, JsonParts, ObjectReference, ResponseStatus } from "./event.ts";
import { withoutManagedFields } from "./managed-fields.ts";
import type { AuditConfig, AuditStage } from "./policy-types.ts";
import { sourceIps } from "./source-ips.ts";

const longestUserAgent = 1024;

/** Where a record's events go; the milliseconds since the epoch. */
export interface RecordSink {
  send(event: AuditEvent): boolean | Promise<boolean>;
  now(): number;
}

export class AuditRecord implements RequestAudit {
  readonly #request: ApiRequest;
  readonly #config: AuditConfig;
  readonly #sink: RecordSink;
  readonly #received: number;
  readonly #user: UserInfo | undefined;
  readonly wantsRequest: boolean;
  readonly wantsResponse: boolean;
  impersonationConstraint: string | undefined;
  #objectRef: ObjectReference | undefined;
  #requestObject: string | undefined;
  #status: ResponseStatus | undefined;
  #responseObject: JsonParts | undefined;

  constructor(request: ApiRequest, config: AuditConfig, received: number, sink: RecordSink) {
    this.#request = request;
    this.#config = config;
    this.#sink = sink;
    this.#received = received;
    this.#user = request.user;
    this.wantsRequest = config.level === "Request" || config.level === "RequestResponse";
    this.wantsResponse = config.level === "RequestResponse";
    const { info } = request;
    if (info.isResource) {
      this.#objectRef = {
        resource: info.resource,
        namespace: info.namespace,
        name: info.name,
        uid: "",
        apiGroup: info.group,
        apiVersion: info.version,
        resourceVersion: "",
        subresource: info.subresource,
      };
    }
  }

  requestObject(object: KubeObject): void {
    const ref = this.#objectRef;
    const { metadata } = object;
    if (ref !== undefined && metadata !== undefined) {
      ref.namespace ||= metadata.namespace ?? "";
      ref.name ||= metadata.name ?? "";
      ref.uid ||= metadata.uid ?? "";
      ref.resourceVersion ||= metadata.resourceVersion ?? "";
    }
    // What is decoded again, for another attempt or by a handler, has been told.
    if (!this.wantsRequest || this.#requestObject !== undefined) return;
    const told = this.#config.omitManagedFields ? withoutManagedFields(object) : object;
    // Upstream encodes the options of a delete at its internal version.
    const options = (object as { kind?: string }).kind === "DeleteOptions";
    this.#requestObject = JSON.stringify(options ? { ...told, kind: "DeleteOptions", apiVersion: "meta.k8s.io/__internal" } : told);
  }

  completeRequestObject(complete: (object: KubeObject) => KubeObject): void {
    if (this.#requestObject !== undefined) this.#requestObject = JSON.stringify(complete(JSON.parse(this.#requestObject) as KubeObject));
  }

  requestPatch(patch: Uint8Array | KubeObject): void {
    if (!this.wantsRequest) return;
    if (!(patch instanceof Uint8Array)) {
      this.#requestObject = JSON.stringify(patch);
      return;
    }
    try {
      // On one line, and JSON at all.
      this.#requestObject = JSON.stringify(JSON.parse(Buffer.from(patch.buffer, patch.byteOffset, patch.byteLength).toString()));
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
      this.#requestObject = undefined;
    }
  }

  /** Sends the event of a stage, unless that is left out. */
  stage(stage: AuditStage): boolean | Promise<boolean> {
    if (this.#config.omitStages.includes(stage)) return true;
    return this.#sink.send(this.#event(stage));
  }

  #event(stage: AuditStage): AuditEvent {
    const request = this.#request;
    const now = this.#sink.now();
    const agent = request.headers["user-agent"];
    const userAgent = typeof agent === "string" ? agent : "";
    return {
      level: this.#config.level,
      auditId: request.auditId ?? "",
      stage,
      requestUri: uriOf(request),
      verb: request.info.verb,
      user: this.#user,
      impersonated: request.user === this.#user ? undefined : request.user,
      impersonationConstraint: this.impersonationConstraint,
      sourceIps: sourceIps(request),
      userAgent: userAgent.length > longestUserAgent ? `${userAgent.slice(0, longestUserAgent)}...TRUNCATED` : userAgent,
      objectRef: this.#objectRef,
      responseStatus: this.#status,
      requestObject: this.#requestObject,
      responseObject: this.#responseObject,
      requestReceived: this.#received,
      stageAt: stage === "RequestReceived" ? this.#received : now,
      annotations: request.auditAnnotations,
    };
  }

  /** Takes from the answer what events tell of it. */
  answered(response: ApiResponse): void {
    const { audited, status } = response;
    if (audited === undefined) {
      this.#status ??= { code: status };
      return;
    }
    const { object, bytes } = audited;
    const told = object as (KubeObject & Partial<ResponseStatus>) | undefined;
    this.#status = told !== undefined && isStatus(told) ? statusOf(told, status) : { code: status };
    if (!this.wantsResponse) return;
    if (told !== undefined) this.#responseObject = JSON.stringify(this.#config.omitManagedFields ? withoutManagedFields(told) : told);
    else if (bytes !== undefined) this.#responseObject = this.#bytes(bytes());
  }

  #bytes(bytes: Uint8Array | readonly Uint8Array[]): JsonParts {
    const parts = bytes instanceof Uint8Array ? [bytes] : bytes;
    if (this.#config.omitManagedFields) {
      const object = JSON.parse(Buffer.concat(parts).toString()) as KubeObject;
      return JSON.stringify(withoutManagedFields(object));
    }
    const last = parts.at(-1);
    // An event is a line: the answer's own end of line stays out.
    if (last !== undefined && last.at(-1) === 10) return [...parts.slice(0, -1), last.subarray(0, -1)];
    return parts;
  }

  /** Milliseconds since the request came. */
  elapsed(): number {
    return this.#sink.now() - this.#received;
  }
}

function isStatus(object: KubeObject): boolean {
  const { kind, apiVersion } = object as { kind?: string; apiVersion?: string };
  return kind === "Status" && apiVersion === "v1";
}

function statusOf(object: Partial<ResponseStatus>, code: number): ResponseStatus {
  const { status, message, reason, details } = object;
  return { status, message, reason, details, code };
}

function uriOf(request: ApiRequest): string {
  if (request.uri !== undefined) return request.uri;
  return request.query.size === 0 ? request.path : `${request.path}?${request.query.toString()}`;
}
