import { messageType } from "../schema.ts";

/** A `ModelInferRequest` as protobuf's own reflection writes it, which knows nothing of our decoder. */
export function inferRequest(fields: object): Buffer {
  const type = messageType("inference.ModelInferRequest");
  return Buffer.from(type.encode(type.fromObject(fields)).finish());
}

export interface ResponseMessage {
  readonly model_name: string;
  readonly model_version: string;
  readonly id: string;
  readonly outputs: readonly {
    readonly name: string;
    readonly datatype: string;
    readonly shape: readonly number[];
    readonly contents: null;
  }[];
  readonly raw_output_contents: readonly Buffer[];
}

/** A `ModelInferResponse` as protobuf's own reflection reads it. */
export function inferResponse(bytes: Uint8Array): ResponseMessage {
  const type = messageType("inference.ModelInferResponse");
  return type.toObject(type.decode(bytes), { longs: Number, defaults: true }) as ResponseMessage;
}
