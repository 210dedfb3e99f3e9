import assert from "node:assert/strict";
import { test } from "node:test";
import type { ClusterRole, ClusterRoleBinding, PolicyRule, Role, RoleBinding, Subject } from "../../schema/types/rbac-v1.ts";
import type { Attributes } from "../authorizer.ts";
import { allowGroups, forbiddenError, unionAuthorizer } from "../authorizers.ts";
import { listSource } from "../list-source.ts";
import type { ListSource } from "../list-source.ts";
import type { UserInfo } from "../user.ts";
import { checkBindingEscalation, checkRoleEscalation } from "./escalation.ts";
import { RbacAuthorizer } from "./rbac-authorizer.ts";

const api = "rbac.authorization.k8s.io";

interface World {
  roles: ListSource<Role>;
  roleBindings: ListSource<RoleBinding>;
  clusterRoles: ListSource<ClusterRole>;
  clusterRoleBindings: ListSource<ClusterRoleBinding>;
  rbac: RbacAuthorizer;
}

function world(): World {
  const sources = {
    roles: listSource<Role>(),
    roleBindings: listSource<RoleBinding>(),
    clusterRoles: listSource<ClusterRole>(),
    clusterRoleBindings: listSource<ClusterRoleBinding>(),
  };
  return { ...sources, rbac: new RbacAuthorizer(sources) };
}

const clusterRole = (name: string, ...rules: PolicyRule[]): ClusterRole => ({ metadata: { name }, rules });
const bind = (name: string, role: string, ...subjects: Subject[]): ClusterRoleBinding => ({
  metadata: { name },
  roleRef: { apiGroup: api, kind: "ClusterRole", name: role },
  subjects,
});
const user = (name: string, ...groups: string[]): UserInfo => ({ name, groups });
const toUser = (name: string): Subject => ({ kind: "User", name });

function ask(who: UserInfo, verb: string, what: string, namespace = "", name = ""): Attributes {
  if (what.startsWith("/")) {
    return {
      user: who,
      verb,
      resourceRequest: false,
      path: what,
      group: "",
      version: "",
      resource: "",
      subresource: "",
      namespace: "",
      name: "",
    };
  }
  const [resource = "", group = ""] = what.split("@");
  const [plain = "", subresource = ""] = resource.split("/");
  return { user: who, verb, resourceRequest: true, path: "", group, version: "v1", resource: plain, subresource, namespace, name };
}

void test("rules match verbs, groups, resources, subresources, names and paths as upstream's", () => {
  const w = world();
  const grant = (name: string, rule: PolicyRule): void => {
    w.clusterRoles.put(clusterRole(name, rule));
    w.clusterRoleBindings.put(bind(name, name, toUser(name)));
  };
  grant("reader", { verbs: ["get", "list"], apiGroups: [""], resources: ["pods", "pods/log"] });
  grant("scaler", { verbs: ["*"], apiGroups: ["*"], resources: ["*/scale"] });
  grant("named", { verbs: ["get"], apiGroups: [""], resources: ["secrets"], resourceNames: ["one"] });
  grant("paths", { verbs: ["get"], nonResourceURLs: ["/healthz", "/openapi/*"] });
  grant("all", { verbs: ["*"], apiGroups: ["*"], resources: ["*"] });
  const can = (name: string, verb: string, what: string, namespace = "ns", object = ""): boolean =>
    w.rbac.authorize(ask(user(name), verb, what, namespace, object)).decision === "allow";
  assert.equal(can("reader", "get", "pods"), true);
  assert.equal(can("reader", "get", "pods/log"), true);
  assert.equal(can("reader", "get", "pods/exec"), false);
  assert.equal(can("reader", "delete", "pods"), false);
  assert.equal(can("reader", "get", "pods@metrics.k8s.io"), false);
  assert.equal(can("scaler", "update", "deployments/scale@apps"), true);
  assert.equal(can("scaler", "update", "deployments@apps"), false);
  assert.equal(can("named", "get", "secrets", "ns", "one"), true);
  assert.equal(can("named", "get", "secrets", "ns", "two"), false);
  assert.equal(can("paths", "get", "/openapi/v3/apis/apps/v1"), true);
  assert.equal(can("paths", "get", "/openapi"), false);
  assert.equal(can("paths", "post", "/healthz"), false);
  assert.equal(can("all", "create", "pods/exec"), true);
  assert.equal(can("all", "get", "/metrics"), false);
});

void test("a role binding counts in its namespace only, and names local service accounts", () => {
  const w = world();
  w.clusterRoles.put(clusterRole("view", { verbs: ["get"], apiGroups: [""], resources: ["pods"] }));
  w.roles.put({ metadata: { name: "own", namespace: "a" }, rules: [{ verbs: ["list"], apiGroups: [""], resources: ["pods"] }] });
  const binding = (name: string, kind: string, role: string): RoleBinding => ({
    metadata: { name, namespace: "a" },
    roleRef: { apiGroup: api, kind, name: role },
    subjects: [
      { kind: "ServiceAccount", name: "robot" },
      { kind: "Group", name: "team" },
    ],
  });
  w.roleBindings.put(binding("v", "ClusterRole", "view"));
  w.roleBindings.put(binding("o", "Role", "own"));
  const robot = user("system:serviceaccount:a:robot");
  assert.deepEqual(w.rbac.authorize(ask(robot, "get", "pods", "a")), {
    decision: "allow",
    reason: 'RBAC: allowed by RoleBinding "v/a" of ClusterRole "view" to ServiceAccount "robot/a"',
  });
  assert.equal(w.rbac.authorize(ask(robot, "list", "pods", "a")).decision, "allow");
  assert.equal(w.rbac.authorize(ask(robot, "get", "pods", "b")).decision, "no-opinion");
  assert.equal(w.rbac.authorize(ask(user("x", "team"), "get", "pods", "a")).decision, "allow");
  w.roleBindings.remove("a", "v");
  assert.equal(w.rbac.authorize(ask(robot, "get", "pods", "a")).decision, "no-opinion");
});

