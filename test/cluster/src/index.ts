import { randomBytes } from "node:crypto";
import type { Cluster, ClusterOptions } from "./cluster.ts";
import { type ProviderName, providers } from "./providers.ts";
import { startWatchdog } from "./watchdog.ts";

export { type ApiServer, type ApiServerOptions, startApiServer } from "./api-server/api-server.ts";
export { type ControllerManager, startControllerManager } from "./api-server/controller-manager.ts";
export { binariesAreThere, ensureBinaries } from "./binaries/binaries.ts";
export { allBinaries, type BinaryName, controlPlaneBinaries } from "./binaries/catalogue.ts";
export { type Cluster, type ClusterOptions, type Component, type ComponentName, componentNames } from "./cluster.ts";
export { ClusterError } from "./cluster-error.ts";
export type { AuditEvent } from "./control-plane/audit-log.ts";
export type { User } from "./control-plane/credentials.ts";
export { type ImageContent, imageArchive, writeImageArchive } from "./images/image-archive.ts";
export type { Kubectl } from "./kubectl.ts";
export { prepareImages } from "./local/image-store.ts";
export { processesWithEnvironment } from "./process/identity.ts";
export { CommandFailed, type RunResult } from "./process/run.ts";
export type { Provider } from "./provider.ts";
export { type ProviderName, providers } from "./providers.ts";

/** What a test asks for: by default one node, a new name and the local provider. */
export type TestClusterOptions = Partial<ClusterOptions> & { readonly provider?: ProviderName };

/**
 * Makes a cluster for a test; `await using` takes it down. One of the same name is removed first. It goes with the process that made it,
 * even where that is killed. Throws `ClusterError` when the host lacks something.
 */
export async function startCluster(options: TestClusterOptions = {}): Promise<Cluster> {
  const { provider = "local", name = `test-${randomBytes(4).toString("hex")}`, nodes = 1, ...others } = options;
  const watchdog = startWatchdog(provider, name);
  const cluster = await providers[provider].create({ name, nodes, ...others });
  const down = cluster.down.bind(cluster);
  return Object.assign(cluster, {
    down: async () => {
      await down();
      watchdog[Symbol.dispose]();
    },
  });
}

/** As `startCluster` for the time of `body`, whose value it returns. */
export async function withCluster<T>(options: TestClusterOptions, body: (cluster: Cluster) => Promise<T>): Promise<T> {
  await using cluster = await startCluster(options);
  return await body(cluster);
}

/** A cluster that `npm run cluster -- up` has made. Disposing of it takes it down, so do not write `await using`. */
export const openCluster = (name: string, provider: ProviderName = "local"): Promise<Cluster> =>
  providers[provider].open(name);
