import type { Datatype, ServingPlan } from "@sweetspot/crds";
import type { ModelSignature, TensorSpec } from "../../model/signature.ts";

/** What of a running model its configuration shows. */
export interface ConfiguredModel {
  readonly plan: Pick<ServingPlan, "modelName" | "batching" | "layout">;
  readonly signature: Pick<ModelSignature, "batchable">;
  /** The tensors that clients see. */
  readonly visible: Pick<ModelSignature, "inputs" | "outputs">;
}

const typeName = (datatype: Datatype): string => `TYPE_${datatype === "BYTES" ? "STRING" : datatype}`;

/**
 * `GET /v2/models/{name}/config`, as Triton has it (its model configuration extension), made from the plan that serves.
 * As there, `max_batch_size` is 0 for a model whose requests cannot be joined, and otherwise `dims` leave out axis 0.
 */
export function modelConfig({ plan, signature, visible }: ConfiguredModel) {
  const { modelName, batching, layout } = plan;
  const { batchable } = signature;
  const tensor = ({ name, datatype, shape }: TensorSpec) => ({
    name,
    data_type: typeName(datatype),
    dims: batchable ? shape.slice(1) : shape,
    is_shape_tensor: false,
  });
  return {
    name: modelName,
    platform: "onnxruntime_onnx",
    backend: "onnxruntime",
    runtime: "",
    version_policy: { latest: { num_versions: 1 } },
    max_batch_size: batchable ? batching.maximumRows : 0,
    input: visible.inputs.map((input) => ({
      ...tensor(input),
      format: "FORMAT_NONE",
      allow_ragged_batch: false,
      optional: false,
      is_non_linear_format_io: false,
    })),
    output: visible.outputs.map((output) => ({
      ...tensor(output),
      label_filename: "",
      is_non_linear_format_io: false,
    })),
    batch_input: [],
    batch_output: [],
    instance_group: [
      {
        name: modelName,
        kind: "KIND_CPU",
        count: layout.instances,
        gpus: [],
        secondary_devices: [],
        profile: [],
        passive: false,
        host_policy: "",
      },
    ],
    default_model_filename: "",
    cc_model_filenames: {},
    metric_tags: {},
    parameters: {},
    model_warmup: [],
    ...(batchable && batching.maximumRows > 1
      ? {
          dynamic_batching: {
            preferred_batch_size: [],
            max_queue_delay_microseconds: batching.holdMicroseconds,
            preserve_ordering: false,
            priority_levels: 0,
            default_priority_level: 0,
            priority_queue_policy: {},
          },
        }
      : {}),
  };
}
