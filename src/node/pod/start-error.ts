/** Why a container could not be started: `reason` and `message` become its `state.waiting`. */
export class StartError extends Error {
  readonly reason: string;
  /** When to try again, milliseconds since the epoch; the worker's own back-off when absent. */
  readonly retryAt: number | undefined;

  constructor(reason: string, message: string, retryAt?: number) {
    super(message);
    this.name = "StartError";
    this.reason = reason;
    this.retryAt = retryAt;
  }
}
