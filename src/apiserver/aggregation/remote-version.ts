/** A group version that another server answers for: how its requests get there. */
import type { ApiRequest, ApiResponse } from "../request.ts";

export interface RemoteVersion {
  readonly group: string;
  readonly version: string;
  /** Where the group, and the version in it, stand in discovery: higher first. */
  readonly groupPriority: number;
  readonly versionPriority: number;
  /** Names the server: versions with the same name share its documents. */
  readonly server: string;
  /** Hands a client's request over. Answers 503 when the server is known to be away. */
  proxy(request: ApiRequest): Promise<ApiResponse>;
  /** Asks for a document in the name of the aggregator. Rejects when no answer comes. */
  fetch(path: string, headers: Readonly<Record<string, string>>): Promise<RemoteAnswer>;
}

export interface RemoteAnswer {
  readonly status: number;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** `group/version`; the core group's begin with a slash. */
export function versionKey({ group, version }: { readonly group: string; readonly version: string }): string {
  return `${group}/${version}`;
}
