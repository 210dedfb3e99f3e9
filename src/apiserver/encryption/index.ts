/** Encryption at rest: what is stored is sealed by the providers of an EncryptionConfiguration. */
export { EncryptionAtRest, type EncryptionOptions } from "./encryption-at-rest.ts";
export { EncryptionConfigurationError } from "./encryption-configuration.ts";
