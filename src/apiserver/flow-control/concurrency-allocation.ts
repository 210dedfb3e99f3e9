/**
 * Divides seats among priority levels: each gets the same fraction of its target, as far as its bounds allow. Source: KEP-1040,
 * "Dispatching, borrowing".
 */

/** `target >= lower >= 0`, `upper >= lower`. */
export interface Claim {
  readonly target: number;
  readonly lower: number;
  readonly upper: number;
}

export interface Allocation {
  readonly seats: readonly number[];
  /** The fraction of its target that each gets whose bounds do not matter. */
  readonly fairFraction: number;
}

const smallestTarget = 0.001;
const epsilon = 1e-7;

/** Undefined when no fraction fits: the bounds contradict the sum. */
export function allocate(sum: number, claims: readonly Claim[]): Allocation | undefined {
  const targets = claims.map(({ target }) => Math.max(target, smallestTarget));
  const lowest = claims.reduce((total, { lower }) => total + lower, 0);
  const highest = claims.reduce((total, { upper }) => total + upper, 0);
  if (lowest - sum > epsilon || sum - highest > epsilon) return undefined;
  const at = (fraction: number): number[] =>
    claims.map(({ lower, upper }, i) => Math.max(lower, Math.min(upper, fraction * (targets[i] as number))));
  if (sum === 0) return { seats: claims.map(() => 0), fairFraction: 0 };
  const lowers = claims.map(({ lower }, i) => lower / (targets[i] as number));
  const uppers = claims.map(({ upper }, i) => upper / (targets[i] as number));
  if (lowest - sum > -epsilon) return { seats: claims.map(({ lower }) => lower), fairFraction: Math.min(...lowers) };
  if (sum - highest > -epsilon) return { seats: claims.map(({ upper }) => upper), fairFraction: Math.max(...uppers) };
  // The sum rises with the fraction, linearly between the bounds: find the piece that holds it.
  const bounds = [...lowers, ...uppers].sort((a, b) => a - b);
  let low = 0;
  for (const bound of bounds) {
    if (total(at(bound)) >= sum) {
      const below = total(at(low));
      const above = total(at(bound));
      const fairFraction = above === below ? bound : low + ((bound - low) * (sum - below)) / (above - below);
      return { seats: at(fairFraction), fairFraction };
    }
    low = bound;
  }
  return { seats: at(low), fairFraction: low };
}

function total(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0);
}
