/** Names that Kubernetes itself gives a meaning: users, groups, and how a service account is called. */

export const anonymousUser = "system:anonymous";
export const authenticatedGroup = "system:authenticated";
export const unauthenticatedGroup = "system:unauthenticated";
/** May do everything, before any authorizer is asked. */
export const mastersGroup = "system:masters";
export const nodesGroup = "system:nodes";
export const serviceAccountsGroup = "system:serviceaccounts";

const serviceAccountPrefix = "system:serviceaccount:";
const nodePrefix = "system:node:";

export function serviceAccountUser(namespace: string, name: string): string {
  return `${serviceAccountPrefix}${namespace}:${name}`;
}

export function serviceAccountGroups(namespace: string): string[] {
  return [serviceAccountsGroup, `${serviceAccountsGroup}:${namespace}`];
}

const label = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;
const subdomain = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;

/** The inverse of {@link serviceAccountUser}; undefined when the user is no service account. */
export function splitServiceAccountUser(user: string): { namespace: string; name: string } | undefined {
  if (!user.startsWith(serviceAccountPrefix)) return undefined;
  const parts = user.slice(serviceAccountPrefix.length).split(":");
  const [namespace = "", name = ""] = parts;
  if (parts.length !== 2 || !label.test(namespace) || name.length > 253 || !subdomain.test(name)) return undefined;
  return { namespace, name };
}

export function nodeUser(node: string): string {
  return nodePrefix + node;
}

/** The node's name when the user is one by its name, whatever its groups. */
export function splitNodeUser(user: string): string | undefined {
  if (!user.startsWith(nodePrefix)) return undefined;
  const node = user.slice(nodePrefix.length);
  return node.length <= 253 && subdomain.test(node) ? node : undefined;
}
