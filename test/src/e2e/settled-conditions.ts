import type { Cluster } from "../../cluster/src/cluster.ts";
import { eventually } from "./eventually.ts";
import { NamespaceView } from "./namespace-view.ts";
import { namespace } from "./objects.ts";

/** All conditions of an InferenceDeployment but the one that follows the traffic, in words. */
export async function settledConditions(cluster: Cluster, name: string): Promise<string> {
  const { status } = await new NamespaceView(cluster).infd(name);
  const settled = (status?.conditions ?? []).filter(({ type }) => type !== "ServiceLevelMet");
  return settled.map(({ type, status: value, reason }) => `${type}=${value} (${reason})`).join(", ");
}

/**
 * Waits until all conditions are as `before`, and gives the seconds that the operator had for it. After a long outage the cluster
 * itself takes its nodes for lost, sooner or later, and their pods for not ready, until their kubelets are back: only then
 * does the operator's time begin.
 */
export async function untilConditionsAreBack(cluster: Cluster, name: string, before: string): Promise<number> {
  let lastUnready = Date.now();
  await eventually(
    "all conditions are as before",
    async () => {
      if (!(await serversAreReady(cluster, name))) lastUnready = Date.now();
      const now = await settledConditions(cluster, name);
      if (now === before) return true;
      throw new Error(now);
    },
    { seconds: 150, everyMilliseconds: 500 },
  );
  return (Date.now() - lastUnready) / 1000;
}

async function serversAreReady(cluster: Cluster, name: string): Promise<boolean> {
  const servers = `sweetspot.dev/inference-deployment=${name},app.kubernetes.io/component=server`;
  const path = "jsonpath={.items[*].status.conditions[?(@.type=='Ready')].status}";
  const words = await cluster.kubectl("get", "pods", "-n", namespace, "-l", servers, "-o", path);
  return words.trim() !== "" && words.split(" ").every((word) => word.trim() === "True");
}
