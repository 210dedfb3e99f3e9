/**
 * As whom an API server calls a webhook: its kubeconfig's users are named by the hosts they are for
 * (`*.webhook-company.org`, `svc.namespace.svc:8443`), as upstream's admission configuration has it.
 */
import type { ClientConfig } from "../config.ts";
import { type Kubeconfig, userConfig } from "../kubeconfig.ts";

/** Credentials alone; no server. */
export type WebhookCredentials = Omit<ClientConfig, "server">;

/** The credentials for `host:port`: by name, by suffix, without a port of 443, `*`, the current context's, or none. */
export async function credentialsFor(kubeconfig: Kubeconfig | undefined, hostPort: string): Promise<WebhookCredentials> {
  if (kubeconfig === undefined) return {};
  const user = (name: string): ReturnType<typeof userNamed> => userNamed(kubeconfig, name);
  const named =
    bySuffix(user, hostPort) ??
    (hostPort.endsWith(":443") ? bySuffix(user, hostPort.slice(0, -":443".length)) : undefined) ??
    user("*") ??
    currentUser(kubeconfig);
  return named === undefined ? {} : await userConfig(named);
}

type User = NonNullable<Kubeconfig["users"]>[number]["user"];

function bySuffix(user: (name: string) => User | undefined, target: string): User | undefined {
  const exact = user(target);
  if (exact !== undefined) return exact;
  const steps = target.split(".");
  for (let i = 1; i < steps.length; i++) {
    const found = user(`*.${steps.slice(i).join(".")}`);
    if (found !== undefined) return found;
  }
  return undefined;
}

function userNamed(kubeconfig: Kubeconfig, name: string): User | undefined {
  return kubeconfig.users?.find((entry) => entry.name === name)?.user;
}

function currentUser(kubeconfig: Kubeconfig): User | undefined {
  const current = kubeconfig.contexts?.find((entry) => entry.name === kubeconfig["current-context"]);
  return current?.context.user === undefined ? undefined : userNamed(kubeconfig, current.context.user);
}
