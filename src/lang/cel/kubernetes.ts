/** The environment that every expression in Kubernetes' API has (`apiserver/pkg/cel/environment`, base). */
import { type Environment, type EnvironmentOptions, environment } from "./environment.ts";
import {
  KUBERNETES_ADDRESSES,
  KUBERNETES_AUTHORIZER,
  KUBERNETES_FORMATS,
  KUBERNETES_LISTS,
  KUBERNETES_QUANTITIES,
  KUBERNETES_REGEX,
  KUBERNETES_SEMVER,
  KUBERNETES_URLS,
  type Library,
  LISTS,
  OPTIONALS,
  SETS,
  STANDARD,
  STRINGS,
  TWO_VARIABLES,
} from "./libraries.ts";

/** Since which minor version of Kubernetes 1 a library is there. */
const BASE: readonly (readonly [since: number, library: Library])[] = [
  [0, STANDARD],
  [0, KUBERNETES_URLS],
  [0, KUBERNETES_REGEX],
  [0, KUBERNETES_LISTS],
  [27, KUBERNETES_AUTHORIZER],
  [28, OPTIONALS],
  [28, KUBERNETES_QUANTITIES],
  [29, STRINGS],
  [29, SETS],
  [30, KUBERNETES_ADDRESSES],
  [31, KUBERNETES_FORMATS],
  [32, TWO_VARIABLES],
  [33, KUBERNETES_SEMVER],
  [34, LISTS],
];

/** The newest minor version known here. What is stored is compiled with it. */
export const NEWEST_MINOR = 36;

export interface KubernetesEnvironmentOptions extends Pick<EnvironmentOptions, "variables" | "objects"> {
  /** Libraries besides the base, such as that of JSON patch. */
  readonly libraries?: readonly Library[];
  /** Default {@link NEWEST_MINOR}. */
  readonly minor?: number;
}

/** By minor version and the libraries besides: putting overloads together takes longer than a rule takes to compile. */
const bases = new Map<number, Environment>();

function baseEnvironment(minor: number, more: readonly Library[]): Environment {
  const known = more.length === 0 ? bases.get(minor) : undefined;
  if (known) return known;
  const libraries = [...BASE.filter(([since]) => since <= minor).map(([, library]) => library), ...more];
  const base = environment({
    macros: libraries.flatMap((l) => l.macros),
    functions: libraries.flatMap((l) => l.functions),
    types: libraries.flatMap((l) => l.types ?? []),
    checkedLiterals: minor >= 29,
    quotedNames: false,
  });
  if (more.length === 0) bases.set(minor, base);
  return base;
}

/** The base environment with variables and object types of the caller. */
export function kubernetesEnvironment(options: KubernetesEnvironmentOptions = {}): Environment {
  const base = baseEnvironment(options.minor ?? NEWEST_MINOR, options.libraries ?? []);
  const objects = Object.entries(options.objects ?? {}).map(([name, fields]) => [name, new Map(Object.entries(fields))] as const);
  return { ...base, variables: new Map(Object.entries(options.variables ?? {})), objects: new Map(objects) };
}
