/** One flag of kube-apiserver v1.36, as a row of the table. */

/** How the value is written; the names are those that `kube-apiserver --help` shows, in the case of their meaning. */
export type FlagType =
  | "bool"
  | "int"
  | "float"
  | "duration"
  | "string"
  | "ip"
  /** Comma-separated; given again, it adds. */
  | "strings"
  /** One value each time it is given; commas mean nothing. */
  | "stringArray"
  /** `a=b,c=d`; given again, it adds. */
  | "map"
  /** `Name=true,kube:Other=false`. */
  | "gates"
  /** `cert.pem,key.pem:name,name`, once for each pair. */
  | "namedCertKey"
  /** `from-to`, inclusive. */
  | "portRange"
  | "quantity";

export interface FlagRow {
  readonly name: string;
  readonly type: FlagType;
  /** As `/flagz` shows it; lists in brackets. */
  readonly default: string;
  readonly help: string;
  /** Giving it is an error, for this reason: the end of a sentence. */
  readonly refused?: string;
  /** Giving anything but the default is an error, for this reason: the end of a sentence. */
  readonly fixed?: string;
  /** It may be given, is kept and shown, and changes nothing, for this reason. */
  readonly noEffect?: string;
}

export function flag(name: string, type: FlagType, byDefault: string, help: string): FlagRow {
  return { name, type, default: byDefault, help };
}

export function refused(name: string, type: FlagType, byDefault: string, help: string, why: string): FlagRow {
  return { name, type, default: byDefault, help, refused: why };
}

export function fixed(name: string, type: FlagType, byDefault: string, help: string, why: string): FlagRow {
  return { name, type, default: byDefault, help, fixed: why };
}

export function noEffect(name: string, type: FlagType, byDefault: string, help: string, why: string): FlagRow {
  return { name, type, default: byDefault, help, noEffect: why };
}
