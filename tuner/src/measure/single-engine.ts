import { engineOf, engineOptionsOf, type VariantName } from "@sweetspot/crds";
import { createEnginePool, type EnginePool, type EngineSettings } from "@sweetspot/sidecar";

/** What computes a variant, as a pool of engines is told. */
export function engineSettingsOf(variant: VariantName): Pick<EngineSettings, "engine" | "options"> {
  const options = engineOptionsOf(variant);
  return { engine: engineOf(variant), ...(options && { options }) };
}

/**
 * One engine process with one thread, unpinned: the yardstick of noise, brackets, parity and quality, where speed under
 * load is not the question. Rejects with `EngineFailure`; the caller closes it.
 */
export const openSingleEngine = (file: string, variant: VariantName = "Source"): Promise<EnginePool> =>
  createEnginePool({
    ...engineSettingsOf(variant),
    file,
    layout: { instances: 1, threadsPerInstance: 1, pinned: false, spinning: false },
  });
