/** One priority level: what is configured, the seats that it has now, and its queues. */
import type { Clock } from "../../core/clock.ts";
import type { PriorityLevelConfiguration } from "../../schema/types/flowcontrol-v1.ts";
import { type FairnessMetrics, LevelFigures } from "./figures.ts";
import { type QueueConfig, QueueSet } from "./queue-set.ts";
import { Dealer } from "./shuffle-sharding.ts";

/** The part of a level's seats that one request may take at most. */
const maxSeatsPart = 0.15;

export function isExempt(configuration: PriorityLevelConfiguration): boolean {
  return configuration.spec?.type === "Exempt";
}

export class PriorityLevel {
  readonly name: string;
  #configuration: PriorityLevelConfiguration;
  readonly queues: QueueSet;
  /** Nobody wants it any more; it goes when it is idle. */
  quiescing = false;
  /** Seats: by its share; at least, when it lends all it may; at most, when it borrows all it may; now. */
  nominal = 0;
  min = 0;
  max = 0;
  current = 0;
  /** Of one request; 0: no bound. */
  maxSeats = 0;
  readonly demand = { average: 0, deviation: 0, highWatermark: 0, smoothed: 0 };
  #fresh = true;

  constructor(name: string, configuration: PriorityLevelConfiguration, clock: Clock, metrics: FairnessMetrics) {
    this.name = name;
    this.#configuration = configuration;
    this.queues = new QueueSet(clock, queueConfig(configuration), 0, new LevelFigures(metrics, name));
    this.#dealt = dealtFor(configuration);
  }

  /** What the present dealer was made for. */
  #dealt: string;
  #config: QueueConfig | undefined;

  get configuration(): PriorityLevelConfiguration {
    return this.#configuration;
  }

  set configuration(configuration: PriorityLevelConfiguration) {
    this.#configuration = configuration;
  }

  /** Whether the parts of the object fit together; others are passed over, as upstream does. */
  static isSound({ metadata, spec }: PriorityLevelConfiguration): boolean {
    if (spec === undefined) return false;
    const limited = spec.type === "Limited";
    const exempt = spec.type === "Exempt";
    if (limited !== (spec.limited !== undefined) || exempt !== (spec.exempt !== undefined)) return false;
    if (exempt !== (metadata?.name === "exempt")) return false;
    const response = spec.limited?.limitResponse;
    return response === undefined || (response.type === "Reject") === (response.queuing === undefined);
  }

  get shares(): number {
    const { spec } = this.#configuration;
    return (spec?.limited ?? spec?.exempt)?.nominalConcurrencyShares ?? (spec?.limited === undefined ? 0 : 30);
  }

  get queueCount(): number {
    return this.#configuration.spec?.limited?.limitResponse?.queuing?.queues ?? 0;
  }

  /** This level's part of all seats. `shares`: those of all levels. */
  setNominal(seats: number, shares: number): void {
    const { spec } = this.#configuration;
    const common = spec?.limited ?? spec?.exempt;
    this.nominal = shares === 0 ? 0 : Math.ceil((seats * this.shares) / shares);
    const lendable = Math.round((this.nominal * (common?.lendablePercent ?? 0)) / 100);
    const percent = spec?.limited?.borrowingLimitPercent;
    this.min = this.nominal - lendable;
    this.max = this.nominal + (percent === undefined ? seats : Math.round((this.nominal * percent) / 100));
    const handSize = spec?.limited?.limitResponse?.queuing?.handSize;
    this.maxSeats =
      handSize === undefined ? 0 : Math.max(1, Math.min(Math.ceil(this.nominal * maxSeatsPart), Math.floor(this.nominal / handSize)));
    if (!this.#fresh) return;
    this.#fresh = false;
    this.current = this.nominal - Math.trunc(lendable / 2);
  }

  /** Takes the seats and the queues that it is to have from now on. `allSeats`: the server's. */
  apply(allSeats: number, now: number): void {
    const dealt = dealtFor(this.#configuration);
    if (this.#config === undefined || dealt !== this.#dealt) {
      this.#config = queueConfig(this.#configuration);
      this.#dealt = dealt;
    }
    const { queues } = this.#config;
    const waiting = Math.max(1, queues?.length ?? 1) * Math.max(1, queues?.count ?? 1);
    this.queues.figures.limits(waiting, this.current > 0 ? this.current : Math.max(1, Math.round(allSeats / 10)), now);
    this.queues.configure(this.#config, this.current);
  }
}

function dealtFor({ spec }: PriorityLevelConfiguration): string {
  return JSON.stringify([spec?.type, spec?.limited?.limitResponse]);
}

function queueConfig({ spec }: PriorityLevelConfiguration): QueueConfig {
  const queuing = spec?.limited?.limitResponse?.queuing;
  if (queuing === undefined) return { queues: undefined, exempt: spec?.type === "Exempt" };
  const { queues: count = 64, handSize = 8, queueLengthLimit: length = 50 } = queuing;
  return { queues: { count, length, dealer: new Dealer(count, handSize) }, exempt: false };
}
