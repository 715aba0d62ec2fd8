import type { KnownOptions } from "./engine-options.ts";

/** How weights are stored and products computed, by CTranslate2's own name. Threads are not among them: they are the layout's. */
export const cTranslate2Options: KnownOptions = {
  compute_type: ["float32", "int8", "int8_float32"],
};
