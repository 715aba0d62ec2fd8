export type { Action } from "./actions/action.ts";
export { createOperator, type OperatorOptions } from "./operator.ts";
export { readOptions } from "./options.ts";
export * from "./runtime/index.ts";
export type { OperatorSettings } from "./settings.ts";
export { annotationKeys, labelKeys } from "./specs/names.ts";
