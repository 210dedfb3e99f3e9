import { goQuote } from "../../../core/go-quote.ts";
import { CelError } from "../errors.ts";
import { type FunctionTable, global, method } from "../function.ts";
import { BOOL, type CelType, INT, objectType, STRING } from "../types.ts";
import { CelOpaque, type CelValue, UINT_MAX } from "../values.ts";

const SEMVER: CelType = objectType("kubernetes.Semver");

interface Version {
  readonly numbers: readonly [bigint, bigint, bigint];
  readonly prerelease: readonly (bigint | string)[];
}

class SemverValue extends CelOpaque {
  readonly type: CelType = SEMVER;
  readonly version: Version;
  constructor(version: Version) {
    super();
    this.version = version;
  }
  equals(other: CelValue): boolean {
    return other instanceof SemverValue && compareVersions(this.version, other.version) === 0;
  }
}

function number(text: string, part: string): bigint {
  if (!/^\d*$/u.test(text)) throw new CelError(`Invalid character(s) found in ${part.toLowerCase()} number ${goQuote(text)}`);
  if (text.length > 1 && text.startsWith("0")) throw new CelError(`${part} number must not contain leading zeroes ${goQuote(text)}`);
  if (text === "") throw new CelError(`strconv.ParseUint: parsing "": invalid syntax`);
  const value = BigInt(text);
  if (value > UINT_MAX) throw new CelError(`strconv.ParseUint: parsing ${goQuote(text)}: value out of range`);
  return value;
}

function prereleasePart(text: string): bigint | string {
  if (text === "") throw new CelError("Prerelease is empty");
  if (/^\d+$/u.test(text)) {
    if (text.length > 1 && text.startsWith("0")) {
      throw new CelError(`Numeric PreRelease version must not contain leading zeroes ${goQuote(text)}`);
    }
    return BigInt(text);
  }
  if (!/^[0-9A-Za-z-]+$/u.test(text)) throw new CelError(`Invalid character(s) found in prerelease ${goQuote(text)}`);
  return text;
}

/** Semantic versions 2.0.0. Throws CelError. */
function parse(text: string): Version {
  if (text === "") throw new CelError("Version string empty");
  const [major, minor, ...more] = text.split(".");
  if (major === undefined || minor === undefined || more.length === 0) throw new CelError("No Major.Minor.Patch elements found");
  const rest = more.join(".");
  const first = number(major, "Major");
  const second = number(minor, "Minor");
  const plus = rest.indexOf("+");
  const build = plus < 0 ? undefined : rest.slice(plus + 1).split(".");
  const beforeBuild = plus < 0 ? rest : rest.slice(0, plus);
  const dash = beforeBuild.indexOf("-");
  const third = number(dash < 0 ? beforeBuild : beforeBuild.slice(0, dash), "Patch");
  const prerelease =
    dash < 0
      ? []
      : beforeBuild
          .slice(dash + 1)
          .split(".")
          .map(prereleasePart);
  for (const part of build ?? []) {
    if (part === "") throw new CelError("Build meta data is empty");
    if (!/^[0-9A-Za-z-]+$/u.test(part)) throw new CelError(`Invalid character(s) found in build meta data ${goQuote(part)}`);
  }
  return { numbers: [first, second, third], prerelease };
}

/** Takes a leading v, versions of fewer parts, and leading zeros. */
function normalize(text: string): string {
  const bare = text.replace(/^v/u, "");
  const [major, minor, ...more] = bare.split(".");
  const parts = [major as string, ...(minor === undefined ? [] : [minor]), ...(more.length === 0 ? [] : [more.join(".")])].map((part) =>
    part.length > 1 ? part.replace(/^0+/u, "").replace(/^(?!\d)/u, "0") : part,
  );
  if (parts.length < 3 && /[+-]/u.test(parts.at(-1) as string)) {
    throw new CelError("short version cannot contain PreRelease/Build meta data");
  }
  while (parts.length < 3) parts.push("0");
  return parts.join(".");
}

const read = (text: string, normalized = false): SemverValue => new SemverValue(parse(normalized ? normalize(text) : text));

function isSemver(text: string, normalized = false): boolean {
  try {
    read(text, normalized);
    return true;
  } catch (error) {
    if (error instanceof CelError) return false;
    throw error;
  }
}

function compareVersions(a: Version, b: Version): number {
  for (const i of [0, 1, 2] as const) if (a.numbers[i] !== b.numbers[i]) return a.numbers[i] > b.numbers[i] ? 1 : -1;
  // A version without prerelease is the later one.
  if (a.prerelease.length === 0 || b.prerelease.length === 0) return Math.sign(b.prerelease.length - a.prerelease.length);
  for (const [i, mine] of a.prerelease.entries()) {
    const theirs = b.prerelease[i];
    if (theirs === undefined) return 1;
    if (mine === theirs) continue;
    if (typeof mine !== typeof theirs) return typeof mine === "bigint" ? -1 : 1;
    return mine > theirs ? 1 : -1;
  }
  return a.prerelease.length < b.prerelease.length ? -1 : 0;
}

const order = (a: SemverValue, b: SemverValue): number => compareVersions(a.version, b.version);
const BOTH: readonly [CelType, CelType] = [SEMVER, SEMVER];

/** Kubernetes' library of semantic versions. */
export const SEMVER_FUNCTIONS: FunctionTable = {
  semver: [
    global("string_to_semver", [STRING], SEMVER, (text: string) => read(text)),
    global("string_bool_to_semver", [STRING, BOOL], SEMVER, read),
  ],
  isSemver: [
    global("is_semver_string", [STRING], BOOL, (text: string) => isSemver(text)),
    global("is_semver_string_bool", [STRING, BOOL], BOOL, isSemver),
  ],
  isGreaterThan: [method("semver_is_greater_than", BOTH, BOOL, (a: SemverValue, b: SemverValue) => order(a, b) > 0)],
  isLessThan: [method("semver_is_less_than", BOTH, BOOL, (a: SemverValue, b: SemverValue) => order(a, b) < 0)],
  compareTo: [method("semver_compare_to", BOTH, INT, (a: SemverValue, b: SemverValue) => BigInt(order(a, b)))],
  major: [method("semver_major", [SEMVER], INT, (v: SemverValue) => BigInt.asIntN(64, v.version.numbers[0]))],
  minor: [method("semver_minor", [SEMVER], INT, (v: SemverValue) => BigInt.asIntN(64, v.version.numbers[1]))],
  patch: [method("semver_patch", [SEMVER], INT, (v: SemverValue) => BigInt.asIntN(64, v.version.numbers[2]))],
};
