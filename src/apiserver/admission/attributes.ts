/** What admission is asked about, made of a request: what most plugins never look at is made when it is asked for. */
import type { UserInfo } from "../../auth/user.ts";
import type { GroupVersionKind, KubeObject, UnstructuredObject } from "../../schema/object.ts";
import type { DeleteOptions } from "../../schema/types/meta-v1.ts";
import type { AdmissionAttributes, Reinvocation } from "../admission.ts";
import type { ApiRequest } from "../request.ts";
import type { ResourceDefinition } from "../resource.ts";
import type { Scope } from "../scope.ts";
import type { Served } from "../served.ts";

type Operation = AdmissionAttributes["operation"];

/** Where an operation takes place. */
export interface Place {
  readonly name: string;
  /** The scope's when absent. */
  readonly namespace?: string | undefined;
  readonly dryRun: boolean;
  /** The objects are of this kind, not the resource's own. */
  readonly kind?: GroupVersionKind | undefined;
  readonly deleteOptions?: DeleteOptions | undefined;
}

class Rounds implements Reinvocation {
  again = false;
  requested = false;
  #notes: Map<string, unknown> | undefined;

  request(): void {
    this.requested = true;
  }

  get notes(): Map<string, unknown> {
    return (this.#notes ??= new Map());
  }
}

export class RequestAttributes implements AdmissionAttributes {
  readonly operation: Operation;
  readonly definition: ResourceDefinition;
  readonly subresource: string;
  readonly namespace: string;
  readonly name: string;
  readonly object: UnstructuredObject | undefined;
  readonly oldObject: UnstructuredObject | undefined;
  readonly user: UserInfo;
  readonly dryRun: boolean;
  readonly request: ApiRequest;
  readonly served: Served | undefined;
  readonly #kind: GroupVersionKind | undefined;
  readonly #deleteOptions: DeleteOptions | undefined;
  #rounds: Rounds | undefined;

  constructor(
    scope: Scope,
    operation: Operation,
    at: Place,
    object: UnstructuredObject | undefined,
    oldObject: UnstructuredObject | undefined,
  ) {
    this.operation = operation;
    this.definition = scope.definition;
    this.subresource = scope.request.info.subresource;
    this.namespace = at.namespace ?? scope.namespace;
    this.name = at.name;
    this.object = object;
    this.oldObject = oldObject;
    this.user = scope.user;
    this.dryRun = at.dryRun;
    this.request = scope.request;
    this.served = at.kind === undefined ? scope.served : undefined;
    this.#kind = at.kind;
    this.#deleteOptions = at.deleteOptions;
  }

  get version(): string {
    return this.request.info.version;
  }

  get kind(): GroupVersionKind {
    return this.#kind ?? { group: this.definition.group, version: this.version, kind: this.definition.kind };
  }

  get options(): KubeObject | undefined {
    if (this.operation === "CONNECT") return undefined;
    if (this.operation === "DELETE") return { kind: "DeleteOptions", apiVersion: "meta.k8s.io/v1", ...this.#deleteOptions } as KubeObject;
    return writeOptions(this.request, this.operation === "CREATE" ? "CreateOptions" : "UpdateOptions");
  }

  get reinvocation(): Reinvocation {
    return (this.#rounds ??= new Rounds());
  }

  /** Whether a second round was asked for; what follows is that round. */
  beginAgain(): boolean {
    if (this.#rounds?.requested !== true || this.#rounds.again) return false;
    this.#rounds.again = true;
    return true;
  }
}

function writeOptions({ query }: ApiRequest, kind: string): KubeObject {
  const dryRun = query.getAll("dryRun").filter((value) => value !== "");
  const fieldManager = query.get("fieldManager") ?? "";
  const fieldValidation = query.get("fieldValidation") ?? "";
  return {
    kind,
    apiVersion: "meta.k8s.io/v1",
    ...(dryRun.length === 0 ? {} : { dryRun }),
    ...(fieldManager === "" ? {} : { fieldManager }),
    ...(fieldValidation === "" ? {} : { fieldValidation }),
  } as KubeObject;
}
