import { ApiError } from "../protocol/errors.ts";
import {
  decodeHealthQuestion,
  decodeModelQuestion,
  encodeHealth,
  encodeModelConfig,
  encodeModelMetadata,
  encodeModelReady,
  encodeModelStatistics,
  encodeServerLive,
  encodeServerMetadata,
  encodeServerReady,
} from "../protocol/grpc/messages.ts";
import { modelMetadata, serverMetadata } from "../protocol/oip/metadata.ts";
import { modelConfig } from "../protocol/oip/model-config.ts";
import { modelStatistics } from "../protocol/oip/model-statistics.ts";
import type { CallHandler } from "./grpc-call.ts";
import { toGrpcApiError } from "./grpc-errors.ts";
import type { HealthBoard } from "./grpc-health.ts";
import { type GrpcContext, inferCall, namedModel } from "./grpc-infer.ts";
import { anyModel, modelAt } from "./model-at.ts";

export const inferenceService = "inference.GRPCInferenceService";
export const healthService = "grpc.health.v1.Health";

/** Those that have calls over gRPC; binary tensors are no extension there. */
const extensions = ["model_configuration", "statistics"] as const;

/** All calls that bring one message and get one answer, by their paths. */
export function unaryCalls(
  context: GrpcContext,
  version: string,
  health: HealthBoard,
): ReadonlyMap<string, CallHandler> {
  const { current, ready, metrics } = context;
  const at = (bytes: Buffer) => {
    const { name, version: modelVersion } = decodeModelQuestion(bytes);
    return modelAt(namedModel(name, modelVersion), current());
  };
  const answers: Record<string, (message: Buffer) => Buffer> = {
    ServerLive: () => encodeServerLive(true),
    ServerReady: () => encodeServerReady(ready()),
    ModelReady: (bytes) => encodeModelReady(exists(() => at(bytes)) && ready()),
    ServerMetadata: () => encodeServerMetadata({ ...serverMetadata(version), extensions: [...extensions] }),
    ModelMetadata: (bytes) => {
      const { plan, visible, signature } = at(bytes);
      return encodeModelMetadata(modelMetadata(plan.modelName, visible, signature.platform));
    },
    ModelConfig: (bytes) => encodeModelConfig(modelConfig(at(bytes))),
    ModelStatistics: (bytes) => {
      const { plan } = decodeModelQuestion(bytes).name === "" ? anyModel(current()) : at(bytes);
      return encodeModelStatistics(modelStatistics(plan.modelName, metrics.statistics.snapshot()));
    },
  };
  const calls = new Map(
    Object.entries(answers).map(([name, make]) => [`/${inferenceService}/${name}`, answerWith(make, context)]),
  );
  calls.set(`/${inferenceService}/ModelInfer`, inferCall(context));
  calls.set(
    `/${healthService}/Check`,
    answerWith((bytes) => checkHealth(decodeHealthQuestion(bytes), health), context),
  );
  return calls;
}

/** A model that is not there is not ready, and no error: Triton and its clients have it so. */
function exists(find: () => unknown): boolean {
  try {
    find();
    return true;
  } catch (error) {
    if (error instanceof ApiError && (error.code === "UnknownModel" || error.code === "NotReady")) return false;
    throw error;
  }
}

function checkHealth(service: string, health: HealthBoard): Buffer {
  const status = health.statusOf(service);
  if (status === "SERVICE_UNKNOWN") throw new ApiError("UnknownService", { service });
  return encodeHealth(status);
}

const answerWith =
  (make: (message: Buffer) => Buffer, { messagePatience, log }: GrpcContext): CallHandler =>
  (call) =>
    call.read(messagePatience, (error, message) => {
      try {
        if (error !== null) throw error;
        call.answer(make(message));
      } catch (thrown) {
        call.fail(toGrpcApiError(thrown, log));
      }
    });
