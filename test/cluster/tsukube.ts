/** The command line as tests run it: from source, so that no old build is tested. */
import { main } from "../../src/cluster/cli/main.ts";

await main(process.argv.slice(2));
