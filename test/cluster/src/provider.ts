import type { Cluster, ClusterOptions } from "./cluster.ts";

/** A way to have clusters. */
export interface Provider {
  /** Makes a cluster of this name, after removing what an earlier one has left. */
  create(options: ClusterOptions): Promise<Cluster>;
  /** A cluster that is there already. Throws `ClusterError` when it is not. */
  open(name: string): Promise<Cluster>;
  /** Removes a cluster, complete or half-made. Returns whether there was anything. */
  remove(name: string): Promise<boolean>;
  /** Names of all clusters, complete or not. */
  names(): Promise<string[]>;
  /** One sentence for each thing that stands in the way on this host; empty when `create` can be tried. */
  obstacles(): Promise<string[]>;
  /** How a cluster is, in a few words. */
  state(name: string): Promise<string>;
}
