import type { Datatype, InputBounds } from "@sweetspot/crds";

/** One input or output of a model as its file declares it. */
export interface TensorSpec {
  readonly name: string;
  readonly datatype: Datatype;
  /** Sizes; -1 where the axis is variable. */
  readonly shape: readonly number[];
  /** Names of the variable axes where the file gives them, else null; as long as `shape`. */
  readonly symbols: readonly (string | null)[];
}

/** What can be said of a model from its file alone. */
export interface ModelSignature {
  readonly inputs: readonly TensorSpec[];
  readonly outputs: readonly TensorSpec[];
  /** Axis 0 of every input is variable, so that rows of several requests fit in one run. */
  readonly batchable: boolean;
  /**
   * The one axis (besides axis 0) that may differ between requests, with every input that has it; null where there
   * is none or more than one. Only a parity probe may turn it into a *paddable* axis.
   */
  readonly variableAxis: readonly { readonly name: string; readonly axis: number }[] | null;
  /** Bounds of the integer inputs that index an embedding table. */
  readonly inputBounds: readonly InputBounds[];
  /** What another server says that it runs the model with; absent for a model file. */
  readonly platform?: string;
}
