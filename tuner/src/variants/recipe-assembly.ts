import { deflateRawSync } from "node:zlib";
import type { RecipeStep, VariantRecipe } from "@sweetspot/crds";
import type { TensorPayload } from "@sweetspot/sidecar";
import type { Derivation } from "./recipe-search.ts";

/**
 * Cuts derived tensors out of a variant's bytes and puts their steps in place of them; what is left becomes the
 * literals, so that the file is exact by construction, whatever wrote it.
 */
export function assembleSteps(
  variant: Uint8Array,
  derivations: ReadonlyMap<TensorPayload, Derivation>,
): Pick<VariantRecipe, "steps" | "literals"> {
  const cuts = [...derivations].sort(([a], [b]) => a.start - b.start);
  const literals = new Literals(
    variant,
    cuts.map(([tensor]) => tensor),
  );
  const steps: RecipeStep[] = [];
  let position = 0;
  const literalUpTo = (end: number) => {
    if (end > position) steps.push({ op: "Literal", bytes: end - position });
  };
  for (const [tensor, derivation] of cuts) {
    literalUpTo(tensor.start);
    steps.push(stepOf(derivation, literals));
    position = tensor.end;
  }
  literalUpTo(variant.length);
  const bytes = literals.all();
  const deflated = deflateRawSync(bytes, { level: 9 }).toString("base64");
  return { literals: { bytes: bytes.length, deflated }, steps };
}

function stepOf(derivation: Derivation, literals: Literals): RecipeStep {
  if (derivation.op === "Copy") return derivation;
  const { corrections, columns, ...rest } = derivation;
  const optional = {
    ...(columns === undefined ? {} : { columns }),
    ...(corrections.length === 0 ? {} : { corrections }),
  };
  if (rest.op === "Multiply") return { ...rest, ...optional, factors: literals.add(rest.factors) };
  const scales = rest.scales instanceof Float32Array ? literals.add(rest.scales) : literals.offsetOf(rest.scales);
  return { ...rest, ...optional, scales, zeroPoints: literals.add(rest.zeroPoints) };
}

/** The bytes between the cuts, and behind them numbers that steps need. */
class Literals {
  readonly #cuts: readonly TensorPayload[];
  readonly #pieces: Uint8Array[] = [];
  #bytes = 0;

  /** `cuts` in the order of the file. */
  constructor(file: Uint8Array, cuts: readonly TensorPayload[]) {
    this.#cuts = cuts;
    let position = 0;
    for (const { start, end } of cuts) {
      this.#append(file.subarray(position, start));
      position = end;
    }
    this.#append(file.subarray(position));
  }

  /** Where the numbers lie among the literals. */
  add(numbers: Float32Array | Int8Array | Uint8Array): number {
    return this.#append(new Uint8Array(numbers.buffer, numbers.byteOffset, numbers.byteLength));
  }

  /** Where a tensor that was not cut out lies among the literals. */
  offsetOf({ start }: TensorPayload): number {
    const before = this.#cuts.filter((cut) => cut.start < start);
    return before.reduce((offset, cut) => offset - (cut.end - cut.start), start);
  }

  all(): Uint8Array {
    return Buffer.concat(this.#pieces);
  }

  #append(bytes: Uint8Array): number {
    const offset = this.#bytes;
    this.#pieces.push(bytes);
    this.#bytes += bytes.length;
    return offset;
  }
}
