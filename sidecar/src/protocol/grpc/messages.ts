import type { serverMetadata as describeServer, modelMetadata } from "../oip/metadata.ts";
import type { modelConfig } from "../oip/model-config.ts";
import type { modelStatistics } from "../oip/model-statistics.ts";
import { messageType } from "./schema.ts";
import { decodeWire } from "./wire.ts";

/** Writes a message that is not on the path of inference. `name`: of its type, with the package. */
const encode = (name: string, value: object): Buffer => {
  const type = messageType(name);
  return Buffer.from(type.encode(type.fromObject(value)).finish());
};

/** `name` is the model's or the health check's service; what is absent is the empty string, as in proto3. */
function decodeStrings<Field extends string>(
  type: string,
  bytes: Uint8Array,
  fields: readonly Field[],
): Record<Field, string> {
  const message = decodeWire(type, () => messageType(type).decode(bytes)) as unknown as Record<string, unknown>;
  return Object.fromEntries(fields.map((field) => [field, String(message[field] ?? "")])) as Record<Field, string>;
}

/** A request for readiness, metadata, configuration or statistics of a model, which are alike. Throws `ApiError`. */
export const decodeModelQuestion = (bytes: Uint8Array) =>
  decodeStrings("inference.ModelReadyRequest", bytes, ["name", "version"]);

/** The service that a `HealthCheckRequest` asks for. Throws `ApiError`. */
export const decodeHealthQuestion = (bytes: Uint8Array): string =>
  decodeStrings("grpc.health.v1.HealthCheckRequest", bytes, ["service"]).service;

export const encodeServerLive = (live: boolean): Buffer => encode("inference.ServerLiveResponse", { live });
export const encodeServerReady = (ready: boolean): Buffer => encode("inference.ServerReadyResponse", { ready });
export const encodeModelReady = (ready: boolean): Buffer => encode("inference.ModelReadyResponse", { ready });

export const encodeServerMetadata = (metadata: ReturnType<typeof describeServer>): Buffer =>
  encode("inference.ServerMetadataResponse", metadata);

export const encodeModelMetadata = (metadata: ReturnType<typeof modelMetadata>): Buffer =>
  encode("inference.ModelMetadataResponse", metadata);

export const encodeModelConfig = (config: ReturnType<typeof modelConfig>): Buffer =>
  encode("inference.ModelConfigResponse", { config });

export const encodeModelStatistics = (statistics: ReturnType<typeof modelStatistics>): Buffer =>
  encode("inference.ModelStatisticsResponse", statistics);

/** As grpc.health.v1 names it. */
export type ServingStatus = "SERVING" | "NOT_SERVING" | "SERVICE_UNKNOWN";

export const encodeHealth = (status: ServingStatus): Buffer => encode("grpc.health.v1.HealthCheckResponse", { status });

/**
 * The trailer `grpc-status-details-bin` of a refused call: google.rpc.Status with google.rpc.RetryInfo. `code`: the
 * status code of the call.
 */
export function encodeRetryDetails(code: number, message: string, seconds: number): Buffer {
  const value = encode("google.rpc.RetryInfo", { retry_delay: { seconds } });
  const details = [{ type_url: "type.googleapis.com/google.rpc.RetryInfo", value }];
  return encode("google.rpc.Status", { code, message, details });
}
