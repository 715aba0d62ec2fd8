export { openCluster } from "./open-cluster.ts";
export { runKubectl } from "./program.ts";
