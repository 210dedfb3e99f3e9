/** The gRPC libraries, in a module of their own that is loaded on the first call: named imports survive bundling only here. */
import { Client, credentials, Metadata, status } from "@grpc/grpc-js";
import { fromJSON } from "@grpc/proto-loader";

export { Client, credentials, fromJSON, Metadata, status };
