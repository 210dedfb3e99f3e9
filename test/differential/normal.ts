/** What two servers cannot agree on is taken out of their answers: uids, versions, times, what is drawn by lot. */
import type { Answer, Case, Cause } from "./case.ts";

const uuid = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g;
/** Times that cases send are older. */
const now = /20(2[6-9]|[3-9]\d)-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z/g;
const tokenVolume = /kube-api-access-[a-z0-9]{5}/g;
const pointer = /0xc[0-9a-f]{9}/g;
/** The version of an object that is shown within a message. */
const version = /("resourceVersion\\?":\s?\\?")\d+/g;
/** What `verb-cases.ts` asks to be generated. */
const generated = /\b(Bad_)[a-z0-9]{5}\b/g;
const address = /10\.96\.\d+\.\d+/g;
/** A number of its own, or within text. */
const nodePort = /\b(3[0-2]\d{3})\b/g;

function normalText(text: string, sent: string): string {
  return text
    .replace(uuid, (found) => (sent.includes(found) ? found : "<uid>"))
    .replace(now, "<time>")
    .replace(tokenVolume, "kube-api-access-<lot>")
    .replace(pointer, "<pointer>")
    .replace(/X509SHA256=[0-9a-f]+/g, "<credential>")
    .replace(version, "$1<version>")
    .replace(/(in record \()\d+\)/g, "$1<version>)")
    .replace(generated, "$1<lot>")
    .replace(address, (found) => (sent.includes(found) ? found : "<address>"));
}

function normalValue(value: unknown, sent: string, services: boolean): unknown {
  if (typeof value === "string") return normalText(value, sent);
  if (typeof value === "number" && services) {
    const text = String(value);
    return nodePort.test(text) && !sent.includes(text) ? "<node port>" : ((nodePort.lastIndex = 0), value);
  }
  if (Array.isArray(value)) return value.map((v) => normalValue(v, sent, services));
  if (typeof value !== "object" || value === null) return value;
  const object: Record<string, unknown> = {};
  for (const [key, held] of Object.entries(value)) {
    object[normalText(key, sent)] =
      key === "resourceVersion" && typeof held === "string" && /^\d+$/.test(held)
        ? "<version>"
        : key === "continue" && held !== ""
          ? "<token>"
          : normalValue(held, sent, services);
  }
  return object;
}

/** The answer, comparable. Object keys are in order of their names; managed fields are left out unless `managedFields`. */
export function normalAnswer(answer: Answer, one: Case, managedFields: boolean): Answer {
  const sent = one.requests.map((r) => r.body ?? "").join("\n");
  const body = normalValue(answer.body, sent, one.kind === "/v1/services");
  if (!managedFields) dropManagedFields(body);
  dropAges(body);
  return { ...answer, warnings: answer.warnings.map((w) => normalText(w, sent)), body };
}

function dropManagedFields(body: unknown): void {
  if (typeof body !== "object" || body === null) return;
  const { metadata, items } = body as { metadata?: Record<string, unknown>; items?: unknown };
  if (typeof metadata === "object" && metadata !== null) delete metadata["managedFields"];
  if (Array.isArray(items)) for (const item of items) dropManagedFields(item);
}

/** Cells of tables that tell how old something is. */
function dropAges(body: unknown): void {
  const rows = (body as { rows?: unknown } | null)?.rows;
  if (!Array.isArray(rows)) return;
  for (const row of rows as { cells?: unknown[] | undefined }[]) {
    row.cells = row.cells?.map((cell) => (typeof cell === "string" && /^(\d+[smhdy])+$/.test(cell) ? "<age>" : cell));
  }
}

export function causesOf(answer: Answer): readonly Cause[] {
  const details = (answer.body as { details?: { causes?: Cause[] } } | null)?.details;
  return details?.causes ?? [];
}

/** `spec.containers[0].name` → `spec.containers[].name`; keys of maps too. */
export function normalField(field: string): string {
  return field.replace(/\[[^\]]*\]/g, "[]");
}
