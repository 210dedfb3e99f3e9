/** What the built-in resources need from whoever composes the server. */
import type { Duplex } from "node:stream";
import type { ObjectAccess } from "../apiserver/server-interface.ts";
import type { ApiRequest, ApiResponse } from "../apiserver/request.ts";
import type { Authorizer } from "../auth/authorizer.ts";
import type { EscalationChecks } from "../auth/rbac/escalation.ts";
import type { Client } from "../client/client.ts";
import type { Clock } from "../core/clock.ts";
import type { FeatureGates } from "../core/feature-gates.ts";
import type { Logger } from "../core/log.ts";
import type { Enablement } from "./enablement.ts";

export interface ResourceDeps {
  /** Default: those of v1.36. */
  readonly features?: FeatureGates | undefined;
  /** Which versions of which resources are served. Default: what upstream serves. */
  readonly enablement?: Enablement | undefined;
  readonly clock: Clock;
  readonly log: Logger;
  /** The stored objects of a resource: `server.objects`. Called only after the server is put together. */
  readonly objects: (group: string, resource: string) => ObjectAccess;
  /** The loopback client, with the identity `system:apiserver` in `system:masters`. Called only after the server is put together. */
  readonly client: () => Client;
  /** Asked by escalation checks and reviews. Absent: everything is allowed. */
  readonly authorizer?: Authorizer | undefined;
  /** Checks that nobody grants more than they hold. Absent, or undefined while authorization starts: unchecked. */
  readonly escalation?: (() => EscalationChecks | undefined) | undefined;
  /** What `componentstatuses` tells. */
  readonly componentHealth?: (() => Promise<readonly ComponentHealth[]>) | undefined;
  /** Service ranges, the first is the primary family. Default `["10.96.0.0/16"]`. */
  readonly serviceCidrs?: readonly string[] | undefined;
  /** Inclusive. Default 30000–32767. */
  readonly nodePortRange?: readonly [first: number, last: number] | undefined;
  /** How nodes are reached for logs, exec, attach, port-forward and proxy. */
  readonly kubelet?: KubeletTransport | undefined;
  /**
   * Handlers of the resources that store nothing, by `group/resource` (`authorization.k8s.io/subjectaccessreviews`,
   * `authentication.k8s.io/tokenreviews`) and of subresources (`/serviceaccounts/token`); they live in `auth/`.
   */
  readonly handlers?: Readonly<Record<string, (request: ApiRequest) => Promise<ApiResponse>>> | undefined;
  /** Seconds an event lives. Default 3600. */
  readonly eventTtlSeconds?: number | undefined;
}

export interface ComponentHealth {
  /** `scheduler`, `controller-manager`, `etcd-0`. */
  readonly name: string;
  readonly healthy: boolean;
  readonly message?: string | undefined;
  readonly error?: string | undefined;
}

export interface KubeletTransport {
  /** PEM. The CA kubelets' serving certificates are checked against; absent: they are not checked, as upstream does without it. */
  readonly ca?: string | undefined;
  /** PEM. The client certificate shown to kubelets. */
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
  /** Default Hostname, InternalDNS, InternalIP, ExternalDNS, ExternalIP. */
  readonly preferredAddressTypes?: readonly string[] | undefined;
  /** A node of this process: answers instead of the network. */
  readonly local?: ((nodeName: string) => LocalNode | undefined) | undefined;
}

/** A node that lives in the same process (simulated ones): its kubelet API without a socket. */
export interface LocalNode {
  /** A connection to its kubelet API in plain HTTP/1.1. */
  dial(): Promise<Duplex>;
}
