import type { EngineName } from "@sweetspot/crds";
import { createEnginePool, type EnginePool } from "@sweetspot/sidecar";

/**
 * One engine process with one thread, unpinned: the yardstick of noise, brackets, parity and quality, where speed under
 * load is not the question. Rejects with `EngineFailure`; the caller closes it.
 */
export const openSingleEngine = (file: string, engine: EngineName = "OnnxRuntime"): Promise<EnginePool> =>
  createEnginePool({
    engine,
    file,
    layout: { instances: 1, threadsPerInstance: 1, pinned: false, spinning: false },
  });
