/** GET as Go's http client does it: redirects are followed, a whole answer is read, thirty seconds are enough. */
import { get as getPlain, type IncomingMessage } from "node:http";
import { Agent, get as getSecure } from "node:https";
import { goNetworkError } from "../../client/webhook/go-errors.ts";
import { systemClock } from "../../core/clock.ts";

export interface HttpAnswer {
  readonly status: number;
  /** `404 Not Found` */
  readonly statusText: string;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
}

export interface HttpGetter {
  /** Throws an Error in Go's words when no answer comes. */
  get(url: string, headers?: Readonly<Record<string, string>>): Promise<HttpAnswer>;
  close(): void;
}

const timeout = 30_000;
const maxRedirects = 10;
const redirects = new Set([301, 302, 303, 307, 308]);

/** `ca`: PEM; the system's authorities when absent. */
export function httpGetter(ca: string | undefined): HttpGetter {
  const agent = new Agent({ keepAlive: true, ...(ca === undefined ? {} : { ca }) });
  const once = (url: string, headers: Readonly<Record<string, string>>): Promise<HttpAnswer> =>
    new Promise((resolve, reject) => {
      const receive = (response: IncomingMessage): void => {
        const chunks: Buffer[] = [];
        response.on("data", (chunk: Buffer) => chunks.push(chunk));
        response.on("error", reject);
        response.on("end", () => {
          const { statusCode = 0, statusMessage = "" } = response;
          const body = Buffer.concat(chunks).toString("utf8");
          resolve({ status: statusCode, statusText: `${statusCode} ${statusMessage}`, headers: response.headers, body });
        });
      };
      const request = url.startsWith("https:") ? getSecure(url, { headers, agent }, receive) : getPlain(url, { headers }, receive);
      const late = new Error("context deadline exceeded (Client.Timeout exceeded while awaiting headers)");
      const timer = systemClock.setTimeout(() => request.destroy(late), timeout);
      request.on("close", () => timer.cancel());
      request.on("error", reject);
    });
  return {
    async get(url, headers = {}) {
      let at = url;
      try {
        for (let hop = 0; ; hop++) {
          const answer = await once(at, hop === 0 || new URL(at).host === new URL(url).host ? headers : {});
          const { location } = answer.headers;
          if (!redirects.has(answer.status) || location === undefined) return answer;
          if (hop >= maxRedirects) throw new Error("stopped after 10 redirects");
          at = new URL(location, at).href;
        }
      } catch (error) {
        throw new Error(`Get ${JSON.stringify(at)}: ${goNetworkError(error)}`, { cause: error });
      }
    },
    close: () => agent.destroy(),
  };
}
