import type { EngineName, EngineOptions } from "@sweetspot/crds";
import { upstreamOptions } from "../upstream/upstream-options.ts";
import { cTranslate2Options } from "./ctranslate2-options.ts";
import { onnxRuntimeOptions } from "./onnxruntime-options.ts";
import { openVinoOptions } from "./openvino-options.ts";

/** The options that a kind of engine takes, each with its values. */
export type KnownOptions = Readonly<Record<string, readonly string[]>>;

const known: Readonly<Record<EngineName, KnownOptions>> = {
  OnnxRuntime: onnxRuntimeOptions,
  OpenVino: openVinoOptions,
  CTranslate2: cTranslate2Options,
  OpenInference: upstreamOptions,
};

/** What is wrong with the options of an engine, in a sentence for the user; null where nothing is. */
export function optionProblem(engine: EngineName, options: EngineOptions = {}): string | null {
  for (const [name, value] of Object.entries(options)) {
    const values = Object.hasOwn(known[engine], name) ? known[engine][name] : undefined;
    if (values === undefined) {
      return `the engine ${engine} has no option "${name}"; it has ${Object.keys(known[engine]).sort().join(", ")}`;
    }
    if (!values.includes(value)) {
      return `the option "${name}" of ${engine} is "${value}", and it can be ${values.join(", ")}`;
    }
  }
  return null;
}
