export { type BuildOptions, type BuiltImage, buildImages } from "./build-images.ts";
export { type ModelImage, type PackedModel, packModel } from "./pack-model.ts";
export { referenceOf, type TargetName, targetNames } from "./targets.ts";
