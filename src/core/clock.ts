/** Time as an input. Nothing outside this file and TLS reads the system's clock or sets a timer of its own. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Monotonic milliseconds, for durations. */
  monotonic(): number;
  setTimeout(run: () => void, ms: number): Timer;
  setInterval(run: () => void, ms: number): Timer;
}

export interface Timer {
  cancel(): void;
}

/** The longest delay the platform's timers take; longer ones are reached in hops. */
const longest = 0x7fffffff;

class SystemClock implements Clock {
  now(): number {
    return Date.now();
  }

  monotonic(): number {
    return performance.now();
  }

  setTimeout(run: () => void, ms: number): Timer {
    const due = performance.now() + ms;
    const arm = (): NodeJS.Timeout => {
      const left = Math.max(0, due - performance.now());
      return left > longest ? setTimeout(() => (handle = arm()), longest) : setTimeout(run, left);
    };
    let handle = arm();
    return { cancel: () => clearTimeout(handle) };
  }

  setInterval(run: () => void, ms: number): Timer {
    const handle = setInterval(run, Math.min(ms, longest));
    return { cancel: () => clearInterval(handle) };
  }
}

export const systemClock: Clock = new SystemClock();

interface FakeTimer {
  due: number;
  order: number;
  every: number | undefined;
  run: () => void;
}

/**
 * A clock that moves only by {@link FakeClock.advance}. Timers run in order of their due time, then of their making.
 * Between two timers the caller's `drain` lets pending work come to rest.
 */
export class FakeClock implements Clock {
  #now: number;
  readonly #start: number;
  #order = 0;
  readonly #timers = new Set<FakeTimer>();

  constructor(start: number = Date.UTC(2026, 0, 1)) {
    this.#now = start;
    this.#start = start;
  }

  now(): number {
    return this.#now;
  }

  monotonic(): number {
    return this.#now - this.#start;
  }

  setTimeout(run: () => void, ms: number): Timer {
    return this.#add(run, ms, undefined);
  }

  setInterval(run: () => void, ms: number): Timer {
    return this.#add(run, ms, Math.max(1, ms));
  }

  #add(run: () => void, ms: number, every: number | undefined): Timer {
    const timer: FakeTimer = { due: this.#now + Math.max(0, ms), order: this.#order++, every, run };
    this.#timers.add(timer);
    return { cancel: () => void this.#timers.delete(timer) };
  }

  /** Moves on by `ms`, running every timer that falls due. `drain` is awaited before the first timer and after each. */
  async advance(ms: number, drain: () => Promise<void> = settle): Promise<void> {
    const end = this.#now + ms;
    await drain();
    for (;;) {
      let next: FakeTimer | undefined;
      for (const t of this.#timers) {
        if (t.due <= end && (next === undefined || t.due < next.due || (t.due === next.due && t.order < next.order))) next = t;
      }
      if (next === undefined) break;
      this.#now = Math.max(this.#now, next.due);
      if (next.every === undefined) this.#timers.delete(next);
      else next.due += next.every;
      next.run();
      await drain();
    }
    this.#now = end;
  }
}

/** Lets promise reactions and immediate callbacks that are already queued run. */
async function settle(): Promise<void> {
  for (let i = 0; i < 10; i++) await new Promise<void>((done) => setImmediate(done));
}

/** Resolves after `ms`, or rejects with the signal's reason. */
export function sleep(clock: Clock, ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) {
      reject(signal.reason as Error);
      return;
    }
    const onAbort = (): void => {
      timer.cancel();
      reject(signal?.reason as Error);
    };
    const timer = clock.setTimeout(() => {
      signal?.removeEventListener("abort", onAbort);
      resolve();
    }, ms);
    signal?.addEventListener("abort", onAbort, { once: true });
  });
}

let lastSecond = Number.NaN;
let lastText = "";

/** `2026-01-01T00:00:00`. Most calls are about the second of the call before. */
function secondText(ms: number): string {
  const second = Math.floor(ms / 1000);
  if (second !== lastSecond) {
    lastText = new Date(second * 1000).toISOString().slice(0, 19);
    lastSecond = second;
  }
  return lastText;
}

/** RFC 3339 with seconds, as metav1.Time is written: `2026-01-01T00:00:00Z`. */
export function formatTime(ms: number): string {
  return `${secondText(ms)}Z`;
}

/** RFC 3339 with microseconds, as metav1.MicroTime is written: `2026-01-01T00:00:00.000000Z`. */
export function formatMicroTime(ms: number): string {
  const micros = Math.floor((ms - Math.floor(ms / 1000) * 1000) * 1000);
  return `${secondText(ms)}.${String(micros).padStart(6, "0")}Z`;
}
