/**
 * Whether etcd can be believed when it tells how far a watch is. Before 3.4.31 and 3.5.13 it could tell a revision whose
 * events it had not sent yet (etcd issue 15220).
 */

/** `version`: `3.5.13`. What cannot be read is not believed. */
export function progressIsTrusted(version: string): boolean {
  const parts = /^(\d+)\.(\d+)\.(\d+)/.exec(version);
  if (parts === null) return false;
  const [major, minor, patch] = [Number(parts[1]), Number(parts[2]), Number(parts[3])];
  if (major !== 3) return major > 3;
  if (minor === 4) return patch >= 31;
  if (minor === 5) return patch >= 13;
  return minor > 5;
}
