/** What evaluations cost at run time (cel-go's `CostTracker`), and how much they may. */

/** One evaluation may cost this much; Kubernetes sets it for every expression (`apiserver/pkg/apis/cel`). */
export const PER_CALL_LIMIT = 1_000_000;
/** All rules of one custom resource, or all expressions of one binding of a policy. */
export const RUNTIME_BUDGET = 10_000_000;
/** All match conditions of one webhook, or of one binding. */
export const MATCH_CONDITIONS_BUDGET = 2_500_000;

/** The limit was reached. Nothing absorbs it. */
export class CelBudgetError extends Error {
  override readonly name = "CelBudgetError";
  constructor() {
    super("operation cancelled: actual cost limit exceeded");
  }
}

/** Counts what one evaluation costs: make one, give it to the program, read `spent` afterwards, after errors too. */
export class CostMeter {
  spent = 0;
  readonly limit: number;
  constructor(limit: number = PER_CALL_LIMIT) {
    this.limit = limit;
  }
  /** Throws {@link CelBudgetError} once the limit is passed. */
  add(cost: number): void {
    this.spent += cost;
    if (this.spent > this.limit) throw new CelBudgetError();
  }
}
