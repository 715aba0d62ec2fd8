import type { serverMetadata as describeServer, modelMetadata } from "../oip/metadata.ts";
import type { modelConfig } from "../oip/model-config.ts";
import type { modelStatistics } from "../oip/model-statistics.ts";
import { messageType } from "./schema.ts";
import { decodeWire, type Fields, MessageWalk, readString, tagOf, type WireReader, wireTypes } from "./wire.ts";

/** Writes a message that is not on the path of inference. `name`: of its type, with the package. */
const encode = (name: string, value: object): Buffer => {
  const type = messageType(name);
  return Buffer.from(type.encode(type.fromObject(value)).finish());
};

/** Reads the first `count` fields of a message, which are texts. */
const textFields = (count: number): Fields<string[]> =>
  Object.fromEntries(
    Array.from({ length: count }, (_, index) => [
      tagOf(index + 1, wireTypes.lengthDelimited),
      (reader: WireReader, texts: string[]) => {
        texts[index] = readString(reader);
      },
    ]),
  );
const [oneText, twoTexts] = [textFields(1), textFields(2)];

/**
 * A request for readiness, metadata, configuration or statistics of a model, which are alike. What is absent is the empty
 * text, as in proto3. Throws `ApiError`; what protobufjs itself throws at a text that is not UTF-8 is no error of its own.
 */
export function decodeModelQuestion(bytes: Uint8Array): { readonly name: string; readonly version: string } {
  const [name = "", version = ""] = decodeWire("question about a model", () =>
    new MessageWalk().over(bytes, ["", ""], twoTexts),
  );
  return { name, version };
}

/** The service that a `HealthCheckRequest` asks for. Throws `ApiError`. */
export const decodeHealthQuestion = (bytes: Uint8Array): string =>
  decodeWire("HealthCheckRequest", () => new MessageWalk().over(bytes, [""], oneText))[0] ?? "";

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
