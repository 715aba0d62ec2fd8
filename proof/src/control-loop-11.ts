import {
  anyChangeOf,
  anyTransition,
  changeableFields,
  changedLeaves,
  leavesOf,
  OperatorPlace,
  runTransitions,
  specSchema,
  type Transition,
  type TransitionResult,
} from "@sweetspot/test/transitions";
import fc from "fast-check";
import { shareOf } from "./data-plane/share.ts";
import type { Progress, ProofOutcome } from "./proof.ts";

const seed = 11;
/** Values of each field that are tried alone, and changes of the whole spec. */
const valuesPerField = 4;
const wholeSpecs = 60;
/** InferenceDeployments that change at the same time; as many again are made anew beside them. */
const atOnce = 20;

/** Generated specs and their way back, on a real API server, with a stand-in that plays pods and measurements. */
export async function proveTransitions(progress: Progress): Promise<ProofOutcome> {
  const transitions = generated();
  const changed = new Set(transitions.flatMap(({ from, to }) => [...changedLeaves(from, to)]));
  const leaves = leavesOf(specSchema);
  const forgotten = leaves.filter((leaf) => !changed.has(leaf));
  progress(`${transitions.length} changes of ${leaves.length} fields`);
  await using place = await OperatorPlace.start();
  const operator = place.startOperator(undefined);
  const results: TransitionResult[] = [];
  for (let from = 0; from < transitions.length; from += atOnce) {
    const batch = transitions.slice(from, from + atOnce);
    const found = await runTransitions(place, operator, batch, String(from));
    for (const { transition, problems } of found.filter(({ problems: some }) => some.length > 0)) {
      progress(`${transition.path || "whole spec"}: ${problems.slice(0, 3).join("; ")}`);
    }
    results.push(...found);
    progress(`${results.length} of ${transitions.length} done`);
  }
  const bad = results.filter(({ problems }) => problems.length > 0);
  return {
    measures: [
      { name: "changes", figure: results.length, atLeast: 1 },
      { name: "fields that none of them changed", figure: forgotten.length, atMost: 0 },
      { name: "changes that came to something else, or were not taken back whole", figure: bad.length, atMost: 0 },
    ],
    raw: { seed, forgotten, bad },
  };
}

function generated(): Transition[] {
  const alone = changeableFields.flatMap((field, index) =>
    fc.sample(anyChangeOf(field), { seed: seed + index, numRuns: shareOf(valuesPerField) }),
  );
  return [...alone, ...fc.sample(anyTransition, { seed, numRuns: shareOf(wholeSpecs) })];
}
