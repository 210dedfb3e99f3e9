/** hostPath volumes: what the type promises is checked or made. */
import { chmodSync, closeSync, mkdirSync, openSync, statSync, type Stats } from "node:fs";
import type { HostPathVolumeSource } from "../../schema/types/core-v1.ts";

/** Throws an Error with the kubelet's words when the path is not what its type says. */
export function prepareHostPath({ path, type = "" }: HostPathVolumeSource): void {
  const stat = statOf(path);
  const fail = (what: string): never => {
    throw new Error(`hostPath type check failed: ${path} is not a ${what}`);
  };
  switch (type) {
    case "":
      return;
    case "DirectoryOrCreate":
      if (stat === undefined) {
        mkdirSync(path, { recursive: true, mode: 0o755 });
        return;
      }
      if (!stat.isDirectory()) fail("directory");
      return;
    case "Directory":
      if (stat?.isDirectory() !== true) fail("directory");
      return;
    case "FileOrCreate":
      if (stat === undefined) {
        closeSync(openSync(path, "a", 0o644));
        chmodSync(path, 0o644);
        return;
      }
      if (!stat.isFile()) fail("file");
      return;
    case "File":
      if (stat?.isFile() !== true) fail("file");
      return;
    case "Socket":
      if (stat?.isSocket() !== true) fail("socket file");
      return;
    case "CharDevice":
      if (stat?.isCharacterDevice() !== true) fail("character device");
      return;
    case "BlockDevice":
      if (stat?.isBlockDevice() !== true) fail("block device");
      return;
    default:
      throw new Error(`${type} is an invalid volume type`);
  }
}

function statOf(path: string): Stats | undefined {
  return statSync(path, { throwIfNoEntry: false });
}
