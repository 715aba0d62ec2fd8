import { chmod, mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Cluster } from "../../cluster/src/cluster.ts";
import { namespace } from "./objects.ts";

const storage = "1Gi";
const common = { accessModes: ["ReadWriteMany"], storageClassName: "" };

/**
 * Makes a PersistentVolumeClaim for pods of all nodes: a folder of this machine, which every user may write to, as of a `hostPath`
 * Kubernetes changes no owner. Gives the folder; who calls removes it after the cluster's pods are gone.
 */
export async function makeSharedClaim(cluster: Cluster, name: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), `sweetspot-${name}-`));
  await chmod(folder, 0o777);
  await cluster.kubectl.apply([
    {
      apiVersion: "v1",
      kind: "PersistentVolume",
      metadata: { name },
      spec: { ...common, capacity: { storage }, hostPath: { path: folder }, claimRef: { namespace, name } },
    },
    {
      apiVersion: "v1",
      kind: "PersistentVolumeClaim",
      metadata: { name, namespace },
      spec: { ...common, volumeName: name, resources: { requests: { storage } } },
    },
  ]);
  return folder;
}
