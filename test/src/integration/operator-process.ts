import { createOperator, type OperatorOptions, type Transport, type TransportRequest } from "@sweetspot/operator";
import { tunerLog } from "./stand-in.ts";

const silent = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

/** Writes of objects: events are told for people, and leases belong to the election. */
const isWrite = ({ method, path }: Pick<TransportRequest, "method" | "path">): boolean =>
  method !== "GET" && !/\/(events|leases)(\/|\?|$)/.test(path);

export interface ProcessOptions
  extends Partial<Pick<OperatorOptions, "identity" | "lease" | "namespace" | "logger" | "registry" | "relistMs">> {
  readonly prometheusUrl?: string;
  /** The process dies after so many actions, as by SIGKILL. */
  readonly actions?: number;
  /** The process dies when the answer to its so-manieth write arrives, before it has read it. */
  readonly writes?: number;
}

/** An operator that can be killed between any two of its steps: what is dead sends nothing and hears nothing. */
export class OperatorProcess {
  /** Writes of objects that the API server has answered, by instant and in words. */
  readonly writes: { readonly at: number; readonly what: string }[] = [];
  readonly ended: Promise<void>;
  readonly #stop = new AbortController();
  #dead = false;
  #actions = 0;

  constructor(transport: Transport, options: ProcessOptions = {}) {
    const {
      identity = "operator-1",
      lease = null,
      namespace,
      actions,
      writes,
      logger = silent,
      registry,
      relistMs,
      prometheusUrl = null,
    } = options;
    const operator = createOperator({
      transport: { send: (request) => this.#send(transport, request, writes), close: async () => {} },
      logger,
      ...(registry && { registry }),
      ...(relistMs !== undefined && { relistMs }),
      identity,
      lease,
      namespace,
      healthPort: null,
      settings: {
        ...{ serverImage: "registry.example.com/sidecar:1", tunerImage: "registry.example.com/tuner:1" },
        ...{
          imagePullPolicy: "Never",
          imagePullSecrets: [],
          nodeClassLabels: [],
          drainSeconds: 1,
          baselineSeconds: 300,
        },
        prometheusUrl,
        modelSources: { allowedNetworks: [], maximumBytes: 2 ** 33, huggingFaceEndpoint: "https://huggingface.co" },
      },
      afterAction: () => this.#count(actions),
    });
    this.ended = operator.run(this.#stop.signal);
  }

  /** Actions that were carried out. */
  get actions(): number {
    return this.#actions;
  }

  get dead(): boolean {
    return this.#dead;
  }

  /** As by SIGTERM: what was begun is ended. */
  async stop(): Promise<void> {
    this.#stop.abort();
    await this.ended;
  }

  #count(most: number | undefined): void {
    if (++this.#actions === most) this.#die();
  }

  #die(): never {
    this.#dead = true;
    this.#stop.abort();
    throw new Error("killed");
  }

  async #send(transport: Transport, request: TransportRequest, most: number | undefined) {
    if (this.#dead) throw new Error("killed");
    if (/\/pods\/[^/]+\/log\?/.test(request.path)) return { status: 200, body: bytesOf(tunerLog) };
    const answer = await transport.send(request);
    if (this.#dead) throw new Error("killed");
    if (isWrite(request)) this.writes.push({ at: performance.now(), what: `${request.method} ${request.path}` });
    if (isWrite(request) && this.writes.length === most) this.#die();
    return answer;
  }
}

async function* bytesOf(text: string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(text);
}
