import { readdirSync, readFileSync } from "node:fs";
import { rename, writeFile } from "node:fs/promises";
import { CostTable, type LoadStage, type ServingPlan } from "@sweetspot/crds";
import type { ModelSignature, Tensor } from "@sweetspot/sidecar";
import { ServedModel, Workplace } from "@sweetspot/test";
import { LoadClient, type LoadJob, prepareMix, type RequestMix, runLoad } from "@sweetspot/tuner";
import { rowOf, target } from "./encoder-plan.ts";

/** Longer than any proof takes. */
const mostLoadSeconds = 900;

/** A real `sweetspot serve --plan FILE` in processes of its own; the load comes from yet another one. */
export class ServedPlan implements AsyncDisposable {
  readonly server: ServedModel;
  readonly plan: ServingPlan;
  readonly #workplace: Workplace;
  readonly #file: string;

  private constructor(server: ServedModel, workplace: Workplace, plan: ServingPlan, file: string) {
    this.server = server;
    this.plan = plan;
    this.#workplace = workplace;
    this.#file = file;
  }

  static async start(plan: ServingPlan): Promise<ServedPlan> {
    const workplace = await Workplace.open();
    const file = workplace.file("plan.json");
    await writeFile(file, JSON.stringify(plan));
    return new ServedPlan(await ServedModel.start(workplace, "--plan", file), workplace, plan, file);
  }

  get inferUrl(): string {
    return `${this.server.url}/v2/models/${this.plan.modelName}/infer`;
  }

  /** Sends one stage after the other and gives what became of each. Nothing is given up before 60 s. */
  async load(mix: RequestMix, ...stages: LoadJob["stages"]): Promise<LoadStage[]> {
    const job = { url: this.inferUrl, target, seed: 7, timeoutMilliseconds: 60_000, maximumConnections: 256, stages };
    return (await runLoad(job, mix)).stages;
  }

  /** The same rate until it is stopped. */
  loadUntilStopped(mix: RequestMix, requestsPerSecond: number): { stop(): Promise<LoadStage> } {
    const client = LoadClient.start(mix);
    const job = { url: this.inferUrl, target, seed: 7, timeoutMilliseconds: 60_000, maximumConnections: 256 };
    const done = client.then((running) =>
      running.run({ ...job, stages: [{ requestsPerSecond, seconds: mostLoadSeconds }] }),
    );
    return {
      stop: async () => {
        (await client).stop();
        const { stages } = await done;
        await (await client).close();
        return stages[0] as LoadStage;
      },
    };
  }

  /** Requests per second at saturation. */
  async capacity(mix: RequestMix, seconds = 6): Promise<number> {
    const stages = await this.load(mix, { connections: 32, seconds: 3 }, { connections: 32, seconds });
    return (stages.at(-1) as LoadStage).answeredRequestsPerSecond;
  }

  /** Replaces the watched file at once, as `mv` does. */
  async put(plan: ServingPlan): Promise<void> {
    await writeFile(`${this.#file}.new`, JSON.stringify(plan));
    await rename(`${this.#file}.new`, this.#file);
  }

  async costTable(): Promise<CostTable> {
    const response = await fetch(`${this.server.metricsUrl}/v2/sweetspot/cost-table`);
    return CostTable.parse(await response.json());
  }

  /** Process ids of the engines. */
  readonly engines = (): number[] => childrenOf(this.server.command.pid);

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#workplace.close();
  }
}

/** Texts of 8 to 64 tokens. */
export function encoderMix(signature: ModelSignature, { outputs = [] }: ServingPlan): RequestMix {
  const samples = Array.from({ length: 64 }, (_, i) => rowOf(signature, 8 + ((i * 37) % 57), i));
  return jsonMix(samples, outputs);
}

/** One request per sample, as JSON. */
export const jsonMix = (samples: readonly (readonly Tensor[])[], outputs: readonly string[]): RequestMix =>
  prepareMix(samples, "json", outputs);

function childrenOf(parent: number): number[] {
  return readdirSync("/proc")
    .filter((entry) => /^\d+$/.test(entry))
    .filter((pid) => {
      try {
        const [state, ppid] = (readFileSync(`/proc/${pid}/stat`, "utf8").split(") ").at(-1) as string).split(" ");
        return Number(ppid) === parent && state !== "Z";
      } catch {
        return false;
      }
    })
    .map(Number);
}
