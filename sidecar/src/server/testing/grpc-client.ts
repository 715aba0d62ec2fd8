import { type CallOptions, Client, credentials, Metadata, type ServiceError } from "@grpc/grpc-js";
import { messageType } from "../../protocol/grpc/schema.ts";
import { inferRequest, inferResponse, type ResponseMessage } from "../../protocol/grpc/testing/infer-messages.ts";

const inference = "/inference.GRPCInferenceService";
const health = "/grpc.health.v1.Health";

/** A client of the library's own, with a connection of its own, whose messages protobuf's reflection writes and reads. */
export class GrpcClient {
  readonly #client: Client;

  constructor(port: number) {
    const options = { "grpc.max_receive_message_length": -1, "grpc.use_local_subchannel_pool": 1 };
    this.#client = new Client(`127.0.0.1:${port}`, credentials.createInsecure(), options);
  }

  /** Sends bytes and gives those of the answer. Rejects with the library's `ServiceError`. */
  send(path: string, message: Uint8Array, options: CallOptions = {}): Promise<Buffer> {
    const identity = (bytes: Uint8Array): Buffer => Buffer.from(bytes);
    return new Promise((resolve, reject) => {
      this.#client.makeUnaryRequest(path, identity, identity, message, new Metadata(), options, (error, answer) => {
        if (error === null) resolve(answer ?? Buffer.alloc(0));
        else reject(error);
      });
    });
  }

  /** One of the calls that are not inference, by its name. */
  async ask(name: string, fields: object = {}): Promise<unknown> {
    const [service, prefix] =
      name === "Check" ? [health, "grpc.health.v1.HealthCheck"] : [inference, `inference.${name}`];
    const question = messageType(`${prefix}Request`);
    const bytes = await this.send(`${service}/${name}`, question.encode(question.fromObject(fields)).finish());
    const answer = messageType(`${prefix}Response`);
    return answer.toObject(answer.decode(bytes), { longs: Number, enums: String, defaults: true });
  }

  async infer(fields: object, options: CallOptions = {}): Promise<ResponseMessage> {
    return inferResponse(await this.send(`${inference}/ModelInfer`, inferRequest(fields), options));
  }

  /** An inference that can be called off. */
  begin(fields: object): { cancel(): void; readonly ended: Promise<ServiceError | null> } {
    const identity = (bytes: Uint8Array): Buffer => Buffer.from(bytes);
    const { promise, resolve } = Promise.withResolvers<ServiceError | null>();
    const call = this.#client.makeUnaryRequest(
      `${inference}/ModelInfer`,
      identity,
      identity,
      inferRequest(fields),
      resolve,
    );
    return { cancel: () => call.cancel(), ended: promise };
  }

  /** The statuses that `Watch` tells, and how it ended. */
  watch(service: string): { readonly statuses: string[]; readonly ended: Promise<ServiceError>; cancel(): void } {
    const question = messageType("grpc.health.v1.HealthCheckRequest");
    const answer = messageType("grpc.health.v1.HealthCheckResponse");
    const encode = (fields: object): Buffer => Buffer.from(question.encode(question.fromObject(fields)).finish());
    const decode = (bytes: Buffer): string =>
      String(answer.toObject(answer.decode(bytes), { enums: String, defaults: true })["status"]);
    const stream = this.#client.makeServerStreamRequest(`${health}/Watch`, encode, decode, { service });
    const statuses: string[] = [];
    const ended = new Promise<ServiceError>((resolve) => stream.on("error", (error) => resolve(error as ServiceError)));
    stream.on("data", (status: string) => statuses.push(status));
    return { statuses, ended, cancel: () => stream.cancel() };
  }

  close(): void {
    this.#client.close();
  }
}
