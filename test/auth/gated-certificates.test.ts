import { gatedCases, gatedFlags, prepareGated } from "./gated-certificates.ts";
import { testRecorded } from "./suite.ts";

testRecorded({
  title: "a server that serves trust bundles and certificates of pods",
  file: "recorded-gated.json",
  flags: gatedFlags,
  cases: async (server, world) => {
    await prepareGated(server, world);
    return gatedCases(world);
  },
});
