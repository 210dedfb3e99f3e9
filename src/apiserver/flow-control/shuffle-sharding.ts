/** Deals each flow a hand of queues, so that two flows seldom share all of theirs. Source: `k8s.io/apiserver/pkg/util/shufflesharding`. */
import { createHash } from "node:crypto";

/** The first eight bytes of SHA-256 of schema and distinguisher, low byte first. */
export function hashFlow(schemaName: string, distinguisher: string): bigint {
  return createHash("sha256").update(`${schemaName}\u0000${distinguisher}`).digest().readBigUInt64LE();
}

/** `handSize` different queues out of `deckSize`, drawn from the hash. */
export function dealHand(hash: bigint, deckSize: number, handSize: number): number[] {
  const remainders: number[] = [];
  let left = hash;
  for (let i = 0; i < handSize; i++) {
    const size = BigInt(deckSize - i);
    remainders.push(Number(left % size));
    left /= size;
  }
  return remainders.map((remainder, i) => {
    let card = remainder;
    // What was dealt before is no longer in the deck: count past it.
    for (let j = i; j > 0; j--) if (card >= (remainders[j - 1] as number)) card++;
    return card;
  });
}

/** Hands that were dealt lately. */
const keptHands = 10_000;

/** Remembers hands: a flow's is the same as long as the level has as many queues. */
export class Dealer {
  readonly #deckSize: number;
  readonly #handSize: number;
  readonly #hands = new Map<string, readonly number[]>();

  constructor(deckSize: number, handSize: number) {
    this.#deckSize = deckSize;
    this.#handSize = handSize;
  }

  hand(schemaName: string, distinguisher: string): readonly number[] {
    const key = `${schemaName}\u0000${distinguisher}`;
    const known = this.#hands.get(key);
    if (known !== undefined) return known;
    if (this.#hands.size >= keptHands) this.#hands.clear();
    const dealt = dealHand(hashFlow(schemaName, distinguisher), this.#deckSize, this.#handSize);
    this.#hands.set(key, dealt);
    return dealt;
  }
}
