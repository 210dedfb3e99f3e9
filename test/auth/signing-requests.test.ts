import { signingCases, signingFlags } from "./signing-requests.ts";
import { testRecorded } from "./suite.ts";

testRecorded({
  title: "a server asked for certificates",
  file: "recorded-signing.json",
  flags: signingFlags,
  cases: (_, world) => Promise.resolve(signingCases(world)),
});
