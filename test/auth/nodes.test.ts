import { nodeCases, nodeFlags, prepareNodes } from "./nodes.ts";
import { testRecorded } from "./suite.ts";

testRecorded({
  title: "a server asked by kubelets",
  file: "recorded-nodes.json",
  flags: nodeFlags,
  cases: async (server, world) => {
    await prepareNodes(server, world);
    return nodeCases(world);
  },
});
