import { Client, credentials, type ServiceError } from "@grpc/grpc-js";

const path = "/inference.GRPCInferenceService/ModelInfer";

/** A gRPC client that asks the stalling model, with messages written by hand (https://protobuf.dev/programming-guides/encoding). */
export class GrpcStaller {
  readonly #client: Client;

  constructor(address: string) {
    this.#client = new Client(address, credentials.createInsecure());
  }

  /** Resolves when it is answered. Rejects with the library's `ServiceError`. */
  async infer(model: string, work: number): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const done = (error: ServiceError | null) => (error === null ? resolve() : reject(error));
    const same = (bytes: Buffer): Buffer => bytes;
    this.#client.makeUnaryRequest(path, same, same, requestOf(model, work), done);
    await promise;
  }

  close(): void {
    this.#client.close();
  }
}

/** `ModelInferRequest` with one row: the numbers of the fields are those of the Open Inference Protocol. */
function requestOf(model: string, work: number): Buffer {
  const contents = field(3, varint(work));
  const input = [
    field(1, "work"),
    field(2, "INT64"),
    field(3, Buffer.concat([varint(1), varint(1)])),
    field(5, contents),
  ];
  return Buffer.concat([field(1, model), field(5, Buffer.concat(input))]);
}

/** A field with a length: a text, a message or packed numbers. */
function field(number: number, value: string | Buffer): Buffer {
  const bytes = Buffer.from(value);
  return Buffer.concat([varint((number << 3) | 2), varint(bytes.length), bytes]);
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 127; rest >>>= 7) bytes.push((rest & 127) | 128);
  return Buffer.from([...bytes, rest]);
}
