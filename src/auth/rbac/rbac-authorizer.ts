/**
 * Role based access control. Bindings are filed under the subjects they name, so that a decision looks only at those of
 * the one who asks.
 */
import { objectKey } from "../../schema/object.ts";
import type { KubeObject } from "../../schema/object.ts";
import type { ClusterRole, ClusterRoleBinding, PolicyRule, Role, RoleBinding, RoleRef, Subject } from "../../schema/types/rbac-v1.ts";
import type { Attributes, Authorizer, Verdict } from "../authorizer.ts";
import { aggregate } from "../authorizers.ts";
import type { RuleResolver, RuleSet } from "../authorizers.ts";
import { serviceAccountUser } from "../names.ts";
import type { ObjectSource } from "../object-source.ts";
import type { UserInfo } from "../user.ts";
import { ruleAllows } from "./rules.ts";

export interface RbacSources {
  readonly roles: ObjectSource<Role>;
  readonly roleBindings: ObjectSource<RoleBinding>;
  readonly clusterRoles: ObjectSource<ClusterRole>;
  readonly clusterRoleBindings: ObjectSource<ClusterRoleBinding>;
}

/** One subject of one binding. */
interface Grant {
  readonly binding: RoleBinding | ClusterRoleBinding;
  readonly subject: Subject;
}

type GrantsBySubject = Map<string, Grant[]>;

const noOpinion: Verdict = { decision: "no-opinion", reason: "" };

/** The key of a subject; a service account is filed as the user it is. Undefined for a subject that fits nobody. */
function subjectKey(subject: Subject, namespace: string): string | undefined {
  if (subject.kind === "User") return `U${subject.name}`;
  if (subject.kind === "Group") return `G${subject.name}`;
  const ns = subject.namespace ? subject.namespace : namespace;
  return subject.kind === "ServiceAccount" && ns !== "" ? `U${serviceAccountUser(ns, subject.name)}` : undefined;
}

function describeSource({ binding, subject }: Grant): string {
  const namespace = binding.metadata?.namespace ?? "";
  const name = binding.metadata?.name ?? "";
  const who =
    subject.kind === "ServiceAccount"
      ? `${subject.kind} ${JSON.stringify(`${subject.name}/${subject.namespace ? subject.namespace : namespace}`)}`
      : `${subject.kind} ${JSON.stringify(subject.name)}`;
  const kind = namespace === "" ? "ClusterRoleBinding" : "RoleBinding";
  const label = namespace === "" ? name : `${name}/${namespace}`;
  return `${kind} ${JSON.stringify(label)} of ${binding.roleRef.kind} ${JSON.stringify(binding.roleRef.name)} to ${who}`;
}

export class RbacAuthorizer implements Authorizer, RuleResolver {
  readonly #roles = new Map<string, readonly PolicyRule[]>();
  readonly #clusterRoles = new Map<string, readonly PolicyRule[]>();
  /** By namespace; the empty one holds the cluster's. */
  readonly #grants = new Map<string, GrantsBySubject>();
  readonly #stops: (() => void)[];

  constructor(sources: RbacSources) {
    this.#stops = [
      sources.roles.addHandlers(this.#rules(this.#roles)),
      sources.clusterRoles.addHandlers(this.#rules(this.#clusterRoles)),
      sources.roleBindings.addHandlers(this.#bindings()),
      sources.clusterRoleBindings.addHandlers(this.#bindings()),
    ];
  }

  /** Follows its sources no more. */
  stop(): void {
    for (const stop of this.#stops) stop();
  }

  #rules(into: Map<string, readonly PolicyRule[]>): { onAdd(o: Role): void; onUpdate(o: Role): void; onDelete(o: Role): void } {
    const put = (role: KubeObject & { rules?: PolicyRule[] | undefined }): void => void into.set(objectKey(role), role.rules ?? []);
    return { onAdd: put, onUpdate: put, onDelete: (role) => void into.delete(objectKey(role)) };
  }

  #bindings(): { onAdd(o: RoleBinding): void; onUpdate(o: RoleBinding, old: RoleBinding): void; onDelete(o: RoleBinding): void } {
    return {
      onAdd: (binding) => this.#file(binding),
      onUpdate: (binding, old) => {
        this.#unfile(old);
        this.#file(binding);
      },
      onDelete: (binding) => this.#unfile(binding),
    };
  }

  #file(binding: RoleBinding): void {
    const namespace = binding.metadata?.namespace ?? "";
    let bySubject = this.#grants.get(namespace);
    if (bySubject === undefined) this.#grants.set(namespace, (bySubject = new Map()));
    for (const subject of binding.subjects ?? []) {
      const key = subjectKey(subject, namespace);
      if (key === undefined) continue;
      const grants = bySubject.get(key);
      if (grants === undefined) bySubject.set(key, [{ binding, subject }]);
      else grants.push({ binding, subject });
    }
  }

  #unfile(binding: RoleBinding): void {
    const namespace = binding.metadata?.namespace ?? "";
    const name = binding.metadata?.name;
    const bySubject = this.#grants.get(namespace);
    if (bySubject === undefined) return;
    for (const subject of binding.subjects ?? []) {
      const key = subjectKey(subject, namespace);
      const grants = key === undefined ? undefined : bySubject.get(key);
      if (key === undefined || grants === undefined) continue;
      const left = grants.filter((g) => g.binding.metadata?.name !== name);
      if (left.length === 0) bySubject.delete(key);
      else bySubject.set(key, left);
    }
    if (bySubject.size === 0) this.#grants.delete(namespace);
  }

