import { extname } from "node:path";
import { Worker } from "node:worker_threads";
import type { ReplanAnswer, ReplanQuestion } from "./replan-question.ts";

/** The program of the thread lies beside this file, as source or compiled. */
const program = new URL(`./replan-program${extname(import.meta.url)}`, import.meta.url);
const heapMegabytes = 128;
/** A simulation makes and forgets more than the rest of the process, which has a small one. */
const youngMegabytes = 48;
/** The search ends by itself long before. */
const longestMilliseconds = 30_000;

/** Looks for a plan in a thread. Rejects when the thread fails, hangs, or the signal aborts. */
export async function runReplan(question: ReplanQuestion, signal: AbortSignal): Promise<ReplanAnswer> {
  const worker = new Worker(program, {
    workerData: question,
    resourceLimits: { maxOldGenerationSizeMb: heapMegabytes, maxYoungGenerationSizeMb: youngMegabytes },
  });
  const ended = AbortSignal.any([signal, AbortSignal.timeout(longestMilliseconds)]);
  try {
    return await new Promise<ReplanAnswer>((resolve, reject) => {
      worker.once("message", resolve);
      worker.once("error", reject);
      worker.once("exit", () => reject(new Error("The planner's thread ended early.")));
      ended.addEventListener("abort", () => reject(ended.reason), { once: true });
    });
  } finally {
    await worker.terminate();
  }
}
