import { createEnginePool, type EnginePool } from "@sweetspot/sidecar";

/**
 * One engine process with one thread, unpinned: the yardstick of noise, brackets, parity and quality, where speed under
 * load is not the question. Rejects with `EngineFailure`; the caller closes it.
 */
export const openSingleEngine = (file: string): Promise<EnginePool> =>
  createEnginePool({
    engine: "OnnxRuntime",
    file,
    layout: { instances: 1, threadsPerInstance: 1, pinned: false, spinning: false },
  });
