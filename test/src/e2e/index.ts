export { eventually } from "./eventually.ts";
export { type Installation, imageArchives, install, operatorPodAddress } from "./installation.ts";
export { loadImageOf, loadModelImage, modelImages } from "./model-images.ts";
export { NamespaceView } from "./namespace-view.ts";
export { inferenceDeployment, namespace, recogniserDeployment, restrictedNamespace } from "./objects.ts";
export { StoredPlans, withholding } from "./plan-history.ts";
export { settledConditions, untilConditionsAreBack } from "./settled-conditions.ts";
