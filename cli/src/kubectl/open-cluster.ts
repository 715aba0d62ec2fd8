import { httpTransport, KubeClient, kubeconfigConnection } from "@sweetspot/operator";
import { UserError } from "../user-error.ts";
import { Cluster } from "./cluster.ts";
import type { ClusterOptions } from "./cluster-options.ts";

/** The cluster of a kubeconfig, logged in to as kubectl does. Throws `UserError` where that cannot be read. */
export async function openCluster({ namespace, context, kubeconfig }: ClusterOptions): Promise<Cluster> {
  const connection = await kubeconfigConnection({
    ...(kubeconfig === undefined ? {} : { file: kubeconfig }),
    ...(context === undefined ? {} : { context }),
  }).catch((error: unknown) => {
    const reason = (error instanceof Error ? error.message : String(error)).replace(/\.?$/, ".");
    throw new UserError(
      "BadInput",
      `There is no usable kubeconfig: ${reason} Name one with --kubeconfig or --context.`,
    );
  });
  const transport = httpTransport(connection);
  return new Cluster(namespace ?? connection.namespace ?? "default", new KubeClient({ transport }), transport);
}
