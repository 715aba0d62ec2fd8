import type { ServingPlan } from "@sweetspot/crds";
import { describe, expect, it } from "vitest";
import type { TensorSpec } from "../../model/signature.ts";
import { modelConfig } from "./model-config.ts";

const tensor = (name: string, datatype: TensorSpec["datatype"], shape: number[]): TensorSpec => ({
  name,
  datatype,
  shape,
  symbols: shape.map(() => null),
});
const visible = {
  inputs: [tensor("ids", "INT64", [-1, -1]), tensor("text", "BYTES", [-1, 1])],
  outputs: [tensor("embedding", "FP32", [-1, 384])],
};
const plan = {
  modelName: "encoder",
  batching: { maximumRows: 16, holdMicroseconds: 250 },
  layout: { instances: 3 },
} as ServingPlan;

describe("the configuration of a model", () => {
  it("has Triton's shape, with the caps of the plan and without the batch axis", () => {
    expect(modelConfig({ plan, visible, signature: { batchable: true } })).toMatchObject({
      name: "encoder",
      platform: "onnxruntime_onnx",
      backend: "onnxruntime",
      version_policy: { latest: { num_versions: 1 } },
      max_batch_size: 16,
      input: [
        { name: "ids", data_type: "TYPE_INT64", dims: [-1] },
        { name: "text", data_type: "TYPE_STRING", dims: [1] },
      ],
      output: [{ name: "embedding", data_type: "TYPE_FP32", dims: [384] }],
      instance_group: [{ kind: "KIND_CPU", count: 3 }],
      dynamic_batching: { max_queue_delay_microseconds: 250 },
    });
  });

  it("says that requests are not joined where they are not", () => {
    const alone = modelConfig({ plan, visible, signature: { batchable: false } });
    expect(alone).toMatchObject({ max_batch_size: 0, output: [{ dims: [-1, 384] }] });
    expect(alone).not.toHaveProperty("dynamic_batching");
    const single = { ...plan, batching: { ...plan.batching, maximumRows: 1 } };
    const config = modelConfig({ plan: single, visible, signature: { batchable: true } });
    expect(config).toMatchObject({ max_batch_size: 1, output: [{ dims: [384] }] });
    expect(config).not.toHaveProperty("dynamic_batching");
  });
});
