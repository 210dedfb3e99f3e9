/** What one resource request is about, resolved: handed from the dispatcher to the verb that answers. */
import type { About } from "../core/api-error.ts";
import { formatTime } from "../core/clock.ts";
import type { FieldManager } from "../schema/apply/field-manager.ts";
import type { UserInfo } from "../auth/user.ts";
import type { ApiRequest } from "./request.ts";
import type { FieldSelectors, ResourceDefinition, Strategy, Subresource, WriteContext } from "./resource.ts";
import type { Served } from "./served.ts";
import type { ServerState } from "./server-state.ts";
import { objectStorageKey, type ObjectStorage } from "./storage/object-storage.ts";

type ObjectSubresource = Extract<Subresource, { type: "object" }>;

export class Scope {
  readonly state: ServerState;
  readonly request: ApiRequest;
  readonly definition: ResourceDefinition;
  readonly served: Served;
  readonly storage: ObjectStorage;
  /** The subresource that reads and writes the object through a strategy of its own. */
  readonly subresource: ObjectSubresource | undefined;

  constructor(state: ServerState, request: ApiRequest, served: Served, subresource: ObjectSubresource | undefined) {
    this.state = state;
    this.request = request;
    this.definition = served.definition;
    this.served = served;
    this.storage = state.storage(served.definition, served.version.version);
    this.subresource = subresource;
  }

  get strategy(): Strategy {
    return this.subresource?.strategy ?? this.definition.strategy;
  }

  /** By what objects can be selected at the version of the request. */
  get selectors(): FieldSelectors {
    return this.served.version.selectors ?? this.definition.strategy;
  }

  get user(): UserInfo {
    return this.request.user as UserInfo;
  }

  /** Empty for cluster-scoped resources. */
  get namespace(): string {
    return this.definition.namespaced ? this.request.info.namespace : "";
  }

  get name(): string {
    return this.request.info.name;
  }

  get about(): About {
    return { group: this.definition.group, resource: this.definition.resource };
  }

  get key(): string {
    return objectStorageKey(this.namespace, this.name);
  }

  /** The one that knows who owns which fields of what this request writes. */
  fieldManager(): FieldManager {
    const { served, subresource, strategy } = this;
    const name = subresource === undefined ? "" : this.request.info.subresource;
    return this.state.fieldManagers.of({ served, subresource: name, strategy, view: subresource?.view });
  }

  context(name: string, dryRun: boolean): WriteContext {
    return { request: this.request, namespace: this.namespace, name, dryRun, now: this.state.options.clock.now() };
  }

  /** Now, as metadata writes times. */
  timestamp(): string {
    return formatTime(this.state.options.clock.now());
  }
}
