import { Client, credentials, Metadata, type ServiceError } from "@grpc/grpc-js";
import { checkDocument, type UpstreamConfig, UpstreamModel, UpstreamServer } from "@sweetspot/crds";
import { EngineFailure } from "../engine/engine.ts";
import { messageType } from "../protocol/grpc/schema.ts";
import type { Tensor } from "../tensor.ts";
import { asFailure, failureOfCode } from "./failures.ts";
import { decodeInferResponse, encodeInferRequest } from "./infer-message.ts";
import { authorityOf, type ModelAddress } from "./model-address.ts";
import type { Transport } from "./transport.ts";

const service = "/inference.GRPCInferenceService";
const unlimited = -1;
const what = "The upstream server's metadata";
/** A server that comes back should be seen at once, and not after the library's two minutes. */
const longestBackoffMilliseconds = 1000;

/** The Open Inference Protocol v2 over gRPC, on one connection. */
export class GrpcTransport implements Transport {
  readonly #address: ModelAddress;
  readonly #client: Client;

  constructor(address: ModelAddress) {
    this.#address = address;
    const security = address.secure ? credentials.createSsl() : credentials.createInsecure();
    this.#client = new Client(authorityOf(address), security, {
      "grpc.max_receive_message_length": unlimited,
      "grpc.max_send_message_length": unlimited,
      "grpc.use_local_subchannel_pool": 1,
      "grpc.initial_reconnect_backoff_ms": 100,
      "grpc.max_reconnect_backoff_ms": longestBackoffMilliseconds,
    });
  }

  async isReady(limitMilliseconds: number): Promise<boolean> {
    try {
      const answer = await this.#ask("ModelReady", this.#question(), limitMilliseconds);
      return answer["ready"] === true;
    } catch {
      return false;
    }
  }

  async server(limitMilliseconds: number): Promise<UpstreamServer> {
    const answer = await this.#ask("ServerMetadata", {}, limitMilliseconds);
    return documentOf(() => checkDocument(UpstreamServer, answer, what));
  }

  async model(limitMilliseconds: number): Promise<UpstreamModel> {
    const answer = await this.#ask("ModelMetadata", this.#question(), limitMilliseconds);
    return documentOf(() => checkDocument(UpstreamModel, answer, what));
  }

  /** The protocol has no such call over gRPC; Triton's extension is not asked for. */
  async config(): Promise<UpstreamConfig | null> {
    return null;
  }

  async infer(inputs: readonly Tensor[], outputs: readonly string[], limitMilliseconds: number): Promise<Tensor[]> {
    const message = encodeInferRequest(this.#address, inputs, outputs);
    const answer = await this.#send("ModelInfer", message, limitMilliseconds);
    try {
      return decodeInferResponse(answer, outputs);
    } catch (error) {
      throw asFailure(error);
    }
  }

  close(): void {
    this.#client.close();
  }

  #question() {
    const { model, version } = this.#address;
    return { name: model, version: version ?? "" };
  }

  async #ask(call: string, question: object, limitMilliseconds: number): Promise<Record<string, unknown>> {
    const type = messageType(`inference.${call}Request`);
    const bytes = await this.#send(
      call,
      Buffer.from(type.encode(type.fromObject(question)).finish()),
      limitMilliseconds,
    );
    const answer = messageType(`inference.${call}Response`);
    try {
      return answer.toObject(answer.decode(bytes), { longs: Number, defaults: true, arrays: true });
    } catch (error) {
      throw new EngineFailure("Crashed", `the upstream server's answer to ${call} cannot be read: ${String(error)}`);
    }
  }

  #send(call: string, message: Buffer, limitMilliseconds: number): Promise<Buffer> {
    const identity = (bytes: Buffer): Buffer => bytes;
    const options = { deadline: Date.now() + limitMilliseconds };
    return new Promise((resolve, reject) => {
      const done = (error: ServiceError | null, answer?: Buffer) => {
        if (error === null) return resolve(answer ?? Buffer.alloc(0));
        const words = error.details.slice(0, 300);
        reject(new EngineFailure(failureOfCode(error.code, words), `the upstream server answered: ${words}`));
      };
      this.#client.makeUnaryRequest(`${service}/${call}`, identity, identity, message, new Metadata(), options, done);
    });
  }
}

function documentOf<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw asFailure(error);
  }
}
