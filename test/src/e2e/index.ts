export { eventually } from "./eventually.ts";
export { type Installation, install } from "./installation.ts";
export { loadModelImage, modelImages } from "./model-images.ts";
export { NamespaceView } from "./namespace-view.ts";
export { namespace, recogniserDeployment, restrictedNamespace } from "./objects.ts";
