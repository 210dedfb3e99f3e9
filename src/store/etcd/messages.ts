/** The messages of etcd's v3 API that the store uses (`facts/grpc/etcd-v3.json`). int64 are numbers, bytes are Buffers. */

export interface ResponseHeader {
  readonly revision: number;
}

export interface EtcdKeyValue {
  readonly key: Buffer;
  readonly value: Buffer;
  readonly createRevision: number;
  readonly modRevision: number;
  readonly version: number;
  readonly lease: number;
}

export interface RangeResponse {
  readonly header: ResponseHeader;
  readonly kvs: readonly EtcdKeyValue[];
  readonly more: boolean;
  readonly count: number;
}

export interface Compare {
  readonly key: Buffer;
  readonly target: "MOD" | "VERSION";
  readonly result: "EQUAL";
  readonly modRevision?: number;
  readonly version?: number;
}

export type RequestOp =
  | { readonly requestRange: { readonly key: Buffer } }
  | { readonly requestPut: { readonly key: Buffer; readonly value: Uint8Array; readonly lease?: number } }
  | { readonly requestDeleteRange: { readonly key: Buffer } };

export interface ResponseOp {
  readonly responseRange: RangeResponse | null;
  readonly responseDeleteRange: { readonly deleted: number } | null;
}

export interface TxnResponse {
  readonly header: ResponseHeader;
  readonly succeeded: boolean;
  readonly responses: readonly ResponseOp[];
}

export interface EtcdEvent {
  readonly type: "PUT" | "DELETE";
  readonly kv: EtcdKeyValue;
  readonly prevKv: EtcdKeyValue | null;
}

export interface WatchResponse {
  readonly header: ResponseHeader;
  readonly created: boolean;
  readonly canceled: boolean;
  /** Above 0: the watch was cancelled because its start has been compacted up to here. */
  readonly compactRevision: number;
  readonly cancelReason: string;
  /** More events of the same revision follow in the next message. */
  readonly fragment: boolean;
  readonly events: readonly EtcdEvent[];
}

export interface StatusResponse {
  readonly version: string;
  readonly dbSize: number;
  readonly dbSizeInUse: number;
}

export interface LeaseGrantResponse {
  readonly ID: number | string;
  readonly TTL: number;
}
