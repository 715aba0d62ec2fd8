import { binariesAreThere } from "../binaries/binaries.ts";
import { allBinaries } from "../binaries/catalogue.ts";
import { localProvider } from "../local/provider.ts";

const found = await localProvider.obstacles();

/** Why no cluster can be made here; empty when one can. A test does not build for a quarter of an hour either. */
const reasons = [
  ...found,
  ...((await binariesAreThere(allBinaries)) ? [] : ["The cluster's programs are not built: npm run cluster -- build"]),
];

/** Whether tests that need a cluster must be skipped on this host. */
export const withoutCluster = reasons.length > 0;

if (withoutCluster) console.warn(`Tests that need a cluster are skipped. ${reasons.join(" ")}`);
