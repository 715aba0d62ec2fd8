import type * as z from "zod";
import { InferenceDeployment } from "../api/inference-deployment.ts";
import { TuningRun } from "../api/tuning-run.ts";

type PrinterColumn = {
  readonly name: string;
  readonly type: "string" | "integer" | "number" | "date";
  readonly jsonPath: string;
  readonly description: string;
  /** 1: only with `-o wide`. */
  readonly priority?: 1;
};

/** What the API server must know of a resource besides its schema. */
export type CustomResource = {
  readonly kind: "InferenceDeployment" | "TuningRun";
  readonly plural: string;
  readonly singular: string;
  readonly shortNames: readonly string[];
  readonly schema: z.ZodType;
  readonly columns: readonly PrinterColumn[];
  readonly scale?: { specReplicasPath: string; statusReplicasPath: string; labelSelectorPath: string };
};

const condition = (type: string, field: string): string => `.status.conditions[?(@.type=="${type}")].${field}`;
const age: PrinterColumn = {
  name: "Age",
  type: "date",
  jsonPath: ".metadata.creationTimestamp",
  description: "Time since it was created.",
};

const text = (name: string, jsonPath: string, description: string): PrinterColumn => ({
  name,
  type: "string",
  jsonPath,
  description,
});
const wide = (column: PrinterColumn): PrinterColumn => ({ ...column, priority: 1 });

export const customResources: readonly CustomResource[] = [
  {
    kind: "InferenceDeployment",
    plural: "inferencedeployments",
    singular: "inferencedeployment",
    shortNames: ["infd"],
    schema: InferenceDeployment,
    columns: [
      text("Ready", condition("Ready", "status"), "Do requests get right answers?"),
      text("Winner", ".status.summary.winner", "What is served."),
      text("Latency", ".status.summary.latency", "Measured latency at the target's percentile."),
      text("Target", ".status.summary.target", "What was promised."),
      text("Capacity", ".status.summary.capacity", "Requests per second within the target."),
      wide(text("Why", condition("Ready", "reason"), "Reason of condition Ready.")),
      wide(text("Tuned", condition("Tuned", "reason"), "Reason of condition Tuned.")),
      wide(text("Met", condition("ServiceLevelMet", "reason"), "Reason of condition ServiceLevelMet.")),
      wide(text("Pinned", condition("CpuPinned", "reason"), "Reason of condition CpuPinned.")),
      age,
    ],
    scale: {
      specReplicasPath: ".spec.replicas",
      statusReplicasPath: ".status.replicas",
      labelSelectorPath: ".status.selector",
    },
  },
  {
    kind: "TuningRun",
    plural: "tuningruns",
    singular: "tuningrun",
    shortNames: ["tune"],
    schema: TuningRun,
    columns: [
      text("State", condition("Complete", "reason"), "Reason of condition Complete."),
      text("Winner", ".status.result.winner", "What won."),
      {
        name: "Milliseconds",
        type: "number",
        jsonPath: ".status.result.confirmation.latencyMilliseconds",
        description: "Latency at the target's percentile in the confirming run.",
      },
      {
        name: "Capacity",
        type: "number",
        jsonPath: ".status.result.capacityRequestsPerSecond",
        description: "Requests per second that one replica carries within the target.",
      },
      text("Node", ".status.nodeName", "The node that it ran on."),
      wide(text("Message", ".status.message", "The answer or what stands in its way.")),
      age,
    ],
  },
];
