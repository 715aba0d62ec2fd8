import type { Padding } from "@sweetspot/crds";
import { seededRandom } from "@sweetspot/planner";
import { assembleBatch, type BatchMember } from "../batch/assemble.ts";
import { SplitError, splitOutputs } from "../batch/split.ts";
import type { EnginePool } from "../engine/engine.ts";
import type { Tensor } from "../tensor.ts";
import { decodeNumbers } from "./numbers.ts";
import type { ModelSignature } from "./signature.ts";
import { synthesiseRow } from "./synthesise.ts";

export interface ParityOptions {
  /** Largest absolute difference that still counts as the same answer. */
  readonly tolerance?: number;
  /** The two sizes of the variable axis that are compared, the shorter first. */
  readonly lengths?: readonly [number, number];
  /** Time limit of each batch, as in `EnginePool.run`. */
  readonly limitMilliseconds?: number;
  readonly random?: () => number;
}

/** How far a row's answer moves when the row shares a batch, and when it is padded on top of that. */
export interface ParityResult {
  /** Largest absolute difference; null where rows cannot share a batch. */
  readonly batched: number | null;
  /** Null where there is nothing to pad, or where the padded answer cannot be cut back to the row's own shape. */
  readonly padded: number | null;
  /** All outputs were finite numbers. Padding is never granted otherwise: differences would say nothing. */
  readonly finite: boolean;
  /** The permission to pad; null unless `padded` and `batched` are within the tolerance. */
  readonly padding: Padding | null;
}

const defaults = { tolerance: 1e-4, lengths: [32, 64], limitMilliseconds: 60_000 } as const;

/**
 * Finds out by trial whether rows of this model may share a batch, and whether they may be padded with zeros to a
 * common length. A synthetic row is answered alone, beside a row of its length, and padded beside a longer one, by the
 * very code that batches in production. An output axis that is as long as the input's at both lengths is taken to
 * follow it and is cut back.
 *
 * `outputs` are compared by value, integers too: a label that flips is a difference. Rejects with `EngineFailure`,
 * `Rejected` among them when the model takes none of the synthetic rows.
 */
export async function probeParity(
  pool: EnginePool,
  signature: ModelSignature,
  outputs: readonly string[],
  options: ParityOptions = {},
): Promise<ParityResult> {
  const { tolerance, lengths, limitMilliseconds } = { ...defaults, ...options };
  const random = options.random ?? seededRandom(1);
  const member = (length: number): BatchMember => ({
    inputs: synthesiseRow(signature, length, random),
    rows: 1,
    length,
  });
  const answer = batchRunner(pool, outputs, limitMilliseconds);
  const [short, sibling, long] = [member(lengths[0]), member(lengths[0]), member(lengths[1])];

  const alone = (await answer([short])).flat();
  const batched = signature.batchable ? await differenceTo([alone], answer([short, sibling])) : null;
  const unpadded = { batched, padded: null, finite: areFinite(alone), padding: null };
  const inputs = paddableInputs(signature);
  if (batched === null || inputs === null) return unpadded;

  const longAlone = (await answer([long])).flat();
  const padding: Padding = { inputs, outputs: followingAxes(alone, longAlone, lengths), tolerance };
  const padded = await differenceTo([alone, longAlone], answer([short, long], padding));
  const finite = areFinite([...alone, ...longAlone]);
  const same = finite && batched <= tolerance && padded !== null && padded <= tolerance;
  return { batched, padded, finite, padding: same ? padding : null };
}

/** Runs members as one batch and gives each its own outputs back. */
type BatchRunner = (members: readonly BatchMember[], padding?: Padding) => Promise<Tensor[][]>;

function batchRunner(pool: EnginePool, outputs: readonly string[], limitMilliseconds: number): BatchRunner {
  return async (members, padding) => {
    const batch = assembleBatch(members, padding);
    const answer = await pool.run(batch.inputs, outputs, limitMilliseconds);
    return splitOutputs(answer.outputs, members, batch.length, padding);
  };
}

function paddableInputs({ inputs, variableAxis }: ModelSignature): Padding["inputs"] | null {
  if (variableAxis === null) return null;
  const strings = inputs.filter(({ datatype }) => datatype === "BYTES").map(({ name }) => name);
  if (variableAxis.some(({ name }) => strings.includes(name))) return null;
  return variableAxis.map(({ name, axis }) => ({ name, axis, value: 0 }));
}

function followingAxes(
  short: readonly Tensor[],
  long: readonly Tensor[],
  [shortLength, longLength]: readonly [number, number],
): Padding["outputs"] {
  return short.flatMap(({ name, datatype, shape }, index) =>
    shape.flatMap((size, axis) => {
      const follows = axis > 0 && size === shortLength && long[index]?.shape[axis] === longLength;
      return follows && datatype !== "BYTES" ? [{ name, axis }] : [];
    }),
  );
}

/**
 * Largest difference between the first answers and those expected. Null when outputs cannot be cut into rows, or have
 * another shape than expected.
 */
async function differenceTo(
  expected: readonly (readonly Tensor[])[],
  answers: Promise<Tensor[][]>,
): Promise<number | null> {
  try {
    const actual = await answers;
    const pairs = expected.flatMap((outputs, row) =>
      outputs.map((output, index) => tensorDifference(output, actual[row]?.[index])),
    );
    return pairs.includes(null) ? null : Math.max(0, ...pairs.filter((difference) => difference !== null));
  } catch (error) {
    if (error instanceof SplitError) return null;
    throw error;
  }
}

function tensorDifference(expected: Tensor, actual: Tensor | undefined): number | null {
  if (actual === undefined || actual.shape.join() !== expected.shape.join()) return null;
  const [wanted, seen] = [decodeNumbers(expected), decodeNumbers(actual)];
  if (wanted === null || seen === null) return Buffer.compare(expected.data, actual.data) === 0 ? 0 : Infinity;
  let largest = 0;
  for (let i = 0; i < wanted.length; i += 1) largest = Math.max(largest, distance(wanted[i] ?? NaN, seen[i] ?? NaN));
  return largest;
}

/** Equal infinities are equal; a number and NaN are infinitely far apart. */
function distance(a: number, b: number): number {
  if (Object.is(a, b)) return 0;
  const difference = Math.abs(a - b);
  return Number.isNaN(difference) ? Infinity : difference;
}

function areFinite(outputs: readonly Tensor[]): boolean {
  return outputs.every((output) => (decodeNumbers(output) ?? []).every((value: number) => Number.isFinite(value)));
}
