/**
 * Authentication and authorization of a cluster as kube-apiserver's flags configure them, reading what they decide on from
 * informers over the server itself.
 */
import type { Authenticator } from "../auth/authenticator.ts";
import type { Attributes, Authorizer, Verdict } from "../auth/authorizer.ts";
import type { RuleResolver, RuleSet } from "../auth/authorizers.ts";
import { NodeGraph } from "../auth/node/graph.ts";
import { NodeAuthorizer } from "../auth/node/node-authorizer.ts";
import type { EscalationChecks } from "../auth/rbac/escalation.ts";
import { RbacAuthorizer } from "../auth/rbac/rbac-authorizer.ts";
import { type BoundObjectGetter, lastUsedLabel, ServiceAccountAuthenticator } from "../auth/service-account/authenticator.ts";
import type { SigningKey, VerificationKey } from "../auth/service-account/jwt.ts";
import { type TokenIssuer, tokenIssuer } from "../auth/service-account/issuer.ts";
import { serviceAccountMetrics } from "../auth/service-account/metrics.ts";
import type { TokenRequestOptions } from "../auth/service-account/token-request.ts";
import type { UserInfo } from "../auth/user.ts";
import type { Client } from "../client/client.ts";
import type { Clock } from "../core/clock.ts";
import type { Logger } from "../core/log.ts";
import type { MetricsRegistry } from "../core/metrics.ts";
import { ServerObjectSource } from "../apiserver/object-source.ts";
import type { ApiServer, ObjectAccess } from "../apiserver/server-interface.ts";
import type { AuthenticationInfo } from "../resources/loops/index.ts";
import type { KubeObject } from "../schema/object.ts";
import type { ResourceRef } from "../schema/resource-ref.ts";
import { podcertificaterequests } from "../schema/types/certificates-v1beta1.ts";
import { persistentvolumes, pods, secrets, type Node, type Pod, type Secret, type ServiceAccount } from "../schema/types/core-v1.ts";
import { clusterrolebindings, clusterroles, rolebindings, roles } from "../schema/types/rbac-v1.ts";
import { resourceslices } from "../schema/types/resource-v1.ts";
import { volumeattachments } from "../schema/types/storage-v1.ts";
import type { ApiServerFlags } from "./api-server-flags/index.ts";
import { nodeRules } from "./node-rules.ts";
import { authentication } from "./security/authentication.ts";
import { authorization } from "./security/authorization.ts";
import { serviceAccountKeys } from "./security/service-account-keys.ts";

/** Who issues tokens of service accounts when no flag says otherwise. */
export const issuer = "https://kubernetes.default.svc.cluster.local";

export interface Security {
  readonly authenticator: Authenticator;
  readonly authorizer: Authorizer;
  readonly rules: RuleResolver;
  /** What escalation checks ask; undefined while authorization starts. */
  readonly escalation: () => EscalationChecks | undefined;
  readonly issuer: TokenIssuer;
  readonly signingKey: SigningKey;
  /** Every key that tokens of service accounts are checked with. */
  readonly verificationKeys: readonly VerificationKey[];
  readonly tokenRequests: TokenRequestOptions;
  /** What the server answers to as an audience of tokens. */
  readonly audiences: readonly string[];
  /** Where OpenID discovery says that the keys are; undefined: at this server. */
  readonly jwksUri: string | undefined;
  /** What extension servers are told, and clients when they connect. */
  readonly published: AuthenticationInfo;
  readonly proxyHeaders: ((name: string) => boolean) | undefined;
  /** Reads roles, bindings and pods, and follows them from then on. Until it resolves only `system:masters` may do anything. */
  start(server: ApiServer): Promise<void>;
  stop(): void;
}

export interface SecurityOptions {
  readonly flags: ApiServerFlags;
  /** PEM of the cluster's own key for tokens. */
  readonly signingKeyPem: string;
  /** PEM: the cluster's own authority. */
  readonly clientCa: string;
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: MetricsRegistry;
  readonly objects: (group: string, resource: string) => ObjectAccess;
  /** In `system:masters`. */
  readonly client: () => Client;
  /** This API server's name among others. */
  readonly serverId: string;
}

