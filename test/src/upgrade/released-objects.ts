import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { KubernetesObject, Resource } from "@sweetspot/operator";
import { type OperatorPlace, ownKinds, type ReadObject } from "../integration/operator-place.ts";

/**
 * Objects as a release of the operator has left them, without what another API server gives them anew: UIDs, versions, times of
 * creation, addresses. An owner is named `KIND/NAME`.
 */
export type ReleasedObject = ReadObject;

export const releasesFolder = join(import.meta.dirname, "releases");

/** Objects of every release that was recorded, by its name. */
export const recordedReleases = (): [string, readonly ReleasedObject[]][] =>
  readdirSync(releasesFolder).map((file) => [
    file.replace(/\.json$/, ""),
    JSON.parse(readFileSync(join(releasesFolder, file), "utf8")),
  ]);

const operatorName = "sweetspot.dev/operator";
/** What the API server, a kubelet or Job controller set, and what another one sets again. */
const givenByOthers = {
  Service: ["clusterIP", "clusterIPs"],
  Job: ["selector"],
} as const satisfies Record<string, readonly string[]>;
const labelsOfJobs = /(^|\/)(controller-uid|job-name)$/;

interface ManagedFields {
  readonly manager: string;
  readonly operation: string;
}

/** What is worth keeping of an object. Pods have no status: the kubelet, or its stand-in, tells it anew. */
export function released(object: ReleasedObject): ReleasedObject {
  const { name, labels, annotations, ownerReferences, ...rest } = object.metadata;
  const { managedFields = [] } = rest as { managedFields?: readonly ManagedFields[] };
  const ours = managedFields.filter(({ manager, operation }) => manager === operatorName && operation === "Apply");
  const { kind, apiVersion, spec, status, data, binaryData } = object;
  const withoutStatus = kind !== "InferenceDeployment" && kind !== "TuningRun";
  return {
    ...{ apiVersion, kind },
    metadata: {
      name,
      ...(labels && { labels: withoutJobLabels(labels) }),
      ...(annotations && { annotations }),
      ...(ownerReferences && { ownerReferences: ownerReferences.map((owner) => ({ ...owner, uid: idOf(owner) })) }),
      ...(ours.length > 0 && { managedFields: ours }),
    },
    ...(spec && { spec: specToKeep(kind, spec) }),
    ...(status && !withoutStatus && { status }),
    ...(data && { data }),
    ...(binaryData && { binaryData }),
  } as ReleasedObject;
}

const idOf = ({ kind, name }: { readonly kind: string; readonly name: string }): string => `${kind}/${name}`;

const withoutJobLabels = (labels: Readonly<Record<string, string>>) =>
  Object.fromEntries(Object.entries(labels).filter(([key]) => !labelsOfJobs.test(key)));

function specToKeep(kind: string, spec: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const dropped: readonly string[] = givenByOthers[kind as keyof typeof givenByOthers] ?? [];
  const kept = Object.fromEntries(Object.entries(spec).filter(([field]) => !dropped.includes(field)));
  if (kind !== "Job") return kept;
  const { metadata, ...template } = spec["template"] as { metadata: { labels: Readonly<Record<string, string>> } };
  return { ...kept, template: { ...template, metadata: { labels: withoutJobLabels(metadata.labels) } } };
}

/** Brings recorded objects into a namespace, as if that release had made them there: who owns which field included. */
export async function restore(
  { client }: OperatorPlace,
  namespace: string,
  objects: readonly ReleasedObject[],
): Promise<void> {
  const uids = new Map<string, string>();
  for (const kind of ownKinds) {
    const own = objects.filter((object) => object.kind === kind.kind);
    for (const { status, ...object } of own) {
      const { managedFields, ...metadata } = object.metadata as KubernetesObject["metadata"] & {
        managedFields?: object;
      };
      const ownerReferences = (metadata.ownerReferences ?? []).map((owner) => ({
        ...owner,
        uid: uids.get(owner.uid) ?? "",
      }));
      const made = await client.create(kind, { ...object, metadata: { ...metadata, namespace, ownerReferences } });
      uids.set(idOf({ kind: kind.kind, name: metadata.name }), made.metadata.uid ?? "");
      const reference = { namespace, name: metadata.name };
      if (status !== undefined) await client.mergePatch(kind, reference, { status }, { subresource: "status" });
      if (managedFields !== undefined)
        await client.mergePatch(kind as Resource, reference, { metadata: { managedFields } });
    }
  }
}
