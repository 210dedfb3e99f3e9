import type { FieldError, FieldPath as Path } from "../../schema/field-error.ts";
import { FieldPath, forbiddenField, invalidField, notSupported, required } from "../../schema/field-error.ts";
import { portName } from "../../core/names.ts";
import type { IPBlock, NetworkPolicy, NetworkPolicyPeer, NetworkPolicyPort, NetworkPolicySpec } from "../../schema/types/networking-v1.ts";
import type { Cidr } from "../addresses.ts";
import { cidrWarnings, parseCidrSloppy, validateLegacyCidr } from "../addresses.ts";
import { invalidEach, portNumber } from "../formats.ts";
import { validateLabelSelector } from "../object-meta.ts";

const path = new FieldPath("spec");

interface Leniency {
  readonly allowInvalidLabelValue: boolean;
  /** CIDRs that were there before. */
  readonly cidrs: readonly string[];
}

export function validateNetworkPolicy(policy: NetworkPolicy): FieldError[] {
  return validateSpec(policy.spec, { allowInvalidLabelValue: false, cidrs: [] });
}

export function validateNetworkPolicyUpdate(policy: NetworkPolicy, old: NetworkPolicy): FieldError[] {
  const faults: FieldError[] = [];
  validateLabelSelector(old.spec?.podSelector, path, faults);
  return validateSpec(policy.spec, { allowInvalidLabelValue: faults.length > 0, cidrs: blocksOf(old.spec).map(([, cidr]) => cidr) });
}

const directions = [
  ["ingress", "from"],
  ["egress", "to"],
] as const;

function validateSpec(spec: NetworkPolicySpec | undefined, lenient: Leniency): FieldError[] {
  const errors: FieldError[] = [];
  validateLabelSelector(spec?.podSelector, path.child("podSelector"), errors, lenient);
  for (const [direction, end] of directions) {
    spec?.[direction]?.forEach((rule, i) => {
      const at = path.child(direction).index(i);
      rule.ports?.forEach((port, j) => validatePort(port, at.child("ports").index(j), errors));
      peersOf(rule, end).forEach((peer, j) => validatePeer(peer, lenient, at.child(end).index(j), errors));
    });
  }
  const types = spec?.policyTypes ?? [];
  const at = path.child("policyTypes");
  if (types.length > 2) {
    errors.push(invalidField(at, types, "may not specify more than two policyTypes"));
    return errors;
  }
  types.forEach((type, i) => {
    if (type !== "Ingress" && type !== "Egress") errors.push(notSupported(at.index(i), type, ["Ingress", "Egress"]));
  });
  return errors;
}

function peersOf(
  rule: { from?: NetworkPolicyPeer[] | undefined; to?: NetworkPolicyPeer[] | undefined },
  end: "from" | "to",
): NetworkPolicyPeer[] {
  return rule[end] ?? [];
}

function validatePort({ protocol, port, endPort }: NetworkPolicyPort, at: Path, errors: FieldError[]): void {
  if (protocol !== undefined && !["TCP", "UDP", "SCTP"].includes(protocol)) {
    errors.push(notSupported(at.child("protocol"), protocol, ["TCP", "UDP", "SCTP"]));
  }
  if (typeof port === "number") {
    invalidEach(portNumber(port), at.child("port"), port, errors);
    if (endPort === undefined) return;
    // Upstream prints the port, not the end.
    if (endPort < port) errors.push(invalidField(at.child("endPort"), port, "must be greater than or equal to `port`"));
    invalidEach(portNumber(endPort), at.child("endPort"), endPort, errors);
  } else if (port !== undefined) {
    if (endPort !== undefined) errors.push(invalidField(at.child("endPort"), endPort, "may not be specified when `port` is non-numeric"));
    invalidEach(portName(port), at.child("port"), port, errors);
  } else if (endPort !== undefined) {
    errors.push(invalidField(at.child("endPort"), endPort, "may not be specified when `port` is not specified"));
  }
}

function validatePeer(
  { podSelector, namespaceSelector, ipBlock }: NetworkPolicyPeer,
  lenient: Leniency,
  at: Path,
  errors: FieldError[],
): void {
  validateLabelSelector(podSelector, at.child("podSelector"), errors, lenient);
  validateLabelSelector(namespaceSelector, at.child("namespaceSelector"), errors, lenient);
  if (ipBlock !== undefined) validateBlock(ipBlock, lenient, at.child("ipBlock"), errors);
  const selects = podSelector !== undefined || namespaceSelector !== undefined;
  if (!selects && ipBlock === undefined) errors.push(required(at, "must specify a peer"));
  else if (selects && ipBlock !== undefined) errors.push(forbiddenField(at, "may not specify both ipBlock and another peer"));
}

function validateBlock({ cidr, except = [] }: IPBlock, lenient: Leniency, at: Path, errors: FieldError[]): void {
  if (!cidr) {
    errors.push(required(at.child("cidr")));
    return;
  }
  validateLegacyCidr(cidr, at.child("cidr"), errors, lenient.cidrs);
  const outer = parseCidrSloppy(cidr);
  if (outer === undefined) return;
  except.forEach((text, i) => {
    const here = at.child("except").index(i);
    validateLegacyCidr(text, here, errors, lenient.cidrs);
    const inner = parseCidrSloppy(text);
    if (inner !== undefined && !isWithin(inner, outer)) errors.push(invalidField(here, text, "must be a strict subset of `cidr`"));
  });
}

function isWithin(inner: Cidr, outer: Cidr): boolean {
  if (inner.address.dotted !== outer.address.dotted || outer.prefix >= inner.prefix) return false;
  const kept = outer.address.dotted ? 96 + outer.prefix : outer.prefix;
  for (let bit = 0; bit < kept; bit++) {
    const mask = 0x80 >> (bit & 7);
    if (((inner.network.bytes[bit >> 3] ?? 0) & mask) !== ((outer.network.bytes[bit >> 3] ?? 0) & mask)) return false;
  }
  return true;
}

function blocksOf(spec: NetworkPolicySpec | undefined): [path: string, cidr: string][] {
  const blocks: [string, string][] = [];
  for (const [direction, end] of directions) {
    spec?.[direction]?.forEach((rule, i) => {
      peersOf(rule, end).forEach(({ ipBlock }, j) => {
        const at = `spec.${direction}[${i}].${end}[${j}].ipBlock`;
        if (ipBlock === undefined) return;
        blocks.push([`${at}.cidr`, ipBlock.cidr]);
        ipBlock.except?.forEach((text, k) => blocks.push([`${at}.except[${k}]`, text]));
      });
    });
  }
  return blocks;
}

export function networkPolicyWarnings(policy: NetworkPolicy): string[] {
  return blocksOf(policy.spec).flatMap(([at, cidr]) => cidrWarnings(cidr, at));
}
