/** Durations as Go reads and writes them (`time.ParseDuration`, `Duration.String`): `1m0s`, `1.5h`, `300ms`. */

const unitsMs: Readonly<Record<string, number>> = { ns: 1e-6, us: 1e-3, µs: 1e-3, μs: 1e-3, ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** Milliseconds; undefined when it is no duration. */
export function parseGoDuration(text: string): number | undefined {
  if (!/^[-+]?(0|(\d+\.?\d*|\.\d+)(ns|us|µs|μs|ms|s|m|h))+$/.test(text)) return undefined;
  const unsigned = text.replace(/^[-+]/, "");
  if (unsigned === "0") return 0;
  let ms = 0;
  let read = 0;
  for (const [part, number, unit] of unsigned.matchAll(/(\d+\.?\d*|\.\d+)(ns|us|µs|μs|ms|s|m|h)/g)) {
    ms += Number(number) * (unitsMs[unit as string] as number);
    read += part.length;
  }
  if (read !== unsigned.length) return undefined;
  return text.startsWith("-") ? -ms : ms;
}

/** `1h0m0s`, `1m30s`, `1.5s`, `300ms`, `0s`. */
export function formatGoDuration(ms: number): string {
  if (ms === 0) return "0s";
  const sign = ms < 0 ? "-" : "";
  const all = Math.abs(ms);
  if (all < 1e-3) return `${sign}${trim(all * 1e6)}ns`;
  if (all < 1) return `${sign}${trim(all * 1e3)}µs`;
  if (all < 1000) return `${sign}${trim(all)}ms`;
  const hours = Math.floor(all / 3_600_000);
  const minutes = Math.floor((all % 3_600_000) / 60_000);
  const seconds = `${trim((all % 60_000) / 1000)}s`;
  if (hours > 0) return `${sign}${hours}h${minutes}m${seconds}`;
  return minutes > 0 ? `${sign}${minutes}m${seconds}` : `${sign}${seconds}`;
}

/** At most nine digits after the point, none that says nothing. */
function trim(value: number): string {
  return value.toFixed(9).replace(/\.?0+$/, "");
}
