/** Configuration of the webhook plugins: as whom webhooks are called. */
import { isAbsolute } from "node:path";
import { ConfigurationError, readDocument } from "./document.ts";

const fields = { kubeConfigFile: "string", staticManifestsDir: "string" } as const;

/** The kubeconfig whose users are named by hosts; undefined when none is given. Throws {@link ConfigurationError}. */
export function parseWebhookConfiguration(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  const document = readDocument(text, [
    { versions: ["apiserver.config.k8s.io/v1"], kind: "WebhookAdmissionConfiguration", fields },
    { versions: ["apiserver.config.k8s.io/v1alpha1"], kind: "WebhookAdmission", fields },
  ]);
  const file = String((document["kubeConfigFile"] as string | null | undefined) ?? "");
  if (file !== "" && !isAbsolute(file))
    throw new ConfigurationError(`kubeConfigFile: Invalid value: ${JSON.stringify(file)}: must be an absolute file path`);
  const manifests = String((document["staticManifestsDir"] as string | null | undefined) ?? "");
  if (manifests !== "") {
    const gate = "ManifestBasedAdmissionControlConfig feature gate is not enabled";
    throw new ConfigurationError(`static webhook manifests dir ${JSON.stringify(manifests)} configured but ${gate}`);
  }
  return file === "" ? undefined : file;
}