void test("a binding that changes its subjects moves the grant", () => {
  const w = world();
  w.clusterRoles.put(clusterRole("r", { verbs: ["get"], apiGroups: [""], resources: ["pods"] }));
  w.clusterRoleBindings.put(bind("b", "r", toUser("ann")));
  w.clusterRoleBindings.put(bind("b", "r", toUser("bob")));
  assert.equal(w.rbac.authorize(ask(user("ann"), "get", "pods")).decision, "no-opinion");
  assert.equal(w.rbac.authorize(ask(user("bob"), "get", "pods")).decision, "allow");
  assert.deepEqual(w.rbac.rulesFor(user("bob"), "any").resourceRules, [{ verbs: ["get"], apiGroups: [""], resources: ["pods"] }]);
});

void test("a binding to a role that is missing says so in the refusal", () => {
  const w = world();
  w.clusterRoleBindings.put(bind("b", "gone", toUser("ann")));
  const a = ask(user("ann"), "get", "pods", "ns", "p");
  const verdict = w.rbac.authorize(a);
  assert.equal(verdict.reason, 'RBAC: clusterrole.rbac.authorization.k8s.io "gone" not found');
  assert.equal(
    forbiddenError(a, verdict.reason).message,
    'pods "p" is forbidden: User "ann" cannot get resource "pods" in API group "" in the namespace "ns": RBAC: clusterrole.rbac.authorization.k8s.io "gone" not found',
  );
});

void test("refusals are worded as upstream's", () => {
  assert.equal(
    forbiddenError(ask(user("x"), "list", "pods", "y"), "").message,
    'pods is forbidden: User "x" cannot list resource "pods" in API group "" in the namespace "y"',
  );
  assert.equal(
    forbiddenError(ask(user("x"), "update", "deployments/scale@apps", "", "d"), "").message,
    'deployments.apps "d" is forbidden: User "x" cannot update resource "deployments/scale" in API group "apps" at the cluster scope',
  );
  assert.equal(forbiddenError(ask(user("x"), "get", "/metrics"), "").message, 'forbidden: User "x" cannot get path "/metrics"');
});

void test("members of system:masters are not asked about", async () => {
  const union = unionAuthorizer(allowGroups(), world().rbac);
  assert.equal((await union.authorize(ask(user("root", "system:masters"), "delete", "nodes"))).decision, "allow");
  assert.equal((await union.authorize(ask(user("ann"), "delete", "nodes"))).decision, "no-opinion");
});

void test("nobody grants what they do not hold, unless they may escalate or bind", async () => {
  const w = world();
  const checks = { rbac: w.rbac, authorizer: unionAuthorizer(allowGroups(), w.rbac) };
  const held: PolicyRule = { verbs: ["get", "list"], apiGroups: [""], resources: ["pods"] };
  w.clusterRoles.put(clusterRole("held", held));
  w.clusterRoles.put(clusterRole("more", { verbs: ["delete"], apiGroups: [""], resources: ["nodes"] }));
  w.clusterRoleBindings.put(bind("b", "held", toUser("ann")));
  const role = (rules: PolicyRule[]): Parameters<typeof checkRoleEscalation>[2] => ({
    resource: "roles",
    namespace: "ns",
    name: "r",
    requestName: "",
    rules,
  });
  await checkRoleEscalation(checks, user("ann"), role([{ verbs: ["get"], apiGroups: [""], resources: ["pods"], resourceNames: ["x"] }]));
  await assert.rejects(
    checkRoleEscalation(checks, user("ann", "g"), role([{ verbs: ["get", "watch"], apiGroups: [""], resources: ["pods"] }])),
    {
      message:
        'roles.rbac.authorization.k8s.io "r" is forbidden: user "ann" (groups=["g"]) is attempting to grant RBAC permissions not currently held:\n{APIGroups:[""], Resources:["pods"], Verbs:["watch"]}',
    },
  );
  const binding = { resource: "clusterrolebindings", namespace: "", name: "new", roleRef: { kind: "ClusterRole", name: "more" } } as const;
  await assert.rejects(checkBindingEscalation(checks, user("ann"), binding), /not currently held/);
  w.clusterRoles.put(clusterRole("binder", { verbs: ["bind"], apiGroups: [api], resources: ["clusterroles"], resourceNames: ["more"] }));
  w.clusterRoleBindings.put(bind("c", "binder", toUser("ann")));
  await checkBindingEscalation(checks, user("ann"), binding);
  await checkRoleEscalation(checks, user("root", "system:masters"), role([{ verbs: ["*"], apiGroups: ["*"], resources: ["*"] }]));
});
