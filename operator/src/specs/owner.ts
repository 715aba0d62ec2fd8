import { apiVersionOf, type KubernetesObject, type OwnerReference, type Resource } from "../runtime/index.ts";

/** Makes the garbage collector delete a child with its owner. */
export function ownerReference(resource: Resource, owner: KubernetesObject): OwnerReference {
  const { name, uid } = owner.metadata;
  if (uid === undefined)
    throw new TypeError(`${resource.kind} ${name} has no UID: it was not read from the API server.`);
  return {
    apiVersion: apiVersionOf(resource),
    kind: resource.kind,
    name,
    uid,
    controller: true,
    blockOwnerDeletion: true,
  };
}

/** Was the object made for just this owner? One of an earlier owner of the same name may still be on its way out. */
export const isOwnedBy = (object: KubernetesObject | undefined, owner: KubernetesObject): boolean =>
  (object?.metadata.ownerReferences ?? []).some(({ uid }) => uid === owner.metadata.uid);
