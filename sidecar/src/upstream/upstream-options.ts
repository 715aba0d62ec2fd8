import type { KnownOptions } from "../engine/engine-options.ts";

/** Options of the engine that is another server. Without `encoding` its own metadata says whether it takes binary tensors. */
export const upstreamOptions: KnownOptions = { encoding: ["binary", "json"] };
