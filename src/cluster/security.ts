/**
 * Authentication and authorization of a cluster, in upstream's order (`--authorization-mode Node,RBAC`), reading what they
 * decide on from informers over the server itself.
 */
import { requestAuthenticator } from "../auth/request-authenticator.ts";
import { readCertificates } from "../host/x509.ts";
import type { Authenticator } from "../auth/authenticator.ts";
import type { Authorizer } from "../auth/authorizer.ts";
import { allowGroups, type RuleResolver, unionAuthorizer, unionRules } from "../auth/authorizers.ts";
import { NodeGraph } from "../auth/node/graph.ts";
import { NodeAuthorizer } from "../auth/node/node-authorizer.ts";
import type { EscalationChecks } from "../auth/rbac/escalation.ts";
import { RbacAuthorizer } from "../auth/rbac/rbac-authorizer.ts";
import { type BoundObjectGetter, ServiceAccountAuthenticator } from "../auth/service-account/authenticator.ts";
import { type SigningKey, signingKey } from "../auth/service-account/jwt.ts";
import { type TokenIssuer, tokenIssuer } from "../auth/service-account/issuer.ts";
import type { TokenRequestOptions } from "../auth/service-account/token-request.ts";
import type { TokenAuthenticator } from "../auth/token-authenticator.ts";
import type { Clock } from "../core/clock.ts";
import type { Logger } from "../core/log.ts";
import { ServerObjectSource } from "../apiserver/object-source.ts";
import type { ApiServer, ObjectAccess } from "../apiserver/server-interface.ts";
import type { KubeObject } from "../schema/object.ts";
import type { ResourceRef } from "../schema/resource-ref.ts";
import { persistentvolumes, pods, type Node, type Pod, type Secret, type ServiceAccount } from "../schema/types/core-v1.ts";
import { clusterrolebindings, clusterroles, rolebindings, roles } from "../schema/types/rbac-v1.ts";
import { volumeattachments } from "../schema/types/storage-v1.ts";
import { nodeRules } from "./node-rules.ts";

export const issuer = "https://kubernetes.default.svc.cluster.local";

export interface Security {
  readonly authenticator: Authenticator;
  readonly authorizer: Authorizer;
  readonly rules: RuleResolver;
  /** What escalation checks ask; undefined while authorization starts. */
  readonly escalation: () => EscalationChecks | undefined;
  readonly tokens: TokenAuthenticator;
  readonly issuer: TokenIssuer;
  readonly signingKey: SigningKey;
  readonly tokenRequests: TokenRequestOptions;
  /** Reads roles, bindings and pods, and follows them from then on. Until it resolves only `system:masters` may do anything. */
  start(server: ApiServer): Promise<void>;
  stop(): void;
}

export function security(options: {
  readonly signingKeyPem: string;
  /** PEM: who signs the certificates of users. */
  readonly clientCa: string;
  readonly clock: Clock;
  readonly log: Logger;
  readonly objects: (group: string, resource: string) => ObjectAccess;
}): Security {
  const { clock, log, objects } = options;
  const key = signingKey(options.signingKeyPem);
  const authorities = readCertificates(options.clientCa);
  const bound: BoundObjectGetter = {
    serviceAccount: (namespace, name) => objects("", "serviceaccounts").get(namespace, name) as Promise<ServiceAccount | undefined>,
    secret: (namespace, name) => objects("", "secrets").get(namespace, name) as Promise<Secret | undefined>,
    pod: (namespace, name) => objects("", "pods").get(namespace, name) as Promise<Pod | undefined>,
    node: (name) => objects("", "nodes").get("", name) as Promise<Node | undefined>,
  };
  const tokens = new ServiceAccountAuthenticator({ issuers: [issuer], keys: () => [key], audiences: [issuer], clock, objects: bound });
  const own = tokenIssuer({ issuer, key: () => key, clock });
  const sources: { start(): Promise<void>; stop(): void }[] = [];
  let rbac: RbacAuthorizer | undefined;
  let nodeAuthorizer: NodeAuthorizer | undefined;
  let started: Authorizer | undefined;
  const masters = allowGroups();
  const later: Authorizer = {
    authorize: (a) => started?.authorize(a) ?? { decision: "no-opinion", reason: "authorization is starting" },
  };
  const authorizer = unionAuthorizer(masters, later);
  return {
    authenticator: requestAuthenticator({ clientAuthorities: () => authorities, tokens, audiences: [issuer], anonymous: {} }),
    authorizer,
    rules: {
      rulesFor: (user, namespace) => unionRules(...[nodeAuthorizer, rbac].filter((r) => r !== undefined)).rulesFor(user, namespace),
    },
    escalation: () => (rbac === undefined ? undefined : { rbac, authorizer }),
    tokens,
    issuer: own,
    tokenRequests: { issuer: own, audiences: [issuer], objects: bound, clock },
    signingKey: key,
    start: async (server) => {
      const source = <T extends KubeObject>(ref: ResourceRef<T>): ServerObjectSource<T> => {
        const made = new ServerObjectSource(server, ref, { log, clock });
        sources.push(made);
        return made;
      };
      rbac = new RbacAuthorizer({
        roles: source(roles),
        roleBindings: source(rolebindings),
        clusterRoles: source(clusterroles),
        clusterRoleBindings: source(clusterrolebindings),
      });
      const graph = new NodeGraph({
        pods: source(pods),
        persistentVolumes: source(persistentvolumes),
        volumeAttachments: source(volumeattachments),
      });
      nodeAuthorizer = new NodeAuthorizer(graph, nodeRules());
      await Promise.all(sources.map((s) => s.start()));
      started = unionAuthorizer(nodeAuthorizer, rbac);
    },
    stop: () => {
      for (const s of sources) s.stop();
    },
  };
}
