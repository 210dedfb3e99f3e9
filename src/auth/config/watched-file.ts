/** Looks at a file when its directory says that something changed, and once a minute in case it did not say so. */
import { type FSWatcher, watch } from "node:fs";
import { dirname } from "node:path";
import type { Clock, Timer } from "../../core/clock.ts";
import type { Logger } from "../../core/log.ts";

const everyMinute = 60_000;
/** Editors and mounted secrets change a file in several steps. Milliseconds. */
const settle = 50;

export interface FileWatch {
  stop(): void;
}

/** Calls `look` now and then; never twice at once. What it throws or rejects with is logged. */
export function watchFile(
  path: string,
  look: () => Promise<void> | void,
  options: { readonly clock: Clock; readonly log: Logger },
): FileWatch {
  const { clock, log } = options;
  let stopped = false;
  let looking = false;
  let again = false;
  let pending: Timer | undefined;
  const run = async (): Promise<void> => {
    if (looking) {
      again = true;
      return;
    }
    looking = true;
    do {
      again = false;
      try {
        await look();
      } catch (error) {
        log.error("looking at a configuration file failed", { path, error });
      }
    } while (again && !stopped);
    looking = false;
  };
  const soon = (): void => {
    pending?.cancel();
    pending = clock.setTimeout(() => void run(), settle);
  };
  let watcher: FSWatcher | undefined;
  try {
    watcher = watch(dirname(path), { persistent: false }, soon);
    watcher.on("error", (error) => log.warn("watching a configuration file's directory failed", { path, error }));
  } catch (error) {
    log.warn("a configuration file's directory cannot be watched", { path, error });
  }
  const timer = clock.setInterval(() => void run(), everyMinute);
  return {
    stop: () => {
      stopped = true;
      pending?.cancel();
      timer.cancel();
      watcher?.close();
    },
  };
}
