import type { FieldError, FieldPath as Path } from "../../schema/field-error.ts";
import { duplicate, FieldPath, forbiddenField, invalidField, notSupported, required } from "../../schema/field-error.ts";
import type {
  LimitedPriorityLevelConfiguration,
  PriorityLevelConfiguration,
  QueuingConfiguration,
} from "../../schema/types/flowcontrol-v1.ts";

const path = new FieldPath("spec");
const zeroSharesAnnotation = "flowcontrol.k8s.io/v1beta3-preserve-zero-concurrency-shares";

/** What the mandatory levels say is not compared here: they are put back when they are changed. */
export function validatePriorityLevel({ metadata, spec, status }: PriorityLevelConfiguration): FieldError[] {
  const errors: FieldError[] = [];
  if (metadata?.annotations?.[zeroSharesAnnotation] !== undefined) {
    errors.push(forbiddenField(new FieldPath("metadata.annotations"), `annotation '${zeroSharesAnnotation}' is forbidden`));
  }
  const type = spec?.type ?? "";
  if ((metadata?.name === "exempt") !== (type === "Exempt")) {
    errors.push(invalidField(path.child("type"), type, "must be 'Exempt' if and only if `name` is 'exempt'"));
  }
  if (type === "Exempt") {
    if (spec?.limited !== undefined) errors.push(forbiddenField(path.child("limited"), "must be nil if the type is not Limited"));
    if (spec?.exempt !== undefined) validateShares(spec.exempt, path.child("exempt"), errors);
  } else if (type === "Limited") {
    if (spec?.exempt !== undefined) errors.push(forbiddenField(path.child("exempt"), "must be nil if the type is Limited"));
    if (spec?.limited === undefined) errors.push(required(path.child("limited"), "must not be empty when type is Limited"));
    else validateLimited(spec.limited, path.child("limited"), errors);
  } else if (type === "") errors.push(required(path.child("type")));
  else errors.push(notSupported(path.child("type"), type, ["Exempt", "Limited"]));
  validateConditionTypes(status?.conditions, errors);
  return errors;
}

interface Shares {
  readonly nominalConcurrencyShares?: number | undefined;
  readonly lendablePercent?: number | undefined;
}

function validateShares({ nominalConcurrencyShares: shares = 0, lendablePercent }: Shares, at: Path, errors: FieldError[]): void {
  if (shares < 0) errors.push(invalidField(at.child("nominalConcurrencyShares"), shares, "must be a non-negative integer"));
  validateLendable(lendablePercent, at, errors);
}

function validateLendable(share: number | undefined, at: Path, errors: FieldError[]): void {
  if (share !== undefined && (share < 0 || share > 100)) {
    errors.push(invalidField(at.child("lendablePercent"), share, "must be between 0 and 100, inclusive"));
  }
}

function validateLimited(limited: LimitedPriorityLevelConfiguration, at: Path, errors: FieldError[]): void {
  validateShares({ nominalConcurrencyShares: limited.nominalConcurrencyShares }, at, errors);
  const { type, queuing } = limited.limitResponse ?? {};
  const here = at.child("limitResponse");
  const place = here.child("queuing");
  if (type === "Reject") {
    if (queuing !== undefined) errors.push(forbiddenField(place, "must be nil if limited.limitResponse.type is not Limited"));
  } else if (type === "Queue") {
    if (queuing === undefined) errors.push(required(place, "must not be empty if limited.limitResponse.type is Limited"));
    else validateQueuing(queuing, place, errors);
  } else if (!type) errors.push(required(here.child("type")));
  else errors.push(notSupported(here.child("type"), type, ["Queue", "Reject"]));
  validateLendable(limited.lendablePercent, at, errors);
  const borrowing = limited.borrowingLimitPercent;
  if (borrowing !== undefined && borrowing < 0) {
    errors.push(invalidField(at.child("borrowingLimitPercent"), borrowing, "if specified, must be a non-negative integer"));
  }
}

const hashBits = 60;

function validateQueuing({ queueLengthLimit = 0, queues = 0, handSize = 0 }: QueuingConfiguration, at: Path, errors: FieldError[]): void {
  if (queueLengthLimit <= 0) errors.push(invalidField(at.child("queueLengthLimit"), queueLengthLimit, "must be positive"));
  if (queues <= 0) errors.push(invalidField(at.child("queues"), queues, "must be positive"));
  else if (queues > 10_000_000) errors.push(invalidField(at.child("queues"), queues, "must not be greater than 10000000"));
  const hand = at.child("handSize");
  if (handSize <= 0) errors.push(invalidField(hand, handSize, "must be positive"));
  else if (handSize > queues) errors.push(invalidField(hand, handSize, `should not be greater than queues (${queues})`));
  else if (dealBits(queues, handSize) > hashBits) {
    const why = `required entropy bits of deckSize ${queues} and handSize ${handSize} should not be greater than ${hashBits}`;
    errors.push(invalidField(hand, handSize, why));
  }
}

/** How many bits of a hash it takes to deal a hand. */
function dealBits(deck: number, hand: number): number {
  return Math.ceil(Math.log2(deck) * hand);
}

/** Conditions are of different types. */
export function validateConditionTypes(
  conditions: readonly { readonly type?: string | undefined }[] | undefined,
  errors: FieldError[],
): void {
  const seen = new Set<string>();
  conditions?.forEach(({ type = "" }, i) => {
    const at = new FieldPath("status.conditions").index(i).child("type");
    if (seen.has(type)) errors.push(duplicate(at, type));
    seen.add(type);
    if (type === "") errors.push(required(at));
  });
}

export function validatePriorityLevelStatus({ status }: PriorityLevelConfiguration): FieldError[] {
  const errors: FieldError[] = [];
  validateConditionTypes(status?.conditions, errors);
  return errors;
}
