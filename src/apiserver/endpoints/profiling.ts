/**
 * `/debug/pprof/`: profiles of this process for `go tool pprof`, and `/debug/flags/v`: how much is logged. What Go tells and V8
 * does not know (locks, goroutines' stacks, execution traces) is said where somebody asks.
 */
import type { ApiRequest, ApiResponse } from "../request.ts";
import type { ApiServer } from "../server-interface.ts";

const plain = { "content-type": "text/plain; charset=utf-8", "x-content-type-options": "nosniff" };

/** In the order of the index. */
const descriptions: Readonly<Record<string, string>> = {
  allocs:
    "A sampling of the memory allocations made while the profile is taken. You can specify the duration in the seconds GET parameter.",
  block: "Stack traces that led to blocking on synchronization primitives: none, one thread serves",
  goroutine: "What the process waits for, by kind",
  heap: "A sampling of the memory allocations made while the profile is taken that are alive at its end. You can specify the duration in the seconds GET parameter, and gc to collect garbage first.",
  mutex: "Stack traces of holders of contended mutexes: none, one thread serves",
  profile:
    "CPU profile. You can specify the duration in the seconds GET parameter. After you get the profile file, use the go tool pprof command to investigate the profile.",
  symbol: "Maps given program counters to function names: profiles name their functions themselves",
  threadcreate: "How many OS threads there are",
};

export interface ProfilingOptions {
  /** Sets how much is logged, 0 to 10; answers nothing. */
  readonly setVerbosity?: ((level: number) => void) | undefined;
}

/** Adds both, behind authorization like every path. */
export function addProfiling(server: Pick<ApiServer, "addRoute">, options: ProfilingOptions = {}): void {
  server.addRoute({
    path: "/debug/pprof",
    handle: () => ({
      status: 302,
      headers: { "content-type": "text/html; charset=utf-8", location: "/debug/pprof/" },
      bytes: Buffer.from('<a href="/debug/pprof/">Found</a>.\n\n'),
    }),
  });
  server.addRoute({ path: "/debug/pprof/", handle: servePprof });
  server.addRoute({ path: "/debug/flags/v", handle: (request) => setVerbosity(request, options) });
}

/** Answers a request below `/debug/pprof/`; also used by the debug socket. */
export function servePprof(request: Pick<ApiRequest, "path" | "query">): Promise<ApiResponse> | ApiResponse {
  const name = request.path.slice("/debug/pprof/".length);
  if (name === "") return index();
  if (name === "symbol") return { status: 200, headers: plain, bytes: Buffer.from("num_symbols: 1\n") };
  if (!Object.hasOwn(descriptions, name))
    return { status: 404, headers: { ...plain, "x-go-pprof": "1" }, bytes: Buffer.from("Unknown profile\n") };
  return profile(name, request.query);
}

function bad(why: string): ApiResponse {
  return { status: 400, headers: plain, bytes: Buffer.from(`${why}\n`) };
}

async function profile(name: string, query: URLSearchParams): Promise<ApiResponse> {
  const asked = Number(query.get("seconds") ?? 0);
  // Go's two that always take time have a default for what is no number; the others are strict.
  if (query.has("seconds") && name !== "profile" && name !== "trace") {
    if (!Number.isInteger(asked) || asked <= 0) return bad('invalid value for "seconds" - must be a positive integer');
    if (Number(query.get("debug") ?? 0) !== 0) return bad("seconds and debug params are incompatible");
  }
  const { takeProfile } = await import("../../host/profiler.ts");
  const debug = Number(query.get("debug") ?? 0) > 0;
  const { text, bytes } = await takeProfile(name, {
    seconds: asked > 0 ? asked : undefined,
    gc: Number(query.get("gc") ?? 0) > 0,
    text: debug,
  });
  if (text !== undefined) return { status: 200, headers: plain, bytes: Buffer.from(text) };
  const headers = {
    "content-type": "application/octet-stream",
    "content-disposition": `attachment; filename="${name}${query.has("seconds") && name !== "profile" && name !== "trace" ? "-delta" : ""}"`,
    "x-content-type-options": "nosniff",
  };
  return { status: 200, headers, bytes };
}

function index(): ApiResponse {
  const names = Object.keys(descriptions);
  const rows = names.map((name) => `<tr><td>0</td><td><a href='${name}?debug=1'>${name}</a></td></tr>`);
  const list = names.map((name) => `<li><div class=profile-name>${name}: </div> ${descriptions[name]}</li>`);
  const page = `<html>
<head>
<title>/debug/pprof/</title>
</head>
<body>
/debug/pprof/
<br>
<p>Set debug=1 as a query parameter to export in legacy text format</p>
<br>
Types of profiles available:
<table>
<thead><td>Count</td><td>Profile</td></thead>
${rows.join("\n")}
</table>
<br>
<p>
Profile Descriptions:
<ul>
${list.join("\n")}
</ul>
</p>
</body>
</html>
`;
  return {
    status: 200,
    headers: { "content-type": "text/html; charset=utf-8", "x-content-type-options": "nosniff" },
    bytes: Buffer.from(page),
  };
}

function setVerbosity(request: ApiRequest, options: ProfilingOptions): ApiResponse {
  const headers = { "content-type": "text/plain", "x-content-type-options": "nosniff" };
  const answer = (status: number, text: string): ApiResponse => ({ status, headers, bytes: Buffer.from(text) });
  if (request.method !== "PUT") return answer(406, "unsupported http method\n");
  const text = Buffer.from(request.body ?? new Uint8Array(0)).toString();
  if (!/^\d+$/.test(text)) return answer(400, `strconv.ParseUint: parsing ${JSON.stringify(text)}: invalid syntax\n`);
  options.setVerbosity?.(Number(text));
  return answer(200, `successfully set klog.logging.verbosity to ${text}`);
}
