/**
 * containerd's own event stream, for the ends of tasks: containerd 1.6 has no CRI events, and listing alone would notice an
 * exit only at the next second. Only a hint: what is true is read through CRI.
 */
import { grpcClient } from "../host/grpc.ts";

/** `containerd.services.events.v1`, as far as it is needed. */
const descriptor = {
  nested: {
    containerd: {
      nested: {
        services: {
          nested: {
            events: {
              nested: {
                v1: {
                  nested: {
                    SubscribeRequest: { fields: { filters: { rule: "repeated", type: "string", id: 1 } } },
                    Any: { fields: { typeUrl: { type: "string", id: 1 }, value: { type: "bytes", id: 2 } } },
                    Envelope: {
                      fields: { namespace: { type: "string", id: 2 }, topic: { type: "string", id: 3 }, event: { type: "Any", id: 4 } },
                    },
                    Events: { methods: { Subscribe: { requestType: "SubscribeRequest", responseType: "Envelope", responseStream: true } } },
                  },
                },
              },
            },
          },
        },
      },
    },
  },
};

interface Envelope {
  namespace: string;
  topic: string;
  event: { value: Buffer } | null;
}

/** Calls `onExit` with the container's id whenever one of its first processes ends. Throws when the stream breaks. */
export async function followTaskExits(socket: string, signal: AbortSignal, onExit: (containerId: string) => void): Promise<void> {
  const client = await grpcClient(`unix:${socket}`, descriptor, "containerd.services.events.v1.Events");
  try {
    for await (const { event } of client.stream<Envelope>("Subscribe", { filters: ['topic=="/tasks/exit",namespace=="k8s.io"'] }, signal)) {
      const id = event === null ? undefined : firstString(event.value);
      if (id !== undefined) onExit(id);
    }
  } finally {
    client.close();
  }
}

/** Field 1 of a protobuf message, when it is a string and stands first: `TaskExit.container_id`. */
function firstString(bytes: Buffer): string | undefined {
  if (bytes[0] !== 0x0a) return undefined;
  const length = bytes[1] ?? 0;
  return length < 0x80 ? bytes.toString("utf8", 2, 2 + length) : undefined;
}
