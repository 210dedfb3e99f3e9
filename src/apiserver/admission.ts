/** The admission chain: an array of plugins in upstream's order (`resources/admission/`), called for every write. */
import type { GroupVersionKind, KubeObject, UnstructuredObject } from "../schema/object.ts";
import type { UserInfo } from "../auth/user.ts";
import type { ResourceDefinition } from "./resource.ts";
import type { ApiRequest } from "./request.ts";
import type { Served } from "./served.ts";

export interface AdmissionAttributes {
  readonly operation: "CREATE" | "UPDATE" | "DELETE" | "CONNECT";
  readonly definition: ResourceDefinition;
  readonly subresource: string;
  readonly namespace: string;
  readonly name: string;
  /**
   * Mutable for mutating plugins; absent on DELETE. What the request is about: the object, the view that a subresource shows
   * (a Scale), what is created below an object (Binding, Eviction, TokenRequest), or the options of a CONNECT.
   */
  readonly object?: UnstructuredObject | undefined;
  readonly oldObject?: UnstructuredObject | undefined;
  readonly user: UserInfo;
  readonly dryRun: boolean;
  readonly request: ApiRequest;
  /** What {@link object} is to the client, at the version of the request. */
  readonly kind: GroupVersionKind;
  /** The version of the resource in the request. */
  readonly version: string;
  /** The version that the request speaks; objects are at its storage version. Undefined: they are what {@link kind} says. */
  readonly served: Served | undefined;
  /** CreateOptions, UpdateOptions, DeleteOptions as the client gave them; none on CONNECT. */
  readonly options: KubeObject | undefined;
  readonly reinvocation: Reinvocation;
}

/** Whether the mutating plugins run again, because webhooks or policies changed what others have seen already. */
export interface Reinvocation {
  /** This is the second round. */
  readonly again: boolean;
  /** Asks for a second round. */
  request(): void;
  /** What a plugin keeps between its rounds, by its name. */
  readonly notes: Map<string, unknown>;
}

/** Throws an ApiError to refuse. */
export interface AdmissionPlugin {
  readonly name: string;
  handles(attributes: AdmissionAttributes): boolean;
  admit?(attributes: AdmissionAttributes): Promise<void> | void;
  validate?(attributes: AdmissionAttributes): Promise<void> | void;
}
