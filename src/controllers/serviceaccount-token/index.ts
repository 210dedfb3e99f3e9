/** Fills the token secrets of service accounts, and removes them with their accounts. */
import { hasReason } from "../../core/api-error.ts";
import type { Controller, ControllerContext, KeyQueue } from "../../operator/controller.ts";
import { mutable, splitKey } from "../../schema/object.ts";
import { type Secret, secrets, type ServiceAccount, serviceaccounts } from "../../schema/types/core-v1.ts";
import { typed } from "../typed.ts";
import { accountName, accountUid, isTokenSecret, missingData, withData } from "./plan.ts";

export interface ServiceAccountTokenOptions {
  /** The everlasting token that names this account and this secret. */
  readonly issue: (account: { namespace: string; name: string; uid: string }, secretName: string) => string;
  /** PEM certificates by which pods verify the API server; secrets carry none when absent. */
  readonly rootCertificates?: string | undefined;
}

export function serviceAccountTokenController(options: ServiceAccountTokenOptions): Controller {
  return {
    name: "serviceaccount-token-controller",
    // What every other controller's credential may depend on is done under the manager's own.
    identity: null,
    workers: 5,
    setup(context, queue) {
      const loop = new Tokens(context, queue, options);
      return (key, signal) => loop.reconcile(key, signal);
    },
  };
}

class Tokens {
  readonly #context: ControllerContext;
  readonly #options: ServiceAccountTokenOptions;
  readonly #secrets;
  readonly #accounts;
  /** Which account a secret that is gone was for. */
  readonly #gone = new Map<string, { readonly account: string; readonly uid: string }>();

  constructor(context: ControllerContext, queue: KeyQueue, options: ServiceAccountTokenOptions) {
    this.#context = context;
    this.#options = options;
    const secretInformer = context.informers.informer(secrets, { fieldSelector: "type=kubernetes.io/service-account-token" });
    const accountInformer = context.informers.informer(serviceaccounts);
    this.#secrets = secretInformer.lister;
    this.#accounts = accountInformer.lister;
    const keyOf = (secret: Secret): string => `secret/${secret.metadata?.namespace ?? ""}/${secret.metadata?.name ?? ""}`;
    const enqueue = (secret: Secret): void => {
      this.#gone.delete(keyOf(secret));
      queue.add(keyOf(secret));
    };
    secretInformer.addHandlers({
      onAdd: enqueue,
      onUpdate: enqueue,
      onDelete: (secret) => {
        this.#gone.set(keyOf(secret), { account: accountName(secret), uid: accountUid(secret) });
        queue.add(keyOf(secret));
      },
    });
    accountInformer.addHandlers({
      onDelete: ({ metadata }) => queue.add(`account/${metadata?.namespace ?? ""}/${metadata?.name ?? ""}/${metadata?.uid ?? ""}`),
    });
  }

  async reconcile(key: string, signal: AbortSignal): Promise<void> {
    if (key.startsWith("account/")) {
      const [, namespace = "", name = "", uid = ""] = key.split("/");
      await this.#accountGone(namespace, name, uid, signal);
      return;
    }
    const { namespace, name } = splitKey(key.slice("secret/".length));
    const secret = this.#secrets.get(namespace, name);
    const gone = this.#gone.get(key);
    if (secret !== undefined) await this.#fill(secret, signal);
    else if (gone !== undefined) {
      await this.#forget(namespace, gone.account, gone.uid, name, signal);
      this.#gone.delete(key);
    }
  }

  async #accountGone(namespace: string, name: string, uid: string, signal: AbortSignal): Promise<void> {
    if (this.#accounts.get(namespace, name)?.metadata?.uid === uid) return;
    for (const secret of this.#secrets.list(namespace)) {
      if (isTokenSecret(secret) && accountName(secret) === name && accountUid(secret) === uid) await this.#remove(secret, signal);
    }
  }

  async #fill(cached: Secret, signal: AbortSignal): Promise<void> {
    const { client } = this.#context;
    const { namespace = "", name = "" } = cached.metadata ?? {};
    const account = await this.#account(namespace, accountName(cached), accountUid(cached), signal);
    if (account === undefined) {
      await this.#remove(cached, signal);
      return;
    }
    const rootCertificates = this.#options.rootCertificates ?? "";
    if (!missingData(cached, rootCertificates).any) return;
    try {
      const live = await client.resource(secrets, namespace).get(name, { signal });
      if (live.metadata?.resourceVersion !== cached.metadata?.resourceVersion) return;
      const { name: of = "", uid = "" } = account.metadata ?? {};
      const token = (): string => this.#options.issue({ namespace, name: of, uid }, name);
      const filled = withData(mutable(typed(secrets, live)), { name: of, uid }, rootCertificates, token);
      await client.resource(secrets, namespace).update(filled, { signal });
    } catch (error) {
      // Somebody else wrote it, or it is gone: its event comes.
      if (!hasReason(error, "Conflict", "NotFound")) throw error;
    }
  }

  /** From the cache, or when that does not know it, from the server: a cache that is behind must not cost tokens. */
  async #account(namespace: string, name: string, uid: string, signal: AbortSignal): Promise<ServiceAccount | undefined> {
    const fits = (account: ServiceAccount | undefined): boolean => account !== undefined && (uid === "" || account.metadata?.uid === uid);
    const cached = this.#accounts.get(namespace, name);
    if (fits(cached)) return cached;
    if (name === "") return undefined;
    try {
      const live = await this.#context.client.resource(serviceaccounts, namespace).get(name, { signal });
      return fits(live) ? live : undefined;
    } catch (error) {
      if (hasReason(error, "NotFound")) return undefined;
      throw error;
    }
  }

  async #remove(secret: Secret, signal: AbortSignal): Promise<void> {
    const { namespace = "", name = "", uid } = secret.metadata ?? {};
    try {
      await this.#context.client
        .resource(secrets, namespace)
        .delete(name, { signal, ...(uid === undefined ? {} : { preconditions: { uid } }) });
    } catch (error) {
      if (!hasReason(error, "NotFound", "Conflict")) throw error;
    }
  }

  /** An account names its secret no more. */
  async #forget(namespace: string, account: string, uid: string, secretName: string, signal: AbortSignal): Promise<void> {
    if (account === "" || this.#accounts.get(namespace, account) === undefined) return;
    const at = this.#context.client.resource(serviceaccounts, namespace);
    try {
      const live = await at.get(account, { signal });
      if (uid !== "" && live.metadata?.uid !== uid) return;
      const left = (live.secrets ?? []).filter((s) => s.name !== secretName);
      if (left.length === (live.secrets ?? []).length) return;
      await at.update({ ...mutable(typed(serviceaccounts, live)), secrets: left }, { signal });
    } catch (error) {
      if (!hasReason(error, "NotFound")) throw error;
    }
  }
}
