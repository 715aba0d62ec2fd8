import { grpcPort } from "../settings.ts";
import { childName, labelKeys, managedBy, serverSelector, targetLabels } from "./names.ts";

/** What new pods of a target start with. */
export interface ActivePlan {
  /** The serving plan as JSON. */
  readonly plan: string;
  /** Gzip of the recipe of its variant, base64; absent for the source. */
  readonly recipe?: string;
  /** The same of the variant that is tried beside it. */
  readonly trialRecipe?: string;
}

export function planConfigMap(deployment: string, target: string, active: ActivePlan | null) {
  return {
    metadata: { name: childName(deployment, target), labels: targetLabels(deployment, target, "server") },
    data: active === null ? {} : { active: active.plan },
    binaryData: {
      ...(active?.recipe === undefined ? {} : { recipe: active.recipe }),
      ...(active?.trialRecipe === undefined ? {} : { "trial-recipe": active.trialRecipe }),
    },
  };
}

export const serverAccount = (deployment: string, target: string) => ({
  metadata: { name: childName(deployment, target), labels: targetLabels(deployment, target, "server") },
  automountServiceAccountToken: false,
});

/** One pod at a time may be evicted; a broken one always, lest it block the draining of its node. */
export const disruptionBudget = (deployment: string, target: string) => ({
  metadata: { name: childName(deployment, target), labels: targetLabels(deployment, target, "server") },
  spec: {
    maxUnavailable: 1,
    unhealthyPodEvictionPolicy: "AlwaysAllow",
    selector: { matchLabels: serverSelector(deployment, target) },
  },
});

/** One address for the pods of all targets. */
export const inferenceService = (deployment: string) => ({
  metadata: {
    name: deployment,
    labels: { ...managedBy, [labelKeys.name]: deployment, [labelKeys.inferenceDeployment]: deployment },
  },
  spec: {
    type: "ClusterIP",
    selector: { [labelKeys.inferenceDeployment]: deployment, [labelKeys.component]: "server" },
    ports: [
      { name: "http", port: 80, targetPort: "http", protocol: "TCP", appProtocol: "http" },
      // A connection stays with one pod, and gRPC keeps its connections: who wants all pods balances by call.
      { name: "grpc", port: grpcPort, targetPort: "grpc", protocol: "TCP", appProtocol: "kubernetes.io/h2c" },
    ],
  },
});
