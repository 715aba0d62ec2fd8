import { extname } from "node:path";
import { Worker } from "node:worker_threads";
import type { VariantRequest } from "./make-file.ts";
import type { MaterialiseAnswer } from "./materialise-child.ts";
import { RecipeError } from "./recipe-error.ts";

/** Far more than parsing takes; weights are not on the heap that this bounds. */
const heapMegabytes = 256;

const running = new Map<string, Promise<void>>();

/**
 * Makes a variant's file from its recipe in a thread, so that requests are answered meanwhile. Calls for a file that is
 * in the making share the work. Rejects with `RecipeError`.
 */
export function materialiseVariant(request: VariantRequest): Promise<void> {
  const key = JSON.stringify(request);
  const known = running.get(key);
  if (known !== undefined) return known;
  const made = runThread(request).finally(() => running.delete(key));
  running.set(key, made);
  return made;
}

/** The program of the thread lies beside this file, as source or compiled. */
const program = new URL(`./materialise-child${extname(import.meta.url)}`, import.meta.url);

function runThread(request: VariantRequest): Promise<void> {
  const worker = new Worker(program, {
    workerData: request,
    resourceLimits: { maxOldGenerationSizeMb: heapMegabytes },
  });
  return new Promise((resolve, reject) => {
    const fail = (reason: string) =>
      reject(new RecipeError(`The variant could not be made: ${reason}. Tune again to get a new recipe.`));
    worker.once("message", (answer: MaterialiseAnswer) =>
      answer === null ? resolve() : reject(new RecipeError(answer)),
    );
    worker.once("error", (error) => fail(error instanceof Error ? error.message : String(error)));
    worker.once("exit", () => fail("its thread ended early"));
  });
}
