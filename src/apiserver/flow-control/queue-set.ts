/**
 * The queues of one priority level, and which request of them goes next: fair queuing for server requests, as KEP-1040 has it.
 * Each queue has a virtual time at which its next request would begin if all queues were served at the same rate; the one whose
 * request would end first goes. Work is measured in seats times seconds.
 */
import type { Clock, Timer } from "../../core/clock.ts";
import { Integrator } from "./integrator.ts";
import type { Dealer } from "./shuffle-sharding.ts";
import type { FlowFigures, LevelFigures } from "./figures.ts";
import type { WorkEstimate } from "./work-estimate.ts";

/** What a request's service is guessed to take before it is known, in seconds. */
const guessedSeconds = 0.003;

export interface QueueConfig {
  /** Undefined: nothing waits. */
  readonly queues: { readonly count: number; readonly length: number; readonly dealer: Dealer } | undefined;
  /** Never refused, whatever the limit. */
  readonly exempt: boolean;
}

/** A request that has its seats, or waits for them. */
export interface Ticket {
  readonly flow: FlowFigures;
  readonly distinguisher: string;
  readonly estimate: WorkEstimate;
  readonly seats: number;
  /** Monotonic ms; `startedAt` is 0 while it waits. */
  readonly arrivedAt: number;
  startedAt: number;
  state: "waiting" | "executing" | "done" | "refused";
  readonly queue: Queue | undefined;
  /** Virtual time of its arrival. */
  readonly arrivalR: number;
  /** What is dumped of it. */
  readonly subject: unknown;
  /** Set while it waits: called with whether it may go. */
  decide: ((execute: boolean) => void) | undefined;
  timer: Timer | undefined;
}

export class Queue {
  readonly waiting: Ticket[] = [];
  readonly executing: Set<Ticket> = new Set();
  seatsInUse = 0;
  seatsWaiting = 0;
  /** Seat-seconds of those that wait. */
  workWaiting = 0;
  nextDispatchR = 0;
}

export class QueueSet {
  readonly #clock: Clock;
  readonly figures: LevelFigures;
  readonly demand: Integrator;
  #config: QueueConfig;
  limit: number;
  readonly queues: Queue[] = [];
  readonly #active = new Set<Queue>();
  readonly queueless: Set<Ticket> = new Set();
  currentR = 0;
  #syncedAt: number;
  #robin = 0;
  #enqueues = 0;
  waiting = 0;
  executing = 0;
  seatsInUse = 0;
  seatsWaiting = 0;
  readonly totals = { dispatched: 0, rejected: 0, timedOut: 0, cancelled: 0 };

