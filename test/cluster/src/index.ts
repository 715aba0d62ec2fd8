import { randomBytes } from "node:crypto";
import type { Cluster, ClusterOptions } from "./cluster.ts";
import { kindProvider } from "./kind/provider.ts";
import { localProvider } from "./local/provider.ts";
import type { Provider } from "./provider.ts";

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
export { CommandFailed, type RunResult } from "./process/run.ts";
export type { Provider } from "./provider.ts";

/** The ways to have a cluster, by the name that the command takes. */
export const providers = { local: localProvider, kind: kindProvider } as const satisfies Record<string, Provider>;

export type ProviderName = keyof typeof providers;

/** What a test asks for: by default one node, a new name and the local provider. */
export type TestClusterOptions = Partial<ClusterOptions> & { readonly provider?: ProviderName };

/**
 * Makes a cluster for a test; `await using` takes it down. One of the same name is removed first. Give a fixed name:
 * what a killed test has left is then removed by its next run. Throws `ClusterError` when the host lacks something.
 */
export function startCluster(options: TestClusterOptions = {}): Promise<Cluster> {
  const { provider = "local", name = `test-${randomBytes(4).toString("hex")}`, nodes = 1, ...others } = options;
  return providers[provider].create({ name, nodes, ...others });
}

/** As `startCluster` for the time of `body`, whose value it returns. */
export async function withCluster<T>(options: TestClusterOptions, body: (cluster: Cluster) => Promise<T>): Promise<T> {
  await using cluster = await startCluster(options);
  return await body(cluster);
}

/** A cluster that `npm run cluster -- up` has made. Disposing of it takes it down, so do not write `await using`. */
export const openCluster = (name: string, provider: ProviderName = "local"): Promise<Cluster> =>
  providers[provider].open(name);
