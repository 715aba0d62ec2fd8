import protobuf from "protobufjs";
import { tritonExtensions } from "./triton-schema.ts";

/**
 * The Open Inference Protocol v2 over gRPC, as https://github.com/kserve/open-inference-protocol publishes it, with the
 * two parameter types that Triton has added. It is text in a source file so that nothing has to find it at run time.
 */
const inference = `
  syntax = "proto3";
  package inference;
  message ServerLiveRequest {}
  message ServerLiveResponse { bool live = 1; }
  message ServerReadyRequest {}
  message ServerReadyResponse { bool ready = 1; }
  message ModelReadyRequest { string name = 1; string version = 2; }
  message ModelReadyResponse { bool ready = 1; }
  message ServerMetadataRequest {}
  message ServerMetadataResponse { string name = 1; string version = 2; repeated string extensions = 3; }
  message ModelMetadataRequest { string name = 1; string version = 2; }
  message ModelMetadataResponse {
    message TensorMetadata { string name = 1; string datatype = 2; repeated int64 shape = 3; }
    string name = 1;
    repeated string versions = 2;
    string platform = 3;
    repeated TensorMetadata inputs = 4;
    repeated TensorMetadata outputs = 5;
  }
  message InferParameter {
    oneof parameter_choice {
      bool bool_param = 1;
      int64 int64_param = 2;
      string string_param = 3;
      double double_param = 4;
      uint64 uint64_param = 5;
    }
  }
  message InferTensorContents {
    repeated bool bool_contents = 1;
    repeated int32 int_contents = 2;
    repeated int64 int64_contents = 3;
    repeated uint32 uint_contents = 4;
    repeated uint64 uint64_contents = 5;
    repeated float fp32_contents = 6;
    repeated double fp64_contents = 7;
    repeated bytes bytes_contents = 8;
  }
  message ModelInferRequest {
    message InferInputTensor {
      string name = 1;
      string datatype = 2;
      repeated int64 shape = 3;
      map<string, InferParameter> parameters = 4;
      InferTensorContents contents = 5;
    }
    message InferRequestedOutputTensor { string name = 1; map<string, InferParameter> parameters = 2; }
    string model_name = 1;
    string model_version = 2;
    string id = 3;
    map<string, InferParameter> parameters = 4;
    repeated InferInputTensor inputs = 5;
    repeated InferRequestedOutputTensor outputs = 6;
    repeated bytes raw_input_contents = 7;
  }
  message ModelInferResponse {
    message InferOutputTensor {
      string name = 1;
      string datatype = 2;
      repeated int64 shape = 3;
      map<string, InferParameter> parameters = 4;
      InferTensorContents contents = 5;
    }
    string model_name = 1;
    string model_version = 2;
    string id = 3;
    map<string, InferParameter> parameters = 4;
    repeated InferOutputTensor outputs = 5;
    repeated bytes raw_output_contents = 6;
  }
`;

/** https://github.com/grpc/grpc-proto/blob/master/grpc/health/v1/health.proto */
const health = `
  syntax = "proto3";
  package grpc.health.v1;
  message HealthCheckRequest { string service = 1; }
  message HealthCheckResponse {
    enum ServingStatus { UNKNOWN = 0; SERVING = 1; NOT_SERVING = 2; SERVICE_UNKNOWN = 3; }
    ServingStatus status = 1;
  }
`;

/** How a refused client learns when to come again: google.rpc.Status with google.rpc.RetryInfo. */
const rpcStatus = `
  syntax = "proto3";
  package google.rpc;
  message Any { string type_url = 1; bytes value = 2; }
  message Duration { int64 seconds = 1; int32 nanos = 2; }
  message RetryInfo { Duration retry_delay = 1; }
  message Status { int32 code = 1; string message = 2; repeated Any details = 3; }
`;

const root = new protobuf.Root();
for (const text of [inference, tritonExtensions, health, rpcStatus]) protobuf.parse(text, root, { keepCase: true });

/** A message type by its full name, for example `inference.ModelReadyRequest`. Throws `Error` for an unknown one. */
export const messageType = (name: string): protobuf.Type => root.lookupType(name);
