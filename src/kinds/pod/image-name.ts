/** The tag of an image reference, by the grammar of `distribution/reference`. */
const component = "[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*";
const domain =
  "(?:(?:[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?)(?:\\.[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?)*|\\[[a-fA-F0-9:]+\\])(?::[0-9]+)?";
const digest = "[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}";
const reference: RegExp = new RegExp(`^(?:${domain}/)?${component}(?:/${component})*(?::([\\w][\\w.-]{0,127}))?(@${digest})?$`);
const bareIdentifier = /^[a-f0-9]{64}$/;

/**
 * The tag an image is pulled by: `latest` when neither tag nor digest is given, empty when only a digest is, and empty
 * for a reference that is not well-formed (validation says so elsewhere, or never).
 */
export function imageTag(image: string): string {
  if (image.length > 4096 || bareIdentifier.test(image)) return "";
  const match = reference.exec(image);
  if (match === null) return "";
  return match[1] ?? (match[2] === undefined ? "latest" : "");
}

/** The pull policy of an image for which none is given. */
export function defaultPullPolicy(image: string): string {
  return imageTag(image) === "latest" ? "Always" : "IfNotPresent";
}
