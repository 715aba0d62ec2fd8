import { parentPort, workerData } from "node:worker_threads";
import { makeVariantFile, type VariantRequest } from "./make-file.ts";
import { RecipeError } from "./recipe-error.ts";

/** What the thread says once: null when the file is made, else why it is not. */
export type MaterialiseAnswer = string | null;

async function answer(): Promise<MaterialiseAnswer> {
  try {
    await makeVariantFile(workerData as VariantRequest);
    return null;
  } catch (error) {
    if (error instanceof RecipeError) return error.message;
    throw error;
  }
}

parentPort?.postMessage(await answer());
