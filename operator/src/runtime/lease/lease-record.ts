import { microTime } from "../clock.ts";
import type { KubernetesObject, ObjectMeta, Resource } from "../resource.ts";

export interface LeaseSpec {
  readonly holderIdentity?: string;
  readonly leaseDurationSeconds?: number;
  readonly acquireTime?: string;
  readonly renewTime?: string;
  readonly leaseTransitions?: number;
}

export interface Lease extends KubernetesObject {
  readonly spec?: LeaseSpec;
}

export const leases: Resource<Lease> = {
  group: "coordination.k8s.io",
  version: "v1",
  plural: "leases",
  kind: "Lease",
  namespaced: true,
};

export interface HoldRequest {
  readonly identity: string;
  readonly durationSeconds: number;
  readonly wallTime: number;
}

/** The Lease that says that `identity` holds it from now on. `metadata`: of the Lease as read, or its name alone. */
export function heldLease(metadata: ObjectMeta, before: LeaseSpec | undefined, request: HoldRequest): Lease {
  const now = microTime(request.wallTime);
  const same = before?.holderIdentity === request.identity;
  return {
    metadata: withoutManagedFields(metadata),
    spec: {
      holderIdentity: request.identity,
      leaseDurationSeconds: request.durationSeconds,
      acquireTime: same ? (before.acquireTime ?? now) : now,
      renewTime: now,
      leaseTransitions: (before?.leaseTransitions ?? 0) + (same || before === undefined ? 0 : 1),
    },
  };
}

/** The Lease that anybody may take at once. */
export function releasedLease(lease: Lease, wallTime: number): Lease {
  return {
    metadata: withoutManagedFields(lease.metadata),
    spec: { ...lease.spec, holderIdentity: "", leaseDurationSeconds: 1, renewTime: microTime(wallTime) },
  };
}

function withoutManagedFields({ managedFields: _, ...metadata }: ObjectMeta): ObjectMeta {
  return metadata;
}
