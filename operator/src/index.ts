export type { Action } from "./actions/action.ts";
export { createOperator, type OperatorOptions } from "./operator.ts";
export { readOptions } from "./options.ts";
export { configMaps, inferenceDeployments, type StoredInferenceDeployment, tuningRuns } from "./resources.ts";
export * from "./runtime/index.ts";
export type { OperatorSettings } from "./settings.ts";
export { historyKeys } from "./specs/history-config-map.ts";
export { annotationKeys, historyName, labelKeys, requestKeys } from "./specs/names.ts";
export { reportKeys } from "./tuning-run/store-result.ts";
