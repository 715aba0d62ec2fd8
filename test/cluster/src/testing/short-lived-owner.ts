import { startCluster } from "../index.ts";

/** Makes a cluster, as tests do, and waits to be killed. */
await startCluster({ name: process.argv[2] as string, nodes: 2 });
setInterval(() => undefined, 1000);
