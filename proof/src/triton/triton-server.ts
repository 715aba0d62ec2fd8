import { type ChildProcess, spawn } from "node:child_process";
import { cp, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type { TritonInstallation } from "./install-triton.ts";

const program = fileURLToPath(new URL("./model.py", import.meta.url));
const startMilliseconds = 60_000;

/** One model of one Triton: ONNX Runtime with one thread in each of two instances. */
export interface TritonModel {
  readonly name: string;
  readonly file: string;
  /** With the row axis left out, as Triton writes it; -1 where a size is variable. */
  readonly inputs: readonly { readonly name: string; readonly type: string; readonly dims: readonly number[] }[];
  readonly output: { readonly name: string; readonly dims: readonly number[] };
  readonly instances: number;
  readonly maximumRows: number;
  /** Triton's own dynamic batcher. */
  readonly batcher: boolean;
}

/** A real Triton on ports of its own. */
export class TritonServer implements AsyncDisposable {
  readonly address: string;
  readonly #child: ChildProcess;
  readonly #folder: string;

  private constructor(child: ChildProcess, folder: string, address: string) {
    this.#child = child;
    this.#folder = folder;
    this.address = address;
  }

  /** Resolves when the model is ready. Throws with Triton's last words where it does not become so. */
  static async start({ binary, backends, environment }: TritonInstallation, model: TritonModel): Promise<TritonServer> {
    const folder = await mkdtemp(join(tmpdir(), "sweetspot-triton-"));
    const versions = join(folder, model.name, "1");
    await mkdir(versions, { recursive: true });
    await cp(program, join(versions, "model.py"));
    await writeFile(join(folder, model.name, "config.pbtxt"), configuration(model));
    const port = await freePort();
    const flags = [`--model-repository=${folder}`, `--backend-directory=${backends}`, "--allow-metrics=false"];
    flags.push("--allow-grpc=false", "--http-address=127.0.0.1", `--http-port=${port}`, "--log-info=false");
    const child = spawn(binary, flags, { env: environment, stdio: ["ignore", "pipe", "pipe"] });
    const server = new TritonServer(child, folder, `http://127.0.0.1:${port}/v2/models/${model.name}`);
    try {
      await server.#becomeReady();
    } catch (error) {
      await server[Symbol.asyncDispose]();
      throw error;
    }
    return server;
  }

  async #becomeReady(): Promise<void> {
    let words = "";
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.on("data", (text) => {
        words = (words + text).slice(-1500);
      });
    }
    const deadline = performance.now() + startMilliseconds;
    while (performance.now() < deadline && this.#child.exitCode === null) {
      const answer = await fetch(`${this.address}/ready`).catch(() => null);
      if (answer?.ok) return;
      await sleep(200);
    }
    throw new Error(`Triton did not become ready: ${words.trim()}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const exited = new Promise<void>((resolve) => {
      if (this.#child.exitCode !== null || this.#child.signalCode !== null) resolve();
      else this.#child.once("exit", () => resolve());
    });
    this.#child.kill("SIGTERM");
    const kill = setTimeout(() => this.#child.kill("SIGKILL"), 10_000);
    await exited;
    clearTimeout(kill);
    await rm(this.#folder, { recursive: true, force: true });
  }
}

/** The model's `config.pbtxt`. */
function configuration({ name, file, inputs, output, instances, maximumRows, batcher }: TritonModel): string {
  const tensor = ({ name: tensorName, type, dims }: TritonModel["inputs"][number], more = "") =>
    `{ name: "${tensorName}" data_type: ${type} dims: [ ${dims.join(", ")} ]${more} }`;
  const parameter = (key: string, value: string) => `parameters { key: "${key}" value: { string_value: "${value}" } }`;
  return [
    `name: "${name}"`,
    'backend: "python"',
    `max_batch_size: ${maximumRows}`,
    `input [ ${inputs.map((input) => tensor(input, " allow_ragged_batch: true")).join(", ")} ]`,
    `output [ ${tensor({ ...output, type: "TYPE_FP32" })} ]`,
    `instance_group [ { kind: KIND_CPU count: ${instances} } ]`,
    parameter("file", file),
    parameter("output", output.name),
    batcher ? "dynamic_batching { }" : "",
  ].join("\n");
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === "string") throw new Error("no free port");
  return address.port;
}