  constructor(clock: Clock, config: QueueConfig, limit: number, figures: LevelFigures) {
    this.#clock = clock;
    this.#config = config;
    this.limit = limit;
    this.figures = figures;
    this.#syncedAt = clock.monotonic();
    this.demand = new Integrator(this.#syncedAt);
    this.#grow();
  }

  configure(config: QueueConfig, limit: number): void {
    this.#sync(this.#clock.monotonic());
    this.#config = config;
    this.limit = limit;
    this.#grow();
    this.#dispatch();
  }

  /** Queues are added at once, and go when they are empty and there are too many. */
  #grow(): void {
    for (let missing = (this.#config.queues?.count ?? 0) - this.queues.length; missing > 0; missing--) this.queues.push(new Queue());
  }

  get idle(): boolean {
    return this.waiting === 0 && this.executing === 0;
  }

  /** Virtual time goes on by the seats that each queue with something to do could have. */
  #sync(now: number): void {
    const passed = (now - this.#syncedAt) / 1000;
    this.#syncedAt = now;
    const active = this.#active.size;
    if (active === 0 || passed <= 0) return;
    const inQueues = this.seatsWaiting + this.seatsInUse;
    this.currentR += (Math.min(inQueues, this.limit) / active) * passed;
  }

  /** Seats now, a place in a queue, or undefined: refused. */
  start(flow: FlowFigures, distinguisher: string, estimate: WorkEstimate, subject: unknown): Ticket | undefined {
    const now = this.#clock.monotonic();
    this.#sync(now);
    const seats = Math.max(estimate.initialSeats, estimate.finalSeats);
    const { queues } = this.#config;
    if (queues === undefined) {
      if (!this.#fits(seats)) return this.#reject(flow, "concurrency-limit");
      const ticket = newTicket(flow, distinguisher, estimate, seats, now, undefined, this.currentR, subject);
      this.queueless.add(ticket);
      this.#execute(ticket, now);
      return ticket;
    }
    const queue = this.#choose(queues.dealer.hand(flow.schema, distinguisher));
    if (this.seatsInUse >= this.limit && queue.waiting.length >= queues.length) return this.#reject(flow, "queue-full");
    const ticket = newTicket(flow, distinguisher, estimate, seats, now, queue, this.currentR, subject);
    this.#enqueue(queue, ticket, now);
    this.#dispatch();
    return ticket;
  }

  #reject(flow: FlowFigures, reason: string): undefined {
    this.totals.rejected++;
    flow.reject(reason);
    return undefined;
  }

  /** The one of the hand with the least work waiting; which is looked at first changes, so that none is preferred. */
  #choose(hand: readonly number[]): Queue {
    const offset = this.#enqueues++ % hand.length;
    let best: Queue | undefined;
    for (let i = 0; i < hand.length; i++) {
      const queue = this.queues[hand[(offset + i) % hand.length] as number] as Queue;
      if (best === undefined || queue.workWaiting < best.workWaiting) best = queue;
    }
    return best as Queue;
  }

  #enqueue(queue: Queue, ticket: Ticket, now: number): void {
    if (queue.waiting.length === 0 && queue.executing.size === 0) queue.nextDispatchR = this.currentR;
    this.#active.add(queue);
    queue.waiting.push(ticket);
    queue.workWaiting += workOf(ticket);
    queue.seatsWaiting += ticket.seats;
    this.waiting++;
    this.seatsWaiting += ticket.seats;
    ticket.flow.enqueued(ticket.seats, queue.waiting.length);
    this.figures.waiting(1, now);
    this.#demand(now);
    this.#bound(queue);
  }

