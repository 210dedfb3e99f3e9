import type { AdmissionAttributes, AdmissionPlugin } from "../../apiserver/admission.ts";
import { generateName } from "../../apiserver/verbs/metadata.ts";
import { sleep } from "../../core/clock.ts";
import type { Container, Pod, ServiceAccount, Volume } from "../../schema/types/core-v1.ts";
import type { ResourceDeps } from "../deps.ts";
import { isAbout, refusal } from "./forbidden.ts";
import { checkMirrorPod, checkSecretReferences, enforcesMountableSecrets, isMirrorPod, limitEphemeralSecrets } from "./pod-references.ts";

const defaultAccount = "default";
const tokenVolume = "kube-api-access-";
export const tokenMountPath = "/var/run/secrets/kubernetes.io/serviceaccount";
/** An hour and seven seconds: the lifetime that tells the issuer to extend the token (KEP-1205). */
const tokenSeconds = 3607;
/** The default account comes with its namespace, by a controller: it is waited for. */
const attempts = 10;

/** Every pod runs as a service account that exists, and finds its token (projected, KEP-1205). */
export function serviceAccount(deps: ResourceDeps): AdmissionPlugin {
  const account = async (attributes: AdmissionAttributes, name: string): Promise<ServiceAccount> => {
    const interval = 100 + Math.random() * 100;
    for (let i = 1; ; i++) {
      const found = await deps.objects("", "serviceaccounts").get(attributes.namespace, name);
      if (found !== undefined) return found as ServiceAccount;
      if (name !== defaultAccount || i >= attempts) {
        const why = `error looking up service account ${attributes.namespace}/${name}: serviceaccount "${name}" not found`;
        throw refusal(attributes, why);
      }
      await sleep(deps.clock, interval, attributes.request.signal);
    }
  };
  const check = async (attributes: AdmissionAttributes): Promise<void> => {
    const pod = attributes.object as unknown as Pod;
    if (attributes.operation === "CREATE" && isMirrorPod(pod)) {
      checkMirrorPod(attributes, pod);
      return;
    }
    const name = pod.spec?.serviceAccountName ?? "";
    if (name === "") throw refusal(attributes, `no service account specified for pod ${attributes.namespace}/${pod.metadata?.name ?? ""}`);
    const found = await account(attributes, name);
    if (!enforcesMountableSecrets(found)) return;
    if (attributes.operation === "CREATE") checkSecretReferences(attributes, found, pod);
    else limitEphemeralSecrets(found, pod);
  };
  return {
    name: "ServiceAccount",
    handles: (a) =>
      (a.operation === "CREATE" && isAbout(a, "", "pods")) || (a.operation === "UPDATE" && isAbout(a, "", "pods", "ephemeralcontainers")),
    admit: async (attributes) => {
      if (attributes.operation !== "CREATE") return;
      const pod = attributes.object as unknown as Pod;
      if (pod.spec === undefined) return;
      if (isMirrorPod(pod)) {
        checkMirrorPod(attributes, pod);
        return;
      }
      if (!pod.spec.serviceAccountName) pod.spec.serviceAccountName = defaultAccount;
      // The old name of the field says the same.
      pod.spec.serviceAccount = pod.spec.serviceAccountName;
      const found = await account(attributes, pod.spec.serviceAccountName);
      if (pod.spec.automountServiceAccountToken ?? found.automountServiceAccountToken ?? true) mountToken(pod.spec);
      if (!pod.spec.imagePullSecrets?.length && found.imagePullSecrets?.length)
        pod.spec.imagePullSecrets = found.imagePullSecrets.map(({ name }) => (name === undefined ? {} : { name }));
      if (enforcesMountableSecrets(found)) checkSecretReferences(attributes, found, pod);
    },
    validate: check,
  };
}

/** Every container that mounts nothing else there finds the token where clients look for it. */
function mountToken(spec: NonNullable<Pod["spec"]>): void {
  const existing = spec.volumes?.find((v) => v.name.startsWith(tokenVolume));
  const name = existing?.name ?? generateName(tokenVolume);
  let needed = false;
  const mount = (container: Container): void => {
    if (container.volumeMounts?.some((m) => m.mountPath === tokenMountPath)) return;
    container.volumeMounts = [...(container.volumeMounts ?? []), { name, readOnly: true, mountPath: tokenMountPath }];
    needed = true;
  };
  for (const container of spec.initContainers ?? []) mount(container);
  // A pod without containers is refused later, in validation's words.
  for (const container of (spec.containers as Container[] | undefined) ?? []) mount(container);
  if (existing === undefined && needed) spec.volumes = [...(spec.volumes ?? []), tokenSource(name)];
}

function tokenSource(name: string): Volume {
  return {
    name,
    projected: {
      sources: [
        { serviceAccountToken: { expirationSeconds: tokenSeconds, path: "token" } },
        { configMap: { name: "kube-root-ca.crt", items: [{ key: "ca.crt", path: "ca.crt" }] } },
        { downwardAPI: { items: [{ path: "namespace", fieldRef: { apiVersion: "v1", fieldPath: "metadata.namespace" } }] } },
      ],
      defaultMode: 420,
    },
  };
}
