import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { extname } from "node:path";
import { fileURLToPath } from "node:url";

const program = fileURLToPath(new URL(`./raw-program${extname(import.meta.url)}`, import.meta.url));

export interface RawModel {
  readonly file: string;
  readonly output: string;
}

/** How raw ONNX Runtime is run: so many processes with so many threads, each on batches of so many rows. */
interface RawSetting {
  readonly instances: number;
  readonly threads: number;
  readonly rows: number;
}

/** Lengths of the rows of each batch. */
export type RawBatches = readonly (readonly number[])[];

/** Raw ONNX Runtime in processes of its own: no server, no queue, inputs padded and ready in memory. */
export class RawOnnxRuntime {
  readonly #children: readonly ChildProcess[];

  private constructor(children: readonly ChildProcess[]) {
    this.#children = children;
  }

  /** One process for each list of batches, which it runs again and again while it is measured. */
  static async start({ file, output }: RawModel, threads: number, work: readonly RawBatches[]) {
    const children = work.map((batches) =>
      fork(program, [file, output, String(threads), JSON.stringify(batches)], { execArgv: [] }),
    );
    await Promise.all(children.map((child) => once(child, "message")));
    return new RawOnnxRuntime(children);
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

/** The best of the grid, and which one it is. */
export interface BestRaw {
  readonly setting: RawSetting;
  /** All of the grid, rows per second. */
  readonly tried: { setting: { [name: string]: number }; rate: number }[];
  readonly rowsPerSecond: (seconds: number) => Promise<number>;
  readonly close: () => void;
}

const rowCounts = [1, 2, 4, 8, 16];

/** The best raw setting for a model at one length, tried on all ways to divide the CPUs. The caller closes it. */
export async function bestRaw(model: RawModel, length: number, cpus: number): Promise<BestRaw> {
  let best: { readonly raw: RawOnnxRuntime; readonly setting: RawSetting } | undefined;
  let bestRate = 0;
  const tried: BestRaw["tried"] = [];
  for (const threads of new Set([1, cpus])) {
    for (const rows of rowCounts) {
      const setting = { instances: Math.floor(cpus / threads), threads, rows };
      const raw = await startRaw(model, setting, length);
      const rate = await raw.rowsPerSecond(0.7);
      tried.push({ setting: { ...setting }, rate });
      const [kept, dropped] = rate > bestRate ? [{ raw, setting }, best?.raw] : [best, raw];
      dropped?.close();
      [best, bestRate] = [kept, Math.max(rate, bestRate)];
    }
  }
  const { raw, setting } = best as NonNullable<typeof best>;
  return { setting, tried, rowsPerSecond: (seconds) => raw.rowsPerSecond(seconds), close: () => raw.close() };
}

/** Batches of one shape, again and again. The caller closes it. */
export function startRaw(model: RawModel, { instances, threads, rows }: RawSetting, length: number) {
  const batches = [new Array<number>(rows).fill(length)];
  return RawOnnxRuntime.start(model, threads, new Array<RawBatches>(instances).fill(batches));
}