  /** The grants that apply to `user` in `namespace`: the cluster's first. */
  *#grantsOf(user: UserInfo, namespace: string): Generator<Grant> {
    for (const scope of namespace === "" ? [""] : ["", namespace]) {
      const bySubject = this.#grants.get(scope);
      if (bySubject === undefined) continue;
      const own = bySubject.get(`U${user.name}`);
      if (own !== undefined) yield* own;
      for (const group of user.groups) {
        const grants = bySubject.get(`G${group}`);
        if (grants !== undefined) yield* grants;
      }
    }
  }

  /** The rules of the role that a binding in `namespace` (empty: of the cluster) refers to, or why there are none. */
  rulesOf(ref: RoleRef, namespace: string): readonly PolicyRule[] | { readonly error: string } {
    if (ref.kind === "Role") {
      return (
        this.#roles.get(`${namespace}/${ref.name}`) ?? { error: `role.rbac.authorization.k8s.io ${JSON.stringify(ref.name)} not found` }
      );
    }
    if (ref.kind === "ClusterRole") {
      return this.#clusterRoles.get(ref.name) ?? { error: `clusterrole.rbac.authorization.k8s.io ${JSON.stringify(ref.name)} not found` };
    }
    return { error: `unsupported role reference kind: ${JSON.stringify(ref.kind)}` };
  }

  authorize(attributes: Attributes): Verdict {
    let errors: string[] | undefined;
    for (const grant of this.#grantsOf(attributes.user, attributes.namespace)) {
      const rules = this.rulesOf(grant.binding.roleRef, grant.binding.metadata?.namespace ?? "");
      if ("error" in rules) (errors ??= []).push(rules.error);
      else
        for (const rule of rules)
          if (ruleAllows(attributes, rule)) return { decision: "allow", reason: `RBAC: allowed by ${describeSource(grant)}` };
    }
    return errors === undefined ? noOpinion : { decision: "no-opinion", reason: `RBAC: ${aggregate(errors)}` };
  }

  /** Every rule that applies to `user` in `namespace`, in the order of its bindings. */
  policyRulesFor(user: UserInfo, namespace: string): { readonly rules: readonly PolicyRule[]; readonly errors: readonly string[] } {
    const rules: PolicyRule[] = [];
    const errors: string[] = [];
    for (const grant of this.#grantsOf(user, namespace)) {
      const found = this.rulesOf(grant.binding.roleRef, grant.binding.metadata?.namespace ?? "");
      if ("error" in found) errors.push(found.error);
      else rules.push(...found);
    }
    return { rules, errors };
  }

  rulesFor(user: UserInfo, namespace: string): RuleSet {
    const { rules, errors } = this.policyRulesFor(user, namespace);
    return {
      resourceRules: rules
        .filter((r) => r.resources?.length)
        .map((r) => ({
          verbs: r.verbs,
          ...(r.apiGroups === undefined ? {} : { apiGroups: r.apiGroups }),
          ...(r.resources === undefined ? {} : { resources: r.resources }),
          ...(r.resourceNames === undefined ? {} : { resourceNames: r.resourceNames }),
        })),
      nonResourceRules: rules
        .filter((r) => r.nonResourceURLs?.length)
        .map((r) => ({ verbs: r.verbs, ...(r.nonResourceURLs === undefined ? {} : { nonResourceURLs: r.nonResourceURLs }) })),
      incomplete: false,
      error: errors.length === 0 ? undefined : aggregate(errors),
    };
  }
}
