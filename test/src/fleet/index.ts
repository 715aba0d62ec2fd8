export { OperatorPlace } from "../integration/operator-place.ts";
export { jobs } from "../integration/stand-in.ts";
export { Fleet, MeasuredOperator } from "./fleet.ts";
export { type OperatorCosts, ownSecondsAt, reconcilesOf, writesOf } from "./operator-costs.ts";