  #demand(now: number): void {
    const seats = this.seatsInUse + this.seatsWaiting;
    this.demand.set(seats, now);
    this.figures.demand(seats, now);
  }

  #fits(seats: number): boolean {
    if (this.#config.exempt) return true;
    // Wider than all there is: it goes when it is alone.
    if (seats > this.limit) return this.executing === 0;
    return this.seatsInUse + seats <= this.limit;
  }

  #dispatch(): void {
    while (this.waiting > 0 && this.seatsInUse < this.limit && this.#dispatchOne()) {
      // one more
    }
  }

  #dispatchOne(): boolean {
    const index = this.#next();
    const queue = this.queues[index] as Queue;
    const ticket = queue.waiting[0] as Ticket;
    if (!this.#fits(ticket.seats)) {
      ticket.flow.noAccommodation();
      return false;
    }
    this.#robin = index;
    const now = this.#clock.monotonic();
    this.figures.dispatched(this.currentR, queue.nextDispatchR);
    this.#leave(queue, ticket, now);
    queue.executing.add(ticket);
    queue.seatsInUse += ticket.seats;
    queue.nextDispatchR += workOf(ticket);
    this.#bound(queue);
    this.#execute(ticket, now);
    return true;
  }

  /** The queue whose oldest request would end first; of equals the one after the last that was served. */
  #next(): number {
    const count = this.queues.length;
    let best = -1;
    let earliest = Infinity;
    for (let i = 1; i <= count; i++) {
      const index = (this.#robin + i) % count;
      const queue = this.queues[index] as Queue;
      const oldest = queue.waiting[0];
      if (oldest === undefined) continue;
      const end = queue.nextDispatchR + workOf(oldest);
      if (end < earliest) {
        earliest = end;
        best = index;
      }
      // Most often nobody else waits.
      if (this.waiting === queue.waiting.length) break;
    }
    return best;
  }

  #leave(queue: Queue, ticket: Ticket, now: number): void {
    const at = queue.waiting[0] === ticket ? 0 : queue.waiting.indexOf(ticket);
    queue.waiting.splice(at, 1);
    queue.workWaiting = queue.waiting.length === 0 ? 0 : queue.workWaiting - workOf(ticket);
    queue.seatsWaiting -= ticket.seats;
    this.waiting--;
    this.seatsWaiting -= ticket.seats;
    ticket.flow.dequeued(ticket.seats);
    this.figures.waiting(-1, now);
  }

  #execute(ticket: Ticket, now: number): void {
    ticket.state = "executing";
    ticket.startedAt = now;
    this.executing++;
    this.seatsInUse += ticket.seats;
    this.totals.dispatched++;
    ticket.flow.started(ticket.seats);
    this.figures.executing(1, ticket.seats, now);
    this.#demand(now);
    ticket.timer?.cancel();
    const { decide } = ticket;
    ticket.decide = undefined;
    decide?.(true);
  }

  /** A request that has waited too long, or whose sender has gone. */
  cancel(ticket: Ticket, timedOut: boolean): void {
    const { queue } = ticket;
    if (ticket.state !== "waiting" || queue === undefined) return;
    const now = this.#clock.monotonic();
    this.#sync(now);
    ticket.state = "refused";
    ticket.timer?.cancel();
    this.#leave(queue, ticket, now);
    this.#rest(queue);
    this.#bound(queue);
    this.#demand(now);
    this.totals.rejected++;
    this.totals.cancelled++;
    if (timedOut) this.totals.timedOut++;
    ticket.flow.reject("time-out");
    const { decide } = ticket;
    ticket.decide = undefined;
    decide?.(false);
    this.#dispatch();
  }

  /** The request is answered: its seats are free, now or after what it leaves to be done. */
  finish(ticket: Ticket): void {
    if (ticket.state !== "executing") return;
    const now = this.#clock.monotonic();
    this.#sync(now);
    ticket.state = "done";
    this.executing--;
    ticket.flow.finished((now - ticket.startedAt) / 1000);
    this.figures.executing(-1, 0, now);
    const { queue } = ticket;
    if (queue === undefined) this.queueless.delete(ticket);
    else {
      queue.executing.delete(ticket);
      queue.nextDispatchR -= ticket.estimate.initialSeats * (guessedSeconds - (now - ticket.startedAt) / 1000);
      this.#bound(queue);
    }
    if (ticket.estimate.additionalLatency <= 0) this.#release(ticket, now);
    else
      this.#clock.setTimeout(() => {
        const later = this.#clock.monotonic();
        this.#sync(later);
        this.#release(ticket, later);
        this.#dispatch();
      }, ticket.estimate.additionalLatency);
    this.#dispatch();
  }

  #release(ticket: Ticket, now: number): void {
    this.seatsInUse -= ticket.seats;
    ticket.flow.released(ticket.seats);
    this.figures.executing(0, -ticket.seats, now);
    this.#demand(now);
    const { queue } = ticket;
    if (queue === undefined) return;
    queue.seatsInUse -= ticket.seats;
    this.#rest(queue);
  }

  /** Nothing to do: virtual time no longer counts it, and it goes where there are too many. */
  #rest(queue: Queue): void {
    if (queue.waiting.length > 0 || queue.executing.size > 0) return;
    this.#active.delete(queue);
    if (this.queues.length <= (this.#config.queues?.count ?? 0)) return;
    const index = this.queues.indexOf(queue);
    this.queues.splice(index, 1);
    if (this.#robin >= index && this.#robin > 0) this.#robin--;
  }

  /** Nobody begins, virtually, before having arrived: a queue cannot save up what it does not use. */
  #bound(queue: Queue): void {
    const oldest = queue.waiting[0];
    if (oldest !== undefined && queue.nextDispatchR < oldest.arrivalR) queue.nextDispatchR = oldest.arrivalR;
  }
}

function newTicket(
  flow: FlowFigures,
  distinguisher: string,
  estimate: WorkEstimate,
  seats: number,
  arrivedAt: number,
  queue: Queue | undefined,
  arrivalR: number,
  subject: unknown,
): Ticket {
  return {
    flow,
    distinguisher,
    estimate,
    seats,
    arrivedAt,
    startedAt: 0,
    state: "waiting",
    queue,
    arrivalR,
    subject,
    decide: undefined,
    timer: undefined,
  };
}

/** Seat-seconds. */
export function workOf({ estimate }: Ticket): number {
  return estimate.initialSeats * guessedSeconds + (estimate.finalSeats * estimate.additionalLatency) / 1000;
}
