/** Revokes token secrets that nobody has used for a year, and removes them a year later. */
import { hasReason } from "../../core/api-error.ts";
import type { Controller, ControllerContext } from "../../operator/controller.ts";
import { configmaps, pods, type Secret, secrets, type ServiceAccount, serviceaccounts } from "../../schema/types/core-v1.ts";
import { dayOf, fateOf, invalidSinceLabel, secretNamesOf, trackedSince } from "./plan.ts";

export interface LegacyTokenCleanerOptions {
  /** How long a token must have been out of use, in ms; a year when absent. */
  readonly unusedFor?: number;
}

const year = 365 * 24 * 3_600_000;
const everyDay = 24 * 3_600_000;
/** Where API servers write since when they note the use of tokens. */
const trackingMap = "kube-apiserver-legacy-service-account-token-tracking";

export function legacyTokenCleanerController({ unusedFor = year }: LegacyTokenCleanerOptions = {}): Controller {
  return {
    name: "legacy-serviceaccount-token-cleaner-controller",
    identity: "legacy-service-account-token-cleaner",
    workers: 1,
    setup(context, queue) {
      const { informers, clock } = context;
      const secretInformer = informers.informer(secrets, { fieldSelector: "type=kubernetes.io/service-account-token" });
      const accountInformer = informers.informer(serviceaccounts);
      const podInformer = informers.informer(pods);
      queue.add("all");
      return async (_, signal) => {
        const now = clock.now();
        const since = await tracked(context, signal);
        if (since !== undefined && now >= since + unusedFor) {
          const mounted = new Map<string, Set<string>>();
          for (const secret of secretInformer.lister.list()) {
            const { namespace = "", name = "", annotations } = secret.metadata ?? {};
            const account = accountInformer.lister.get(namespace, annotations?.["kubernetes.io/service-account.name"] ?? "");
            let names = mounted.get(namespace);
            if (names === undefined) {
              names = new Set(podInformer.lister.list(namespace).flatMap((pod) => [...secretNamesOf(pod)]));
              mounted.set(namespace, names);
            }
            const fate = fateOf(
              secret,
              ofUid(account, annotations?.["kubernetes.io/service-account.uid"]),
              names.has(name),
              now - unusedFor,
            );
            if (fate !== "keep") await carryOut(context, secret, fate, dayOf(now), signal);
          }
        }
        return { requeueAfter: everyDay };
      };
    },
  };
}

function ofUid(account: ServiceAccount | undefined, uid: string | undefined): ServiceAccount | undefined {
  return !uid || account?.metadata?.uid === uid ? account : undefined;
}

async function tracked({ client, log }: ControllerContext, signal: AbortSignal): Promise<number | undefined> {
  try {
    const map = await client.resource(configmaps, "kube-system").get(trackingMap, { signal });
    return trackedSince(map.data?.["since"]);
  } catch (error) {
    if (!hasReason(error, "NotFound")) log.warn("it is not known since when the use of tokens is noted", { error });
    return undefined;
  }
}

async function carryOut(
  { client, log }: ControllerContext,
  secret: Secret,
  fate: "invalidate" | "delete",
  today: string,
  signal: AbortSignal,
): Promise<void> {
  const { namespace = "", name = "", uid, resourceVersion } = secret.metadata ?? {};
  const at = client.resource(secrets, namespace);
  try {
    if (fate === "delete") {
      await at.delete(name, { signal, preconditions: resourceVersion === undefined ? {} : { resourceVersion } });
    } else {
      await at.patch(
        name,
        "merge",
        { metadata: { ...(uid === undefined ? {} : { uid }), labels: { [invalidSinceLabel]: today } } },
        { signal },
      );
    }
  } catch (error) {
    if (!hasReason(error, "NotFound", "Conflict"))
      log.warn("an unused token secret stays as it is", { error, secret: `${namespace}/${name}` });
  }
}
