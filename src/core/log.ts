/** Structured logging: one line a record, `time level component message key=value…`, or JSON. */
export interface Logger {
  debug(message: string, fields?: Fields): void;
  info(message: string, fields?: Fields): void;
  warn(message: string, fields?: Fields): void;
  error(message: string, fields?: Fields): void;
  /** A logger whose records carry `component` (joined by `/`) and `fields`. */
  child(component: string, fields?: Fields): Logger;
}

export type Fields = Record<string, unknown>;
export type Level = "debug" | "info" | "warn" | "error";

const order: Record<Level, number> = { debug: 0, info: 1, warn: 2, error: 3 };

/** From which level on records are kept; it may change while the logger is used. */
export interface Threshold {
  level: Level;
}

export interface LogOptions {
  /** A threshold may be changed later. */
  level?: Level | Threshold;
  json?: boolean;
  write?: (line: string) => void;
  now?: () => number;
}

type Settled = Required<Omit<LogOptions, "level">> & { readonly threshold: Threshold };

class LineLogger implements Logger {
  readonly #options: Settled;
  readonly #component: string;
  readonly #fields: Fields;

  constructor(options: Settled, component: string, fields: Fields) {
    this.#options = options;
    this.#component = component;
    this.#fields = fields;
  }

  debug(message: string, fields?: Fields): void {
    this.#log("debug", message, fields);
  }
  info(message: string, fields?: Fields): void {
    this.#log("info", message, fields);
  }
  warn(message: string, fields?: Fields): void {
    this.#log("warn", message, fields);
  }
  error(message: string, fields?: Fields): void {
    this.#log("error", message, fields);
  }

  child(component: string, fields?: Fields): Logger {
    const name = this.#component === "" ? component : `${this.#component}/${component}`;
    return new LineLogger(this.#options, name, { ...this.#fields, ...fields });
  }

  #log(level: Level, message: string, fields: Fields | undefined): void {
    const { json, write, now, threshold } = this.#options;
    if (order[level] < order[threshold.level]) return;
    const all = { ...this.#fields, ...fields };
    const time = new Date(now()).toISOString();
    if (json) {
      write(`${JSON.stringify({ time, level, component: this.#component, message, ...mapValues(all) })}\n`);
      return;
    }
    let line = `${time} ${level.toUpperCase().padEnd(5)} ${this.#component}${this.#component === "" ? "" : ": "}${message}`;
    for (const [key, value] of Object.entries(mapValues(all))) {
      if (value !== undefined) line += ` ${key}=${typeof value === "string" && !/[\s"=]/.test(value) ? value : JSON.stringify(value)}`;
    }
    write(`${line}\n`);
  }
}

function mapValues(fields: Fields): Fields {
  return Object.fromEntries(Object.entries(fields).map(([k, v]) => [k, v instanceof Error ? describe(v) : v]));
}

/** An error's message with those of its causes. */
function describe(error: Error): string {
  return error.cause instanceof Error ? `${error.message}: ${describe(error.cause)}` : error.message;
}

/** Defaults: level `info`, text, to standard error. */
export function createLogger(options: LogOptions = {}): Logger {
  return new LineLogger(
    {
      threshold: typeof options.level === "object" ? options.level : { level: options.level ?? "info" },
      json: options.json ?? false,
      write: options.write ?? ((l) => process.stderr.write(l)),
      now: options.now ?? Date.now,
    },
    "",
    {},
  );
}

/** Drops everything: for tests. */
export const silent: Logger = createLogger({ write: () => undefined });
