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

/** The base environment with variables and object types of the caller. */
export function kubernetesEnvironment(options: KubernetesEnvironmentOptions = {}): Environment {
  const minor = options.minor ?? NEWEST_MINOR;
  const libraries = [...BASE.filter(([since]) => since <= minor).map(([, library]) => library), ...(options.libraries ?? [])];
  return environment({
    macros: libraries.flatMap((l) => l.macros),
    functions: libraries.flatMap((l) => l.functions),
    types: libraries.flatMap((l) => l.types ?? []),
    variables: options.variables ?? {},
    objects: options.objects ?? {},
    checkedLiterals: minor >= 29,
  });
}
