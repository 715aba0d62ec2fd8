import type { Changes, Reject } from "./api-cases.ts";

export const runAccepts: Readonly<Record<string, Changes>> = {
  "the least": {},
  "a run that an InferenceDeployment asks for": {
    "spec.inferenceDeployment": "ocr",
    "spec.target": "x64",
    "spec.trigger": "Retry",
    "spec.attempt": 2,
  },
  "a name as long as a Job's may be": { "metadata.name": "a".repeat(63) },
};

export const runRejects: Readonly<Record<string, Reject>> = {
  "a name that no Job may have": { changes: { "metadata.name": "a".repeat(64) }, path: "metadata.name" },
  "a name with dots": { changes: { "metadata.name": "a.b" }, path: "metadata.name" },
  "no name of the model": { changes: { "spec.modelName": undefined }, path: "spec.modelName" },
  "a target of no deployment": {
    changes: { "spec.target": "x64" },
    path: "spec.target",
    rule: "TargetNeedsDeployment",
  },
  "a deployment without target": {
    changes: { "spec.inferenceDeployment": "ocr" },
    path: "spec.target",
    rule: "TargetNeedsDeployment",
  },
  "no attempt": { changes: { "spec.attempt": 0 }, path: "spec.attempt" },
  "too many attempts": { changes: { "spec.attempt": 101 }, path: "spec.attempt" },
  "an unknown trigger": { changes: { "spec.trigger": "Boredom" }, path: "spec.trigger" },
  "labels without samples": {
    changes: { "spec.quality": { metric: "LabelAccuracy" } },
    path: "spec.quality",
    rule: "LabelsNeedSamples",
  },
  "texts without tokenizer": {
    changes: { "spec.workload": { samples: { file: "a.txt" } } },
    path: "spec.workload",
    rule: "TextsNeedTokenizer",
  },
  "too large a budget": { changes: { "spec.budgetSeconds": 3601 }, path: "spec.budgetSeconds" },
  "too little memory": {
    changes: { "spec.resources.memory": "1Mi" },
    path: "spec.resources.memory",
    rule: "MemoryIsEnough",
  },
};