/** Throws UsageError for files that flags name and that cannot be used. */
export function security(options: SecurityOptions): Security {
  const { flags, clock, log, metrics, objects } = options;
  const keys = serviceAccountKeys(flags, options.signingKeyPem);
  const given = flags.list("service-account-issuer");
  const issuers = given.length === 0 ? [issuer] : given;
  const named = flags.list("api-audiences");
  const audiences = named.length === 0 ? issuers : named;
  const bound = boundObjects(objects);
  const own = tokenIssuer({ issuer: issuers[0] as string, key: () => keys.signing, clock });
  const who = authentication({
    flags,
    clientCa: options.clientCa,
    serviceAccounts: new ServiceAccountAuthenticator({
      issuers,
      keys: () => keys.all,
      audiences,
      clock,
      objects: bound,
      lookup: flags.bool("service-account-lookup"),
      noteUse: (secret, day) => noteUse(options, secret, day),
      metrics: serviceAccountMetrics(metrics),
    }),
    audiences,
    issuers,
    secret: async (namespace, name) => (await objects("", "secrets").get(namespace, name)) as Secret | undefined,
    clock,
    log,
    metrics,
    serverId: options.serverId,
  });
  const following = new Following(options);
  const may = authorization({
    flags,
    node: () => following.node,
    rbac: () => following.rbac,
    clock,
    log,
    metrics,
    serverId: options.serverId,
  });
  const jwksUri = flags.string("service-account-jwks-uri");
  return {
    authenticator: who.authenticator,
    authorizer: may.authorizer,
    rules: may.rules,
    // Asked whichever authorizers there are: roles may come to count one day.
    escalation: () => (following.startedRbac === undefined ? undefined : { rbac: following.startedRbac, authorizer: may.authorizer }),
    issuer: own,
    tokenRequests: {
      issuer: own,
      audiences,
      objects: bound,
      clock,
      maxExpirationSeconds: flags.duration("service-account-max-token-expiration") / 1000,
      extendExpiration: flags.bool("service-account-extend-token-expiration"),
    },
    signingKey: keys.signing,
    verificationKeys: keys.all,
    audiences,
    jwksUri: jwksUri === "" ? undefined : jwksUri,
    published: who.published,
    proxyHeaders: who.proxyHeaders,
    start: async (server) => {
      who.start();
      may.start();
      await following.start(server, may.has("Node"));
    },
    stop: () => {
      who.stop();
      may.stop();
      following.stop();
    },
  };
}

function boundObjects(objects: SecurityOptions["objects"]): BoundObjectGetter {
  return {
    serviceAccount: (namespace, name) => objects("", "serviceaccounts").get(namespace, name) as Promise<ServiceAccount | undefined>,
    secret: (namespace, name) => objects("", "secrets").get(namespace, name) as Promise<Secret | undefined>,
    pod: (namespace, name) => objects("", "pods").get(namespace, name) as Promise<Pod | undefined>,
    node: (name) => objects("", "nodes").get("", name) as Promise<Node | undefined>,
  };
}

/** Which day a legacy token was last used on is written for those who clean up; a token is good without. */
async function noteUse({ client, log }: SecurityOptions, secret: Secret, day: string): Promise<void> {
  const { namespace = "", name = "", uid } = secret.metadata ?? {};
  try {
    const change = { metadata: { ...(uid === undefined ? {} : { uid }), labels: { [lastUsedLabel]: day } } };
    await client().resource(secrets, namespace).patch(name, "merge", change);
  } catch (error) {
    log.warn("the last use of a legacy token could not be noted", { error, secret: `${namespace}/${name}` });
  }
}

const starting: Verdict = { decision: "no-opinion", reason: "authorization is starting" };
const nothing: RuleSet = { resourceRules: [], nonResourceRules: [], incomplete: false };

/** Stands for an authorizer that reads objects until it has read them. */
class Later implements Authorizer, RuleResolver {
  made: (Authorizer & RuleResolver) | undefined;

  authorize(attributes: Attributes): Verdict | Promise<Verdict> {
    return this.made === undefined ? starting : this.made.authorize(attributes);
  }

  rulesFor(user: UserInfo, namespace: string): RuleSet {
    return this.made?.rulesFor(user, namespace) ?? nothing;
  }
}

/** The authorizers that decide by objects, and what they follow. */
class Following {
  readonly node = new Later();
  readonly rbac = new Later();
  readonly #options: SecurityOptions;
  readonly #sources: { start(): Promise<void>; stop(): void }[] = [];
  startedRbac: RbacAuthorizer | undefined;

  constructor(options: SecurityOptions) {
    this.#options = options;
  }

  /** `nodes`: the authorizer of nodes is asked, too. */
  async start(server: ApiServer, nodes: boolean): Promise<void> {
    const { log, clock, flags, metrics } = this.#options;
    const source = <T extends KubeObject>(ref: ResourceRef<T>): ServerObjectSource<T> => {
      const made = new ServerObjectSource(server, ref, { log, clock });
      this.#sources.push(made);
      return made;
    };
    const served = <T extends KubeObject>(ref: ResourceRef<T>): ServerObjectSource<T> | undefined =>
      server.definition(ref.group, ref.resource)?.versions.some((v) => v.version === ref.version) === true ? source(ref) : undefined;
    const rbac = new RbacAuthorizer({
      roles: source(roles),
      roleBindings: source(rolebindings),
      clusterRoles: source(clusterroles),
      clusterRoleBindings: source(clusterrolebindings),
    });
    const node = nodes
      ? new NodeAuthorizer(
          new NodeGraph(
            {
              pods: source(pods),
              persistentVolumes: source(persistentvolumes),
              volumeAttachments: source(volumeattachments),
              resourceSlices: served(resourceslices),
              podCertificateRequests: served(podcertificaterequests),
            },
            metrics,
          ),
          nodeRules(flags.features),
        )
      : undefined;
    await Promise.all(this.#sources.map((s) => s.start()));
    this.rbac.made = rbac;
    this.node.made = node;
    this.startedRbac = rbac;
  }

  stop(): void {
    for (const source of this.#sources) source.stop();
  }
}
