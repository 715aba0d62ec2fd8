import type { EngineName } from "@sweetspot/crds";
import { startUpstreamPool } from "../upstream/upstream-pool.ts";
import { cTranslate2 } from "./ctranslate2-engine.ts";
import { EngineFailure, type EnginePool, type EngineSettings } from "./engine.ts";
import { optionProblem } from "./engine-options.ts";
import { onnxRuntimeCommand } from "./engine-process.ts";
import { openVino } from "./openvino-engine.ts";
import { type EnginePoolOptions, startProcessPool } from "./pool.ts";
import { engineCommand, type PythonEngine } from "./python-engine.ts";

type Starter = (settings: EngineSettings, options: EnginePoolOptions) => Promise<EnginePool>;

const inPython =
  (engine: PythonEngine): Starter =>
  async (settings, options) =>
    startProcessPool(settings, { command: await engineCommand(engine), ...options });

/** How a pool of each kind of engine is started. */
const starters: Readonly<Record<EngineName, Starter>> = {
  OnnxRuntime: (settings, options) => startProcessPool(settings, { command: onnxRuntimeCommand(), ...options }),
  OpenVino: inPython(openVino),
  CTranslate2: inPython(cTranslate2),
  OpenInference: (settings) => startUpstreamPool(settings),
};

/**
 * Starts the engines of one model, of the kind that the settings name. Rejects with `EngineFailure`: `Rejected` for a
 * model or an option that the engine refuses, else as `startProcessPool`.
 */
export async function createEnginePool(settings: EngineSettings, options: EnginePoolOptions = {}): Promise<EnginePool> {
  const problem = optionProblem(settings.engine, settings.options);
  if (problem !== null) throw new EngineFailure("Rejected", problem);
  return starters[settings.engine](settings, options);
}
