import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { extname } from "node:path";
import { fileURLToPath } from "node:url";

const program = fileURLToPath(new URL(`./raw-program${extname(import.meta.url)}`, import.meta.url));

export interface RawModel {
  readonly file: string;
  readonly output: string;
  readonly length: number;
}

/** How raw ONNX Runtime is run: so many processes with so many threads, each on batches of so many rows. */
export interface RawSetting {
  readonly instances: number;
  readonly threads: number;
  readonly rows: number;
}

/** Raw ONNX Runtime in processes of its own: no server, no queue, no padding, inputs ready in memory. */
export class RawOnnxRuntime {
  readonly setting: RawSetting;
  readonly #children: readonly ChildProcess[];

  private constructor(setting: RawSetting, children: readonly ChildProcess[]) {
    this.setting = setting;
    this.#children = children;
  }

  static async start({ file, output, length }: RawModel, setting: RawSetting): Promise<RawOnnxRuntime> {
    const args = [file, output, String(setting.threads), String(setting.rows), String(length)];
    const children = Array.from({ length: setting.instances }, () => fork(program, args, { execArgv: [] }));
    await Promise.all(children.map((child) => once(child, "message")));
    return new RawOnnxRuntime(setting, children);
  }

  /** Rows per second of all processes together. */
  async rowsPerSecond(seconds: number): Promise<number> {
    const answers = this.#children.map(async (child) => {
      const answer = once(child, "message");
      child.send(seconds);
      return (await answer)[0] as number;
    });
    return (await Promise.all(answers)).reduce((sum, rate) => sum + rate, 0);
  }

  close(): void {
    for (const child of this.#children) child.disconnect();
  }
}

const rowCounts = [1, 2, 4, 8, 16];

/** The best raw setting for a model at one length, tried on all ways to divide the CPUs. The caller closes it. */
export async function bestRaw(model: RawModel, cpus: number): Promise<RawOnnxRuntime> {
  let best: RawOnnxRuntime | undefined;
  let bestRate = 0;
  for (const threads of new Set([1, cpus])) {
    for (const rows of rowCounts) {
      const raw = await RawOnnxRuntime.start(model, { instances: Math.floor(cpus / threads), threads, rows });
      const rate = await raw.rowsPerSecond(0.7);
      if (rate > bestRate) {
        best?.close();
        [best, bestRate] = [raw, rate];
      } else raw.close();
    }
  }
  return best as RawOnnxRuntime;
}
