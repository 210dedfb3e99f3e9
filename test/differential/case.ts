/** What the differential suite sends, and what it keeps of an answer. */

export interface CaseRequest {
  readonly method: string;
  /** With the query. `@namespace@` stands for the namespace of the run. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  /**
   * The body's text; `base64:…` for bytes. `@rv@` and `@uid@` stand for what the object that `path` names had when it was
   * stored for the run.
   */
  readonly body?: string;
}

export interface Case {
  /** `group/version/resource` */
  readonly kind: string;
  /** Unique within the kind, and stable: seeds choose by it. */
  readonly title: string;
  /** The field that is played with, list indices and map keys left out; empty for the whole object. */
  readonly field: string;
  /** Sent in order; all answers are compared. */
  readonly requests: readonly CaseRequest[];
}

export interface Cause {
  readonly reason?: string;
  readonly message?: string;
  readonly field?: string;
}

export interface Answer {
  readonly status: number;
  readonly contentType: string;
  readonly warnings: readonly string[];
  /** The JSON of the body, protobuf decoded; text where it is neither. */
  readonly body: unknown;
}

/** The server closed the connection instead: it panicked. */
export const noAnswer: Answer = { status: 0, contentType: "", warnings: [], body: undefined };

/** Something that answers: a server over the network, or one in this process. */
export interface Server extends AsyncDisposable {
  ask(request: CaseRequest): Promise<Answer>;
}

/** `v1`, `apps/v1` */
export function apiVersionOf(kind: { group: string; version: string }): string {
  return kind.group === "" ? kind.version : `${kind.group}/${kind.version}`;
}

/** What `@namespace@` becomes. */
export const namespace = "differential";
