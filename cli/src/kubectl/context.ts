import type { CliContext, CommandContext } from "../context.ts";
import type { Cluster } from "./cluster.ts";
import type { ClusterOptions } from "./cluster-options.ts";

/** What the commands of `kubectl sweetspot` need from their surroundings. */
export interface KubectlContext extends CliContext {
  /** Throws `UserError` where there is no usable kubeconfig. */
  readonly openCluster: (options: ClusterOptions) => Promise<Cluster>;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

export type KubectlCommandContext = KubectlContext & CommandContext;

/** Does something with a cluster, and closes it. */
export async function withCluster<T>(
  { openCluster }: KubectlContext,
  options: ClusterOptions,
  work: (cluster: Cluster) => Promise<T>,
): Promise<T> {
  const cluster = await openCluster(options);
  try {
    return await work(cluster);
  } finally {
    await cluster.close();
  }
}
