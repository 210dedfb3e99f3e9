/** What goes wrong with the machine under a cluster, in one sentence with the mend. */
import { ClusterError } from "./state.ts";
import type { ClusterConfig } from "./options.ts";

/** What the file system says, for any command; undefined: it was something else. `otherwise`: what is named when the error names no path. */
export function fileProblem(error: unknown, otherwise = "a file"): ClusterError | undefined {
  if (!(error instanceof Error)) return undefined;
  const { code, path } = error as NodeJS.ErrnoException;
  const where = path ?? otherwise;
  switch (code) {
    case "ENOSPC":
    case "EDQUOT":
      return new ClusterError(`the disk of ${where} is full; free some room and try again: nothing that was acknowledged is lost`);
    case "EROFS":
      return new ClusterError(`${where} cannot be written: its file system is read-only; mount it for writing, or give another --data-dir`);
    case "EACCES":
    case "EPERM":
      if (path === undefined) return new ClusterError(`this user may not do that (${error.message}); use the user who started the cluster`);
      return new ClusterError(`${where} may not be used by this user (${code}); mend its permissions, or give another --data-dir`);
    case "ENOTDIR":
    case "EISDIR":
    case "EEXIST":
      if (path === undefined) return undefined;
      return new ClusterError(
        `${where} cannot be used: ${code === "EISDIR" ? "it is a directory" : "a file is where a directory must be"}; move it away, or give another --data-dir`,
      );
    default:
      return undefined;
  }
}

export function startupProblem(error: unknown, config: ClusterConfig): Error {
  if (!(error instanceof Error)) return new ClusterError(String(error));
  const code = (error as NodeJS.ErrnoException).code;
  if (code === "EADDRINUSE") return new ClusterError(`port ${config.port} is taken by another program; give a free one with --port`);
  if (error.name === "StoreError") {
    if (config.store.kind !== "etcd") return new ClusterError(`${config.dataDir}/store: ${error.message}`);
    return new ClusterError(`etcd at ${config.store.endpoints.join(", ")} cannot be used: ${error.message}`);
  }
  return fileProblem(error, config.dataDir) ?? error;
}
