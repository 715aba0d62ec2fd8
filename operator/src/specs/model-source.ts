import { isFetched, type ModelReference, modelSourceOf, type PodResources } from "@sweetspot/crds";
import { type OperatorSettings, paths } from "../settings.ts";
import { fetchContainer, fetchedVolumes } from "./model-fetch.ts";

const volumeName = "model";

/** The volume that holds the model's files and its mount; null for a source that this release cannot mount. */
export interface MountedModel {
  readonly volumes: readonly object[];
  readonly mount: object;
  /** What runs before the container that uses the model: with its image and resources, so that the pod stays as large. */
  readonly before: (image: string, resources: PodResources) => readonly object[];
}

const nothing = () => [];

/** `samples`: a file of the source that is needed besides those of the model; undefined for none. */
export function mountedModel(
  model: ModelReference,
  settings: Pick<OperatorSettings, "imagePullPolicy" | "modelSources">,
  samples?: string,
): MountedModel | null {
  const source = modelSourceOf(model.uri);
  const mount = { name: volumeName, mountPath: paths.model, readOnly: true };
  if (source.kind === "Image") {
    const image = { reference: source.reference, pullPolicy: settings.imagePullPolicy };
    return { volumes: [{ name: volumeName, image }], mount, before: nothing };
  }
  if (source.kind === "Claim") {
    const volumes = [{ name: volumeName, persistentVolumeClaim: { claimName: source.claim, readOnly: true } }];
    return { volumes, mount: source.path === "" ? mount : { ...mount, subPath: source.path }, before: nothing };
  }
  if (!isFetched(model.uri)) return null;
  return {
    volumes: fetchedVolumes(volumeName, model, settings.modelSources),
    mount,
    before: (image, resources) => [fetchContainer({ volumeName, model, settings, image, resources, samples })],
  };
}

/** Absolute path of a file of the model's source inside the pod. */
export const modelPath = (file: string): string => `${paths.model}/${file}`;
