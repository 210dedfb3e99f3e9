/** What an EncryptionConfiguration says, with its defaults. */

export interface EncryptionKey {
  readonly name: string;
  /** Base64. */
  readonly secret: string;
}

export interface KeysConfiguration {
  readonly keys: readonly EncryptionKey[];
}

export interface KmsConfiguration {
  readonly apiVersion: string;
  readonly name: string;
  /** Only of v1. */
  readonly cachesize: number | undefined;
  /** `unix:///run/kms.sock` */
  readonly endpoint: string;
  /** Milliseconds. */
  readonly timeout: number;
  /** As it was written. */
  readonly timeoutText: string;
}

/** Exactly one of them, in a file that is valid. */
export interface ProviderConfiguration {
  readonly aesgcm?: KeysConfiguration | undefined;
  readonly aescbc?: KeysConfiguration | undefined;
  readonly secretbox?: KeysConfiguration | undefined;
  readonly identity?: object | undefined;
  readonly kms?: KmsConfiguration | undefined;
}

export interface ResourceEncryption {
  /** `secrets`, `deployments.apps`, `*.apps`, `*.` (the core group), `*.*`. */
  readonly resources: readonly string[];
  readonly providers: readonly ProviderConfiguration[];
}

export interface EncryptionConfiguration {
  readonly resources: readonly ResourceEncryption[];
}
