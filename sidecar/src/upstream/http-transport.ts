import { Agent } from "node:http";
import { Agent as SecureAgent } from "node:https";
import { checkDocument, UpstreamConfig, UpstreamModel, UpstreamServer } from "@sweetspot/crds";
import { EngineFailure } from "../engine/engine.ts";
import type { Tensor } from "../tensor.ts";
import { asFailure } from "./failures.ts";
import { exchange, type HttpQuestion } from "./http-exchange.ts";
import { decodeInferBody, encodeInferBody } from "./infer-body.ts";
import type { ModelAddress } from "./model-address.ts";
import type { Transport } from "./transport.ts";

const headerLengthHeader = "inference-header-content-length";
const binaryExtension = "binary_tensor_data";
const what = "The upstream server's metadata";

/** The Open Inference Protocol v2 over HTTP, on connections that are kept. */
export class HttpTransport implements Transport {
  readonly #address: ModelAddress;
  readonly #agent: Agent;
  /** Null until the server said whether it knows the binary tensor extension. */
  #binary: boolean | null;

  /** `encoding`: null asks the server's metadata. */
  constructor(address: ModelAddress, encoding: "binary" | "json" | null) {
    this.#address = address;
    this.#binary = encoding === null ? null : encoding === "binary";
    const options = { keepAlive: true, noDelay: true, maxFreeSockets: 256 };
    this.#agent = address.secure ? new SecureAgent(options) : new Agent(options);
  }

  async isReady(limitMilliseconds: number): Promise<boolean> {
    try {
      await this.#exchange({ method: "GET", path: `${this.#modelPath()}/ready` }, limitMilliseconds);
      return true;
    } catch {
      return false;
    }
  }

  server(limitMilliseconds: number): Promise<UpstreamServer> {
    return this.#document(
      (value) => checkDocument(UpstreamServer, value, what),
      `${this.#address.prefix}/v2`,
      limitMilliseconds,
    );
  }

  model(limitMilliseconds: number): Promise<UpstreamModel> {
    return this.#document((value) => checkDocument(UpstreamModel, value, what), this.#modelPath(), limitMilliseconds);
  }

  async config(limitMilliseconds: number): Promise<UpstreamConfig | null> {
    try {
      return await this.#document(
        (value) => checkDocument(UpstreamConfig, value, what),
        `${this.#modelPath()}/config`,
        limitMilliseconds,
      );
    } catch {
      return null;
    }
  }

  async infer(inputs: readonly Tensor[], outputs: readonly string[], limitMilliseconds: number): Promise<Tensor[]> {
    this.#binary ??= (await this.server(limitMilliseconds)).extensions.includes(binaryExtension);
    const { chunks, headerLength } = encodeInferBody(inputs, outputs, this.#binary);
    const headers: Record<string, string> =
      headerLength === null
        ? { "content-type": "application/json" }
        : { "content-type": "application/octet-stream", [headerLengthHeader]: String(headerLength) };
    const question = { method: "POST", path: `${this.#modelPath()}/infer`, headers, chunks } as const;
    const answer = await this.#exchange(question, limitMilliseconds);
    try {
      const length = answer.headers[headerLengthHeader];
      return decodeInferBody(answer.body, length === undefined ? null : Number(length), outputs);
    } catch (error) {
      throw asFailure(error);
    }
  }

  close(): void {
    this.#agent.destroy();
  }

  #modelPath(): string {
    const { prefix, model, version } = this.#address;
    return `${prefix}/v2/models/${encodeURIComponent(model)}${version === null ? "" : `/versions/${encodeURIComponent(version)}`}`;
  }

  async #document<T>(check: (value: unknown) => T, path: string, limitMilliseconds: number): Promise<T> {
    const { body } = await this.#exchange({ method: "GET", path }, limitMilliseconds);
    try {
      return check(JSON.parse(body.toString("utf8")));
    } catch (error) {
      throw error instanceof SyntaxError
        ? new EngineFailure("Crashed", "the upstream server's metadata is not JSON")
        : asFailure(error);
    }
  }

  #exchange(question: Pick<HttpQuestion, "method" | "path" | "headers" | "chunks">, limitMilliseconds: number) {
    const { host, port, secure } = this.#address;
    return exchange({ host, port, secure, ...question }, this.#agent, limitMilliseconds);
  }
}
