/** Where audit events go. */
import type { AuditEvent } from "./event.ts";

export interface AuditBackend {
  /**
   * Takes events. False, or a promise of it: they could not be kept, and the request must not go on (blocking-strict). A
   * promise is given only where somebody has to wait.
   */
  process(events: readonly AuditEvent[]): boolean | Promise<boolean>;
  /** Everything that was taken is on its way to where it is kept. */
  close(): Promise<void>;
}

/** Told of events that are lost: the plugin's name (`log`, `webhook`, `buffered`, `truncate`), why, and which. */
export type AuditFailure = (plugin: string, why: string, events: readonly AuditEvent[]) => void;

/** What several together have answered; a promise only where one of them is. */
export function allKept(answers: readonly (boolean | Promise<boolean>)[]): boolean | Promise<boolean> {
  if (answers.every((a) => typeof a === "boolean")) return !answers.includes(false);
  return Promise.all(answers.map((a) => Promise.resolve(a))).then((all) => !all.includes(false));
}

/** Events that could not be kept do not hold up requests (mode `blocking`). */
export function ignoringErrors(backend: AuditBackend): AuditBackend {
  return {
    process: (events) => {
      const done = backend.process(events);
      return done instanceof Promise ? done.then(() => true) : true;
    },
    close: () => backend.close(),
  };
}

/** Each event goes to all of them. */
export function unionBackend(backends: readonly AuditBackend[]): AuditBackend {
  const [only, ...more] = backends;
  if (only !== undefined && more.length === 0) return only;
  return {
    process: (events) => allKept(backends.map((backend) => backend.process(events))),
    close: async () => void (await Promise.all(backends.map((backend) => backend.close()))),
  };
}
