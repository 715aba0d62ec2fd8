/**
 * Two of Triton's extensions to the protocol, model configuration and statistics, as its grpc_service.proto and
 * model_config.proto have them (https://github.com/triton-inference-server/common/tree/main/protobuf). Only the fields
 * that this server fills are named; a reader that knows the others finds them empty.
 */
export const tritonExtensions = `
  syntax = "proto3";
  package inference;
  enum DataType {
    TYPE_INVALID = 0; TYPE_BOOL = 1; TYPE_UINT8 = 2; TYPE_UINT16 = 3; TYPE_UINT32 = 4; TYPE_UINT64 = 5;
    TYPE_INT8 = 6; TYPE_INT16 = 7; TYPE_INT32 = 8; TYPE_INT64 = 9; TYPE_FP16 = 10; TYPE_FP32 = 11; TYPE_FP64 = 12;
    TYPE_STRING = 13; TYPE_BF16 = 14;
  }
  message ModelInput {
    enum Format { FORMAT_NONE = 0; FORMAT_NHWC = 1; FORMAT_NCHW = 2; }
    string name = 1;
    DataType data_type = 2;
    Format format = 3;
    repeated int64 dims = 4;
    bool is_shape_tensor = 6;
    bool allow_ragged_batch = 7;
    bool optional = 8;
    bool is_non_linear_format_io = 9;
  }
  message ModelOutput {
    string name = 1;
    DataType data_type = 2;
    repeated int64 dims = 3;
    string label_filename = 4;
    bool is_shape_tensor = 6;
    bool is_non_linear_format_io = 7;
  }
  message ModelInstanceGroup {
    enum Kind { KIND_AUTO = 0; KIND_GPU = 1; KIND_CPU = 2; KIND_MODEL = 3; }
    string name = 1;
    int32 count = 2;
    repeated int32 gpus = 3;
    Kind kind = 4;
    repeated string profile = 5;
    bool passive = 7;
    string host_policy = 9;
  }
  message ModelVersionPolicy {
    message Latest { uint32 num_versions = 1; }
    oneof policy_choice { Latest latest = 1; }
  }
  message ModelDynamicBatching {
    repeated int32 preferred_batch_size = 1;
    uint64 max_queue_delay_microseconds = 2;
    bool preserve_ordering = 3;
    uint64 priority_levels = 4;
    uint64 default_priority_level = 5;
  }
  message ModelConfig {
    string name = 1;
    string platform = 2;
    ModelVersionPolicy version_policy = 3;
    int32 max_batch_size = 4;
    repeated ModelInput input = 5;
    repeated ModelOutput output = 6;
    repeated ModelInstanceGroup instance_group = 7;
    string default_model_filename = 8;
    ModelDynamicBatching dynamic_batching = 11;
    string backend = 17;
    string runtime = 25;
  }
  message ModelConfigRequest { string name = 1; string version = 2; }
  message ModelConfigResponse { ModelConfig config = 1; }
  message StatisticDuration { uint64 count = 1; uint64 ns = 2; }
  message InferStatistics {
    StatisticDuration success = 1;
    StatisticDuration fail = 2;
    StatisticDuration queue = 3;
    StatisticDuration compute_input = 4;
    StatisticDuration compute_infer = 5;
    StatisticDuration compute_output = 6;
    StatisticDuration cache_hit = 7;
    StatisticDuration cache_miss = 8;
  }
  message InferBatchStatistics {
    uint64 batch_size = 1;
    StatisticDuration compute_input = 2;
    StatisticDuration compute_infer = 3;
    StatisticDuration compute_output = 4;
  }
  message ModelStatistics {
    string name = 1;
    string version = 2;
    uint64 last_inference = 3;
    uint64 inference_count = 4;
    uint64 execution_count = 5;
    InferStatistics inference_stats = 6;
    repeated InferBatchStatistics batch_stats = 7;
  }
  message ModelStatisticsRequest { string name = 1; string version = 2; }
  message ModelStatisticsResponse { repeated ModelStatistics model_stats = 1; }
`;
