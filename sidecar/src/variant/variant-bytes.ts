import type { CopyStep, MultiplyStep, QuantizeStep, VariantRecipe } from "@sweetspot/crds";
import { multiplyInto, quantizeInto, transpose } from "./arithmetic.ts";
import { checkRecipe, readLiterals } from "./check-recipe.ts";

/** Fills `target` with the bytes of the source model from `offset` on. */
export type ReadSource = (target: Uint8Array, offset: number) => void;

/** Elements that are worked on at once. */
const chunk = 2 ** 20;
const floatBytes = Float32Array.BYTES_PER_ELEMENT;

/**
 * The file of a variant from the recipe and the source model, in pieces that are valid until the next one is taken.
 * Beside the literals it holds 8 MiB, and the one tensor that a transposing step works on. The digest is not
 * checked here. Throws `RecipeError` before the first piece when the recipe cannot be followed.
 */
export function* variantBytes(recipe: VariantRecipe, read: ReadSource): Generator<Uint8Array> {
  checkRecipe(recipe);
  const literals = readLiterals(recipe);
  const buffers: Buffers = { weights: new Float32Array(chunk), result: new Uint8Array(chunk * floatBytes) };
  let taken = 0;
  for (const step of recipe.steps) {
    if (step.op === "Literal") {
      yield literals.subarray(taken, taken + step.bytes);
      taken += step.bytes;
    } else if (step.op === "Copy") {
      yield* copied(step, buffers, read);
    } else {
      yield* computed(step, literals, buffers, read);
    }
  }
}

/** Room for one piece, used again for the next. */
interface Buffers {
  readonly weights: Float32Array<ArrayBuffer>;
  readonly result: Uint8Array<ArrayBuffer>;
}

function* copied(step: CopyStep, { result }: Buffers, read: ReadSource): Generator<Uint8Array> {
  for (const [first, bytes] of pieces(step.bytes, result.length)) {
    const piece = result.subarray(0, bytes);
    read(piece, step.offset + first);
    yield piece;
  }
}

type ComputedStep = MultiplyStep | QuantizeStep;

function* computed(
  step: ComputedStep,
  literals: Uint8Array,
  buffers: Buffers,
  read: ReadSource,
): Generator<Uint8Array> {
  const compute = arithmeticOf(step, literals, buffers.result);
  const correct = correctorOf(step);
  for (const [first, weights] of weightsOf(step, buffers, read)) {
    const piece = compute(weights, first);
    correct(piece, first, first + weights.length);
    yield piece;
  }
}

/** The weights of a step with the index of the first, in the order of the result. */
function* weightsOf(step: ComputedStep, buffers: Buffers, read: ReadSource): Generator<[number, Float32Array]> {
  const load = (target: Float32Array, first: number) => {
    read(new Uint8Array(target.buffer, target.byteOffset, target.byteLength), step.offset + first * floatBytes);
    return target;
  };
  const turned = step.columns === undefined ? null : transpose(load(new Float32Array(step.elements), 0), step.columns);
  for (const [first, count] of pieces(step.elements, chunk)) {
    yield [first, turned?.subarray(first, first + count) ?? load(buffers.weights.subarray(0, count), first)];
  }
}

/** From weights to the bytes of the result, in the room that is given. */
type Compute = (weights: Float32Array, first: number) => Uint8Array;

function arithmeticOf(step: ComputedStep, literals: Uint8Array, room: Uint8Array<ArrayBuffer>): Compute {
  const floats = (offset: number) =>
    new Float32Array(literals.slice(offset, offset + step.channels * floatBytes).buffer as ArrayBuffer);
  if (step.op === "Multiply") {
    const how = { channels: step.channels, stride: step.stride, factors: floats(step.factors) };
    return (weights, first) => {
      multiplyInto(new Float32Array(room.buffer, 0, weights.length), weights, first, how);
      return room.subarray(0, weights.byteLength);
    };
  }
  const points = literals.slice(step.zeroPoints, step.zeroPoints + step.channels);
  const how = {
    channels: step.channels,
    stride: step.stride,
    type: step.type,
    scales: floats(step.scales),
    zeroPoints: step.type === "INT8" ? new Int8Array(points.buffer) : points,
  };
  return (weights, first) => {
    quantizeInto(room, weights, first, how);
    return room.subarray(0, weights.length);
  };
}

/** Puts the corrections of a step into its pieces, which come in order. */
function correctorOf({ op, corrections = [] }: ComputedStep) {
  let next = 0;
  return (piece: Uint8Array, first: number, end: number): void => {
    const elements = op === "Multiply" ? new Uint32Array(piece.buffer, piece.byteOffset, end - first) : piece;
    for (; next < corrections.length; next++) {
      const [index, bits] = corrections[next] as [number, number];
      if (index >= end) return;
      elements[index - first] = bits;
    }
  };
}

function* pieces(length: number, most: number): Generator<[first: number, count: number]> {
  for (let first = 0; first < length; first += most) yield [first, Math.min(most, length - first)];
}
