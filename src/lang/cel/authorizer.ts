/** Values of the authorizer library: who asks, for what, and what was decided. */
import { type Answers, Need } from "./need.ts";
import { type CelType, objectType } from "./types.ts";
import { CelOpaque, type CelValue } from "./values.ts";

export const AUTHORIZER: CelType = objectType("kubernetes.authorization.Authorizer");
export const PATH_CHECK: CelType = objectType("kubernetes.authorization.PathCheck");
export const GROUP_CHECK: CelType = objectType("kubernetes.authorization.GroupCheck");
export const RESOURCE_CHECK: CelType = objectType("kubernetes.authorization.ResourceCheck");
export const DECISION: CelType = objectType("kubernetes.authorization.Decision");

/** The user that a check is for. */
export interface CheckedUser {
  readonly name: string;
  readonly uid: string;
  readonly groups: readonly string[];
  readonly extra: Readonly<Record<string, readonly string[]>>;
}

/** A question to the authorizer. Selectors are as the expression wrote them, not parsed; empty where there is none. */
export type AuthorizationRequest =
  | { readonly user: CheckedUser; readonly verb: string; readonly path: string }
  | {
      readonly user: CheckedUser;
      readonly verb: string;
      readonly group: string;
      readonly resource: string;
      readonly subresource: string;
      readonly namespace: string;
      readonly name: string;
      readonly fieldSelector: string;
      readonly labelSelector: string;
    };

export interface AuthorizationAnswer {
  readonly allowed: boolean;
  readonly reason: string;
  /** What went wrong while deciding; undefined where nothing did. */
  readonly error: string | undefined;
}

/** Everything here is only handed on between functions: no two of these values are equal but the same. */
abstract class Receiver extends CelOpaque {
  equals(other: CelValue): boolean {
    return this === other;
  }
}

/** The variable `authorizer`. */
export class AuthorizerValue extends Receiver {
  readonly type: CelType = AUTHORIZER;
  readonly user: CheckedUser;
  readonly answers: Answers<AuthorizationRequest, AuthorizationAnswer>;
  constructor(user: CheckedUser, answers: Answers<AuthorizationRequest, AuthorizationAnswer>) {
    super();
    this.user = user;
    this.answers = answers;
  }
  /** The answer, or a {@link Need} thrown. */
  ask(request: AuthorizationRequest): AuthorizationDecision {
    const answer = this.answers.of(request);
    if (answer === undefined) throw new Need(request);
    return new AuthorizationDecision(answer);
  }
}

export class PathCheck extends Receiver {
  readonly type: CelType = PATH_CHECK;
  readonly authorizer: AuthorizerValue;
  readonly path: string;
  constructor(authorizer: AuthorizerValue, path: string) {
    super();
    this.authorizer = authorizer;
    this.path = path;
  }
}

export class GroupCheck extends Receiver {
  readonly type: CelType = GROUP_CHECK;
  readonly authorizer: AuthorizerValue;
  readonly group: string;
  constructor(authorizer: AuthorizerValue, group: string) {
    super();
    this.authorizer = authorizer;
    this.group = group;
  }
}

/** What a check of a resource is narrowed to so far. */
export interface ResourceAttributes {
  readonly group: string;
  readonly resource: string;
  readonly subresource: string;
  readonly namespace: string;
  readonly name: string;
  readonly fieldSelector: string;
  readonly labelSelector: string;
}

/** Also the variable `authorizer.requestResource`: {@link requestResource} makes it. */
export class ResourceCheck extends Receiver {
  readonly type: CelType = RESOURCE_CHECK;
  readonly authorizer: AuthorizerValue;
  readonly attributes: ResourceAttributes;
  constructor(authorizer: AuthorizerValue, attributes: ResourceAttributes) {
    super();
    this.authorizer = authorizer;
    this.attributes = attributes;
  }
  with(changed: Partial<ResourceAttributes>): ResourceCheck {
    return new ResourceCheck(this.authorizer, { ...this.attributes, ...changed });
  }
}

/** The value of `authorizer.requestResource`. */
export function requestResource(
  authorizer: AuthorizerValue,
  request: Pick<ResourceAttributes, "group" | "resource" | "subresource" | "namespace" | "name">,
): ResourceCheck {
  return new ResourceCheck(authorizer, { ...request, fieldSelector: "", labelSelector: "" });
}

export class AuthorizationDecision extends Receiver {
  readonly type: CelType = DECISION;
  readonly answer: AuthorizationAnswer;
  constructor(answer: AuthorizationAnswer) {
    super();
    this.answer = answer;
  }
}
