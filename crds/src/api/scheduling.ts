import * as z from "zod";
import { subdomainPattern } from "./model-uri.ts";
import { objectName } from "./object-name.ts";
import { boundedMap, withRules } from "./rules.ts";

const labelValue = /^([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?$/;
const labelKey = `^(${subdomainPattern}/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$`;
const LabelValue = z.string().max(63).regex(labelValue, "expected a label value");

/** Labels by key. Zod's own check of keys does not reach the API server, so that it is a rule. */
const Labels = withRules(boundedMap(LabelValue, 16), [
  {
    name: "LabelKeys",
    holds: (labels) => Object.keys(labels).every((key) => new RegExp(labelKey).test(key)),
    cel: `self.all(key, key.matches('${labelKey}'))`,
    message: "A key is not a label key, such as kubernetes.io/arch.",
  },
]);

export const NodeSelector = Labels.default({}).describe(
  "Labels that a node must carry, as in a pod's nodeSelector: `kubernetes.io/arch: amd64`. Choose nodes that are alike: what is measured on one of them is applied to all. Any node when empty.",
);
export const NodeClass = Labels.describe("The labels that say which kind of node the measurement holds for.");
export type NodeClass = z.infer<typeof NodeClass>;

const Toleration = withRules(
  z.object({
    key: z
      .string()
      .max(317)
      .regex(new RegExp(labelKey), "expected a label key")
      .optional()
      .describe("Key of the taint. Absent with operator Exists: all taints."),
    operator: z
      .enum(["Exists", "Equal"])
      .default("Equal")
      .describe("`Equal`: key and value are those of the taint. `Exists`: the key alone counts."),
    value: LabelValue.optional().describe("Value of the taint, with operator Equal."),
    effect: z
      .enum(["NoSchedule", "PreferNoSchedule", "NoExecute"])
      .optional()
      .describe("Effect of the taint. All effects when absent."),
    tolerationSeconds: z
      .int()
      .min(0)
      .max(2_147_483_647)
      .optional()
      .describe("Seconds that a pod stays after a NoExecute taint appeared. For ever when absent."),
  }),
  [
    {
      name: "ExistsTakesNoValue",
      holds: ({ operator, value }) => operator !== "Exists" || value === undefined,
      cel: "self.operator != 'Exists' || !has(self.value)",
      message: "Operator Exists takes no value: remove it, or use Equal.",
      field: "value",
    },
    {
      name: "EqualNeedsKey",
      holds: ({ operator, key }) => operator === "Exists" || key !== undefined,
      cel: "self.operator == 'Exists' || has(self.key)",
      message: "Operator Equal needs a key; only Exists goes without one.",
      field: "key",
    },
    {
      name: "SecondsNeedNoExecute",
      holds: ({ tolerationSeconds, effect }) => tolerationSeconds === undefined || effect === "NoExecute",
      cel: "!has(self.tolerationSeconds) || (has(self.effect) && self.effect == 'NoExecute')",
      message: "Only effect NoExecute takes tolerationSeconds.",
      field: "tolerationSeconds",
    },
  ],
);
export type Toleration = z.infer<typeof Toleration>;

export const Tolerations = Toleration.array()
  .max(16)
  .meta({ listType: "atomic" })
  .default([])
  .describe("Taints that pods and tuning Jobs tolerate, as in a pod's tolerations.");

export const RuntimeClassName = objectName("RuntimeClass").describe(
  "RuntimeClass of pods and tuning Jobs, as in a pod's runtimeClassName. The node's default when absent.",
);
