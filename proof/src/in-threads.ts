import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";

/**
 * Has each task done by a program that takes it as `workerData` and posts its result, in as many threads as there are CPUs. Results
 * are in the order of the tasks; `done` hears of each as it comes. Throws what the first thread that fails throws.
 */
export async function inThreads<T, R>(
  program: URL,
  tasks: readonly T[],
  done: (task: T, result: R) => void,
): Promise<R[]> {
  const results = new Array<R>(tasks.length);
  let next = 0;
  const lane = async () => {
    while (next < tasks.length) {
      const index = next++;
      const task = tasks[index] as T;
      const result = await inThread<R>(program, task);
      results[index] = result;
      done(task, result);
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() }, lane));
  return results;
}

function inThread<R>(program: URL, task: unknown): Promise<R> {
  const worker = new Worker(program, { workerData: task });
  return new Promise<R>((resolve, reject) => {
    worker.once("message", resolve);
    worker.once("error", reject);
    worker.once("exit", () => reject(new Error("A thread ended without a result.")));
  });
}
