import type { EnvironmentOptions } from "./environment.ts";
import { ADDRESS_FUNCTIONS, CIDR, IP } from "./functions/addresses.ts";
import { AUTHORIZER_FUNCTIONS } from "./functions/authorizer.ts";
import { CONVERSIONS } from "./functions/conversions.ts";
import { FORMAT_FUNCTIONS } from "./functions/formats.ts";
import { JSON_PATCH_FUNCTIONS } from "./functions/json-patch.ts";
import { KUBERNETES_LIST_FUNCTIONS, LIST_FUNCTIONS, SET_FUNCTIONS } from "./functions/lists.ts";
import { OPERATORS } from "./functions/operators.ts";
import { OPTIONAL_FUNCTIONS } from "./functions/optionals.ts";
import { QUANTITY_FUNCTIONS } from "./functions/quantity.ts";
import { SEMVER_FUNCTIONS } from "./functions/semver.ts";
import { STRING_FUNCTIONS } from "./functions/strings.ts";
import { REGEX_FUNCTIONS, TEXT_FUNCTIONS } from "./functions/text.ts";
import { TIME_FUNCTIONS } from "./functions/time.ts";
import { TWO_VARIABLE_FUNCTIONS } from "./functions/two-variables.ts";
import { URL_FUNCTIONS } from "./functions/url.ts";
import { BIND_MACROS, LIST_MACROS, OPTIONAL_MACROS, STANDARD_MACROS, TWO_VARIABLE_MACROS } from "./macros.ts";
import { DYN, optionalOf } from "./types.ts";

/** Macros and functions that belong together. */
export type Library = Required<Pick<EnvironmentOptions, "macros" | "functions">> & Pick<EnvironmentOptions, "types">;

/** What cel-spec's language definition calls the standard. */
export const STANDARD: Library = {
  macros: [STANDARD_MACROS],
  functions: [OPERATORS, CONVERSIONS, TEXT_FUNCTIONS, TIME_FUNCTIONS],
};
export const TWO_VARIABLES: Library = { macros: [TWO_VARIABLE_MACROS], functions: [TWO_VARIABLE_FUNCTIONS] };
export const OPTIONALS: Library = { macros: [OPTIONAL_MACROS], functions: [OPTIONAL_FUNCTIONS], types: [optionalOf(DYN)] };
export const BINDINGS: Library = { macros: [BIND_MACROS], functions: [] };
export const STRINGS: Library = { macros: [], functions: [STRING_FUNCTIONS] };
/** cel-go's lists extension. */
export const LISTS: Library = { macros: [LIST_MACROS], functions: [LIST_FUNCTIONS] };
export const SETS: Library = { macros: [], functions: [SET_FUNCTIONS] };
export const KUBERNETES_LISTS: Library = { macros: [], functions: [KUBERNETES_LIST_FUNCTIONS] };
export const KUBERNETES_REGEX: Library = { macros: [], functions: [REGEX_FUNCTIONS] };
export const KUBERNETES_URLS: Library = { macros: [], functions: [URL_FUNCTIONS] };
export const KUBERNETES_QUANTITIES: Library = { macros: [], functions: [QUANTITY_FUNCTIONS] };
/** IP addresses and CIDRs. */
export const KUBERNETES_ADDRESSES: Library = { macros: [], functions: [ADDRESS_FUNCTIONS], types: [IP, CIDR] };
export const KUBERNETES_FORMATS: Library = { macros: [], functions: [FORMAT_FUNCTIONS] };
export const KUBERNETES_SEMVER: Library = { macros: [], functions: [SEMVER_FUNCTIONS] };
export const KUBERNETES_AUTHORIZER: Library = { macros: [], functions: [AUTHORIZER_FUNCTIONS] };
/** Only mutating admission policies have it. */
export const KUBERNETES_JSON_PATCH: Library = { macros: [], functions: [JSON_PATCH_FUNCTIONS] };
