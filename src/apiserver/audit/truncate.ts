/** Bounds the size of events and batches: a large event loses its objects, a large batch is sent as several. */
import { allKept, type AuditBackend, type AuditFailure } from "./backend.ts";
import { type AuditEvent, encodeEvent, sizeOfParts } from "./event.ts";

export interface TruncateOptions {
  /** Bytes. */
  readonly maxEventSize: number;
  readonly maxBatchSize: number;
}

export function truncatingBackend(next: AuditBackend, options: TruncateOptions, failed: AuditFailure): AuditBackend {
  const process = (events: readonly AuditEvent[]): boolean | Promise<boolean> => {
    const batches: AuditEvent[][] = [];
    let size = 0;
    for (const event of events) {
      const fitted = fit(event, options.maxEventSize);
      if (fitted === undefined) {
        failed("truncate", "event is too large even after truncating", [event]);
        continue;
      }
      const last = batches.at(-1);
      if (last === undefined || size + fitted.size > options.maxBatchSize) {
        batches.push([fitted.event]);
        size = fitted.size;
      } else {
        last.push(fitted.event);
        size += fitted.size;
      }
    }
    return allKept(batches.map((batch) => next.process(batch)));
  };
  return { process, close: () => next.close() };
}

function fit(event: AuditEvent, max: number): { event: AuditEvent; size: number } | undefined {
  const size = sizeOfParts(encodeEvent(event)) + 1;
  if (size <= max) return { event, size };
  if (event.level !== "Request" && event.level !== "RequestResponse") return undefined;
  const annotations = new Map([...(event.annotations ?? []), ["audit.k8s.io/truncated", "true"]]);
  const without: AuditEvent = { ...event, requestObject: undefined, responseObject: undefined, annotations };
  const left = sizeOfParts(encodeEvent(without)) + 1;
  return left <= max ? { event: without, size: left } : undefined;
}
