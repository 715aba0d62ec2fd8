import type { PodResources, Toleration } from "@sweetspot/crds";
import { type OperatorSettings, runAs } from "../settings.ts";

/** Where a pod may run, and what it needs there. */
interface Scheduling {
  readonly nodeSelector: Readonly<Record<string, string>>;
  readonly tolerations: readonly Toleration[];
  readonly runtimeClassName?: string | undefined;
  readonly resources: PodResources;
}

/** Settings of a pod that passes Pod Security *restricted* and can be Guaranteed. */
export function podSettings({ imagePullSecrets }: OperatorSettings, scheduling: Scheduling) {
  const { nodeSelector, tolerations, runtimeClassName, resources } = scheduling;
  const { claims = [] } = resources;
  return {
    automountServiceAccountToken: false,
    enableServiceLinks: false,
    securityContext: {
      runAsNonRoot: true,
      runAsUser: runAs,
      runAsGroup: runAs,
      fsGroup: runAs,
      seccompProfile: { type: "RuntimeDefault" },
    },
    nodeSelector,
    tolerations,
    ...(runtimeClassName === undefined ? {} : { runtimeClassName }),
    ...(claims.length === 0 ? {} : { resourceClaims: claims }),
    ...(imagePullSecrets.length === 0 ? {} : { imagePullSecrets: imagePullSecrets.map((name) => ({ name })) }),
  };
}

export const containerSecurity = {
  allowPrivilegeEscalation: false,
  readOnlyRootFilesystem: true,
  capabilities: { drop: ["ALL"] },
} as const;

/** Equal requests and limits make a pod Guaranteed; whole CPUs then become its own. */
export function guaranteed({ cpu, memory }: PodResources) {
  const amounts = { cpu, memory };
  return { requests: amounts, limits: amounts };
}

/** The same with the devices, which only the container that computes gets. */
export function withDevices({ cpu, memory, devices = {}, claims = [] }: PodResources) {
  const amounts = { cpu, memory, ...devices };
  const named = claims.length === 0 ? {} : { claims: claims.map(({ name }) => ({ name })) };
  return { requests: amounts, limits: amounts, ...named };
}

/**
 * What the container asks for, so that the program inside can tell whether it got it: CPU in thousandths, memory in bytes.
 */
export const resourceEnvironment = (container: string) =>
  resourceVariables.map(({ name, resource, divisor }) => ({
    name,
    valueFrom: { resourceFieldRef: { containerName: container, resource, divisor } },
  }));

const resourceVariables = [
  { name: "SWEETSPOT_CPU_REQUEST", resource: "requests.cpu", divisor: "1m" },
  { name: "SWEETSPOT_CPU_LIMIT", resource: "limits.cpu", divisor: "1m" },
  { name: "SWEETSPOT_MEMORY_REQUEST", resource: "requests.memory", divisor: "1" },
  { name: "SWEETSPOT_MEMORY_LIMIT", resource: "limits.memory", divisor: "1" },
] as const;

/** A pod without any has no such field. */
export const initContainers = (containers: readonly object[]) =>
  containers.length === 0 ? {} : { initContainers: containers };

export const scratchVolume = (name: string) => ({ name, emptyDir: {} });
