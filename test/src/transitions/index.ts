export { OperatorPlace } from "../integration/operator-place.ts";
export { anyChangeOf, anyTransition, changeableFields, type Transition } from "./any-spec.ts";
export { runTransitions, type TransitionResult } from "./run-transitions.ts";
export { changedLeaves, leavesOf, specSchema } from "./spec-schema.ts";
