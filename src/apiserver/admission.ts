/** The admission chain: an array of plugins in upstream's order (`resources/admission/`), called for every write. */
import type { UnstructuredObject } from "../schema/object.ts";
import type { UserInfo } from "../auth/user.ts";
import type { ResourceDefinition } from "./resource.ts";
import type { ApiRequest } from "./request.ts";

export interface AdmissionAttributes {
  readonly operation: "CREATE" | "UPDATE" | "DELETE" | "CONNECT";
  readonly definition: ResourceDefinition;
  readonly subresource: string;
  readonly namespace: string;
  readonly name: string;
  /** Mutable for mutating plugins; absent on DELETE. */
  readonly object?: UnstructuredObject | undefined;
  readonly oldObject?: UnstructuredObject | undefined;
  readonly user: UserInfo;
  readonly dryRun: boolean;
  readonly request: ApiRequest;
}

/** Throws an ApiError to refuse. */
export interface AdmissionPlugin {
  readonly name: string;
  handles(attributes: AdmissionAttributes): boolean;
  admit?(attributes: AdmissionAttributes): Promise<void> | void;
  validate?(attributes: AdmissionAttributes): Promise<void> | void;
}
