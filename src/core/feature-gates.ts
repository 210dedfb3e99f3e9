/**
 * Which features are on: the table of v1.36 with what `--feature-gates` says over it. Values are passed on in options; nothing
 * is global. Wording of faults: `k8s.io/component-base/featuregate`.
 */
import { featureGateDependencies, featureGateGroups, type FeatureStage } from "./feature-gate-table.ts";

export interface FeatureGate {
  readonly name: string;
  readonly stage: FeatureStage;
  readonly default: boolean;
  readonly locked: boolean;
}

let table: ReadonlyMap<string, FeatureGate> | undefined;

/** Every gate of this version by name, in order of name. */
export function knownFeatureGates(): ReadonlyMap<string, FeatureGate> {
  if (table !== undefined) return table;
  const all = featureGateGroups.flatMap(({ names, ...traits }) =>
    names
      .trim()
      .split(/\s+/)
      .map((name): FeatureGate => ({ name, ...traits })),
  );
  return (table = new Map(all.sort((a, b) => (a.name < b.name ? -1 : 1)).map((gate) => [gate.name, gate])));
}

export interface FeatureGates {
  /** Whether the feature is on. Throws a RangeError for a name that no gate has: a mistake in the program. */
  enabled(name: string): boolean;
  /** What was set, in order of name. */
  readonly given: ReadonlyMap<string, boolean>;
  /** Every gate and whether it is on: for metrics and pages about the server. */
  all(): (FeatureGate & { readonly enabled: boolean })[];
}

class Gates implements FeatureGates {
  readonly given: ReadonlyMap<string, boolean>;

  constructor(given: ReadonlyMap<string, boolean>) {
    this.given = given;
  }

  enabled(name: string): boolean {
    const gate = knownFeatureGates().get(name);
    if (gate === undefined) throw new RangeError(`no feature gate is named ${JSON.stringify(name)}`);
    return this.#on(gate);
  }

  /** What names the gate wins over what names its whole stage. */
  #on(gate: FeatureGate): boolean {
    const own = this.given.get(gate.name);
    if (own !== undefined) return own;
    const stage = gate.stage === "ALPHA" ? this.given.get("AllAlpha") : gate.stage === "BETA" ? this.given.get("AllBeta") : undefined;
    return stage === undefined || gate.locked || isStage(gate.name) ? gate.default : stage;
  }

  all(): (FeatureGate & { readonly enabled: boolean })[] {
    return [...knownFeatureGates().values()].map((gate) => ({ ...gate, enabled: this.#on(gate) }));
  }
}

function isStage(name: string): boolean {
  return name === "AllAlpha" || name === "AllBeta";
}

/** What is on when nothing is said. */
export const defaultFeatureGates: FeatureGates = new Gates(new Map());

const booleans: Readonly<Record<string, boolean>> = {
  1: true,
  t: true,
  T: true,
  true: true,
  TRUE: true,
  True: true,
  0: false,
  f: false,
  F: false,
  false: false,
  FALSE: false,
  False: false,
};

/** As Go's strconv.ParseBool reads it; undefined when it is none. */
export function parseGoBool(text: string): boolean | undefined {
  return Object.hasOwn(booleans, text) ? booleans[text] : undefined;
}

/**
 * Reads `Name=true,kube:Other=false`, one text for each time the flag was given; a later value of the same name wins.
 * `faults` says all that is wrong, in upstream's words.
 */
export function parseFeatureGates(texts: readonly string[]): { gates: FeatureGates; faults: string[] } {
  const given = new Map<string, boolean>();
  const faults: string[] = [];
  for (const pair of texts.flatMap((text) => text.split(","))) {
    if (pair.trim() === "") continue;
    const fault = readPair(pair, given);
    if (fault !== undefined) faults.push(fault);
  }
  const gates = new Gates(new Map([...given].sort(([a], [b]) => (a < b ? -1 : 1))));
  if (faults.length === 0) faults.push(...missingDependencies(gates));
  return { gates, faults };
}

function readPair(pair: string, given: Map<string, boolean>): string | undefined {
  const equals = pair.indexOf("=");
  const named = (equals < 0 ? pair : pair.slice(0, equals)).trim();
  const colon = named.indexOf(":");
  const component = colon < 0 ? "kube" : named.slice(0, colon).trim();
  const name = named.slice(colon + 1).trim();
  if (component !== "kube") return `component not registered: ${component}`;
  if (equals < 0) return `missing bool value for ${name}`;
  const text = pair.slice(equals + 1).trim();
  const value = parseGoBool(text);
  if (value === undefined)
    return `invalid value of ${name}=${text}, err: strconv.ParseBool: parsing ${JSON.stringify(text)}: invalid syntax`;
  const gate = knownFeatureGates().get(name);
  if (gate === undefined) return `unrecognized feature gate: ${name}`;
  if (gate.locked && gate.default !== value) return `cannot set feature gate ${name} to ${value}, feature is locked to ${gate.default}`;
  given.set(name, value);
  return undefined;
}

function missingDependencies(gates: FeatureGates): string[] {
  return Object.entries(featureGateDependencies).flatMap(([name, needed]) => {
    const off = gates.enabled(name) ? needed.filter((n) => !gates.enabled(n)) : [];
    return off.length === 0 ? [] : [`${name} is enabled, but depends on features that are disabled: [${off.join(" ")}]`];
  });
}
