/**
 * Sends the same requests to an upstream API server and to ours, and tells where the answers differ.
 *
 * usage: node test/differential/run.ts --reference KUBECONFIG [--ours KUBECONFIG] [--kinds pods,deployments] [--parts create,update]
 *          [--seed N] [--share 0.2] [--match TEXT] [--cache DIRECTORY] [--report FILE] [--show N] [--managed-fields] [--refresh TEXT] [--offline] [--record]
 *
 * Without `--ours` the control plane of this source tree is started in this process. Answers of the reference are kept in the
 * cache directory: a run that was cut short goes on there, and a second run asks ours alone. `--offline` asks the reference
 * nothing: only creates whose answers are in the cache are compared. `--record` writes `recorded/` and `open.txt`, for `npm test`.
 */
import { parseArgs } from "node:util";
import { testedKinds } from "./bases.ts";
import { Report } from "./report.ts";
import { type Part, parts, runKind } from "./run-kind.ts";
import { localServer, remoteServer, silentServer } from "./servers.ts";
import { prepare } from "./setup.ts";

const { values } = parseArgs({
  options: {
    reference: { type: "string" },
    ours: { type: "string" },
    kinds: { type: "string" },
    parts: { type: "string" },
    seed: { type: "string", default: "1" },
    share: { type: "string", default: "1" },
    match: { type: "string" },
    cache: { type: "string" },
    refresh: { type: "string" },
    report: { type: "string" },
    show: { type: "string", default: "40" },
    concurrency: { type: "string", default: "4" },
    "managed-fields": { type: "boolean", default: false },
    offline: { type: "boolean", default: false },
    record: { type: "boolean", default: false },
  },
});
if (values.reference === undefined && !values.offline)
  throw new Error("--reference KUBECONFIG is needed: the upstream API server to compare with");
const wanted = values.kinds?.split(",");
const kinds = testedKinds().filter((k) => wanted?.some((w) => w === k.row.resource || w === k.id) ?? true);
const chosenParts = (values.parts?.split(",") ?? [...parts]) as Part[];
const report = new Report();
await using theirs = values.reference === undefined || values.offline ? silentServer() : await remoteServer(values.reference);
await using ours = values.ours === undefined ? await localServer() : await remoteServer(values.ours);
await Promise.all([prepare(theirs), prepare(ours)]);
for (const kind of kinds) {
  const started = performance.now();
  const count = await runKind(kind, {
    theirs,
    ours,
    report,
    parts: chosenParts,
    seed: Number(values.seed),
    share: Number(values.share),
    match: values.match,
    cache: values.cache,
    refresh: values.refresh,
    concurrency: Number(values.concurrency),
    managedFields: values["managed-fields"],
    record: values.record,
  });
  console.error(`${kind.id}: ${count} cases, ${report.differing(kind.id)} differ, ${((performance.now() - started) / 1000).toFixed(1)} s`);
}
report.write(values.report, Number(values.show));
if (values.record) report.writeOpen();
process.exitCode = report.failed() ? 1 : 0;
