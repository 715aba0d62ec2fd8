import {
  type Cache,
  type Change,
  done,
  inferenceDeployments,
  type KubernetesObject,
  type Manager,
  type Resource,
  tuningRuns,
} from "@sweetspot/operator";

const resource = (group: string, version: string, kind: string, plural: string): Resource => ({
  ...{ group, version, kind, plural, namespaced: true },
});
const others: readonly Resource[] = [
  inferenceDeployments,
  tuningRuns,
  resource("", "v1", "Service", "services"),
  resource("", "v1", "ServiceAccount", "serviceaccounts"),
  resource("policy", "v1", "PodDisruptionBudget", "poddisruptionbudgets"),
] as readonly Resource[];

/** Deletes what an object owned once it is gone. `known`: caches that are there already; the others are made. */
export function collectGarbage(manager: Manager, known: readonly unknown[]): void {
  const caches = [
    ...(known as readonly Cache<KubernetesObject>[]),
    ...others.map((kind) => manager.cache<KubernetesObject>(kind)),
  ];
  const gone = new Set<string>();
  const collector = manager.controller({
    name: "garbage",
    reconcile: async (uid) => {
      for (const cache of caches) {
        for (const { metadata } of cache.byOwner(uid)) {
          await manager.client.delete(cache.resource, metadata, { gracePeriodSeconds: 0 });
        }
      }
      return done;
    },
  });
  for (const cache of caches) {
    cache.subscribe((change) => {
      for (const uid of endedBy(change, gone)) collector.enqueue(uid);
    });
  }
}

/** Owners that are gone and may have left something behind. */
function endedBy({ type, object: { metadata } }: Change<KubernetesObject>, gone: Set<string>): string[] {
  const { uid = "", ownerReferences = [] } = metadata;
  if (type !== "Deleted") return ownerReferences.map((owner) => owner.uid).filter((owner) => gone.has(owner));
  gone.add(uid);
  return [uid];
}
