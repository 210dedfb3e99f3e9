/**
 * Prometheus metrics: counters, gauges and histograms with labels, and the text exposition format 0.0.4.
 * A registry belongs to one component; nothing is global.
 */
export type Labels = Record<string, string>;

/** Everything of one name. */
export interface Family {
  readonly name: string;
  readonly help: string;
  readonly type: "counter" | "gauge" | "histogram";
  /** Appends the lines of its values. */
  expose(out: string[]): void;
}

/** A counter or gauge with its labels: what is counted often is looked up once. */
export interface Cell {
  value: number;
}

const separator = "\u0000";

function escapeLabel(value: string): string {
  return value.replace(/\\/g, "\\\\").replace(/\n/g, "\\n").replace(/"/g, '\\"');
}

/** `{a="1",b="2"}` for the values of a key; `extra` is added as it is. */
export function renderLabels(names: readonly string[], key: string, extra = ""): string {
  const values = key === "" && names.length === 0 ? [] : key.split(separator);
  const pairs = names.map((n, i) => `${n}="${escapeLabel(values[i] ?? "")}"`);
  if (extra !== "") pairs.push(extra);
  return pairs.length === 0 ? "" : `{${pairs.join(",")}}`;
}

/** Values that the labels of one metric may have. */
type Allowed = ReadonlyMap<string, ReadonlySet<string>> | undefined;

function keyOf(names: readonly string[], labels: Labels, allowed: Allowed): string {
  if (allowed !== undefined) return names.map((name) => bounded(name, labels[name] ?? "", allowed)).join(separator);
  if (names.length === 1) return labels[names[0] as string] ?? "";
  let key = "";
  for (let i = 0; i < names.length; i++) key += (i === 0 ? "" : separator) + (labels[names[i] as string] ?? "");
  return key;
}

function bounded(name: string, value: string, allowed: NonNullable<Allowed>): string {
  return allowed.get(name)?.has(value) === false ? "unexpected" : value;
}

export class Counter implements Family {
  readonly type: "counter" | "gauge";
  readonly name: string;
  readonly help: string;
  readonly #labels: readonly string[];
  readonly #values = new Map<string, Cell>();

  readonly #allowed: Allowed;

  constructor(name: string, help: string, labels: readonly string[], type: "counter" | "gauge" = "counter", allowed?: Allowed) {
    this.#allowed = allowed;
    this.name = name;
    this.help = help;
    this.type = type;
    this.#labels = labels;
    if (labels.length === 0) this.#values.set("", { value: 0 });
  }

  inc(labels: Labels = {}, by = 1): void {
    this.cell(labels).value += by;
  }

  get(labels: Labels = {}): number {
    return this.#values.get(keyOf(this.#labels, labels, this.#allowed))?.value ?? 0;
  }

  /** The value under these labels, to be changed in place. It is exposed from now on. */
  cell(labels: Labels = {}): Cell {
    const key = keyOf(this.#labels, labels, this.#allowed);
    let cell = this.#values.get(key);
    if (cell === undefined) this.#values.set(key, (cell = { value: 0 }));
    return cell;
  }

  delete(labels: Labels): void {
    this.#values.delete(keyOf(this.#labels, labels, this.#allowed));
  }

  /** Forgets every value. */
  clear(): void {
    this.#values.clear();
  }

  expose(out: string[]): void {
    for (const [key, { value }] of this.#values) out.push(`${this.name}${renderLabels(this.#labels, key)} ${value}`);
  }
}

export class Gauge extends Counter {
  constructor(name: string, help: string, labels: readonly string[], allowed?: Allowed) {
    super(name, help, labels, "gauge", allowed);
  }

  set(value: number, labels: Labels = {}): void {
    this.cell(labels).value = value;
  }

  dec(labels: Labels = {}, by = 1): void {
    this.inc(labels, -by);
  }
}

/** One series of a histogram: what is observed often is looked up once. */
export class Observations {
  readonly #buckets: readonly number[];
  /** By bucket, not added up. */
  readonly counts: number[];
  sum = 0;
  count = 0;

  constructor(buckets: readonly number[]) {
    this.#buckets = buckets;
    this.counts = new Array<number>(buckets.length).fill(0);
  }

  /** `times`: as often as that. */
  observe(value: number, times = 1): void {
    this.sum += value * times;
    this.count += times;
    const buckets = this.#buckets;
    for (let i = 0; i < buckets.length; i++) {
      if (value <= (buckets[i] as number)) {
        this.counts[i] = (this.counts[i] as number) + times;
        return;
      }
    }
  }
}

export class Histogram implements Family {
  readonly type = "histogram";
  readonly name: string;
  readonly help: string;
  readonly #labels: readonly string[];
  readonly #buckets: readonly number[];
  readonly #values = new Map<string, Observations>();

  readonly #allowed: Allowed;

  constructor(name: string, help: string, labels: readonly string[], buckets: readonly number[], allowed?: Allowed) {
    this.#allowed = allowed;
    this.name = name;
    this.help = help;
    this.#labels = labels;
    this.#buckets = buckets;
    if (labels.length === 0) this.#values.set("", new Observations(buckets));
  }

  observe(value: number, labels: Labels = {}): void {
    this.series(labels).observe(value);
  }

  /** Observes under these labels, which are looked up at the first observation: for what is measured on every request. */
  at(labels: Labels): (value: number) => void {
    let series: Observations | undefined;
    return (value) => (series ??= this.series(labels)).observe(value);
  }

  /** The series under these labels. It is exposed from now on. */
  series(labels: Labels = {}): Observations {
    const key = keyOf(this.#labels, labels, this.#allowed);
    let series = this.#values.get(key);
    if (series === undefined) this.#values.set(key, (series = new Observations(this.#buckets)));
    return series;
  }

  expose(out: string[]): void {
    for (const [key, v] of this.#values) {
      let total = 0;
      this.#buckets.forEach((le, i) => {
        total += v.counts[i] as number;
        out.push(`${this.name}_bucket${renderLabels(this.#labels, key, `le="${le}"`)} ${total}`);
      });
      out.push(`${this.name}_bucket${renderLabels(this.#labels, key, 'le="+Inf"')} ${v.count}`);
      out.push(`${this.name}_sum${renderLabels(this.#labels, key)} ${v.sum}`);
      out.push(`${this.name}_count${renderLabels(this.#labels, key)} ${v.count}`);
    }
  }
}

export interface RegistryOptions {
  /** The stability of a metric, which its help begins with. Absent: nothing is said. */
  readonly stability?: ((name: string) => "STABLE" | "BETA" | "ALPHA") | undefined;
  /** Values that a label may have, by metric and label; others are told as `unexpected`. */
  readonly allowed?: ReadonlyMap<string, ReadonlyMap<string, ReadonlySet<string>>> | undefined;
  /** Metrics that are not to be exposed. */
  readonly disabled?: ReadonlySet<string> | undefined;
}

export class MetricsRegistry {
  readonly #options: RegistryOptions;
  readonly #families = new Map<string, Family>();
  readonly #collectors: (() => void)[] = [];

  constructor(options: RegistryOptions = {}) {
    this.#options = options;
  }

  /** Of every family, with values or without. */
  get names(): string[] {
    return [...this.#families.keys()];
  }

  counter(name: string, help: string, labels: readonly string[] = []): Counter {
    return this.#get(name, () => new Counter(name, help, labels, "counter", this.#options.allowed?.get(name)));
  }

  gauge(name: string, help: string, labels: readonly string[] = []): Gauge {
    return this.#get(name, () => new Gauge(name, help, labels, this.#options.allowed?.get(name)));
  }

  /** `buckets`: upper bounds in ascending order, without +Inf. */
  histogram(name: string, help: string, labels: readonly string[], buckets: readonly number[]): Histogram {
    return this.#get(name, () => new Histogram(name, help, labels, buckets, this.#options.allowed?.get(name)));
  }

  /** Runs before every exposition: to set gauges that are derived. */
  onCollect(collect: () => void): void {
    this.#collectors.push(collect);
  }

  /** Adds a family of another make. */
  register<F extends Family>(family: F): F {
    return this.#get(family.name, () => family);
  }

  #get<F extends Family>(name: string, make: () => F): F {
    const known = this.#families.get(name);
    if (known !== undefined) return known as F;
    const made = make();
    this.#families.set(name, made);
    return made;
  }

  /** The text exposition format, families in order of name; those without values say nothing, as with Go's client. */
  expose(): string {
    for (const collect of this.#collectors) collect();
    const { stability, disabled } = this.#options;
    const out: string[] = [];
    for (const family of [...this.#families.values()].sort((a, b) => (a.name < b.name ? -1 : 1))) {
      if (disabled?.has(family.name) === true) continue;
      const help = stability === undefined || family.help.startsWith("[") ? family.help : `[${stability(family.name)}] ${family.help}`;
      const at = out.push(`# HELP ${family.name} ${help.replace(/\n/g, "\\n")}`, `# TYPE ${family.name} ${family.type}`);
      family.expose(out);
      if (out.length === at) out.length -= 2;
    }
    return `${out.join("\n")}\n`;
  }
}
