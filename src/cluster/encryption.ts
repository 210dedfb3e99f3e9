/** Encryption at rest as kube-apiserver's flags want it. Loaded only where a configuration is given. */
import { type EncryptionAtRest, EncryptionConfigurationError } from "../apiserver/encryption/index.ts";
import type { Clock } from "../core/clock.ts";
import type { Logger } from "../core/log.ts";
import type { MetricsRegistry } from "../core/metrics.ts";
import type { ApiServerFlags } from "./api-server-flags/index.ts";
import { storedKey } from "./cluster-store.ts";
import type { ClusterConfig } from "./options.ts";
import { UsageError } from "./usage-error.ts";

export interface EncryptionContext {
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: MetricsRegistry;
  /** The API server's own name. */
  readonly server: string;
}

/**
 * @returns undefined where there is no configuration
 * @throws UsageError for one that cannot be read or used
 */
export async function encryptionOf(
  config: ClusterConfig,
  flags: ApiServerFlags,
  context: EncryptionContext,
): Promise<EncryptionAtRest | undefined> {
  const file = flags.file("encryption-provider-config");
  if (file === undefined) return undefined;
  const { EncryptionAtRest: Encryption } = await import("../apiserver/encryption/index.ts");
  try {
    return await Encryption.open({
      ...context,
      text: file.text,
      path: file.path,
      reload: flags.bool("encryption-provider-config-automatic-reload"),
      storedKey: (key) => storedKey(config, flags, key),
    });
  } catch (error) {
    if (error instanceof EncryptionConfigurationError) {
      throw new UsageError(`--kube-apiserver-arg encryption-provider-config: ${error.message}`);
    }
    throw error;
  }
}
