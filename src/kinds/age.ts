/** How long ago something was, in the words of `kubectl get`. */

const minute = 60;
const hour = 60 * minute;
const day = 24 * hour;
const year = 365 * day;

/** Two digits at most of what matters: `119s`, `5m30s`, `3h2m`, `4d`, `2y10d`. */
export function humanDuration(milliseconds: number): string {
  const seconds = Math.trunc(milliseconds / 1000);
  if (seconds < -1) return "<invalid>";
  if (seconds < 0) return "0s";
  if (seconds < 2 * minute) return `${seconds}s`;
  if (seconds < 10 * minute) return two(seconds, minute, "m", 1, "s");
  if (seconds < 3 * hour) return `${Math.floor(seconds / minute)}m`;
  if (seconds < 8 * hour) return two(seconds, hour, "h", minute, "m");
  if (seconds < 2 * day) return `${Math.floor(seconds / hour)}h`;
  if (seconds < 8 * day) return two(seconds, day, "d", hour, "h");
  if (seconds < 2 * year) return `${Math.floor(seconds / day)}d`;
  if (seconds < 8 * year) return two(seconds, year, "y", day, "d");
  return `${Math.floor(seconds / year)}y`;
}

function two(seconds: number, big: number, bigName: string, small: number, smallName: string): string {
  const rest = Math.floor((seconds % big) / small);
  return `${Math.floor(seconds / big)}${bigName}${rest === 0 ? "" : `${rest}${smallName}`}`;
}

/** How long before `now` (milliseconds since the epoch) a time of the API was. */
export function timeSince(time: string | null | undefined, now: number): string {
  return time === undefined || time === null ? "<unknown>" : humanDuration(now - Date.parse(time));
}

/** The age of an object. */
export function age(object: { readonly metadata?: { readonly creationTimestamp?: string | undefined } | undefined }, now: number): string {
  return timeSince(object.metadata?.creationTimestamp, now);
}
