import { type ModelReference, modelSourceOf } from "@sweetspot/crds";
import { paths } from "../settings.ts";

const volumeName = "model";

/** The volume that holds the model's files and its mount; null for a source that this release cannot mount. */
export interface MountedModel {
  readonly volume: object;
  readonly mount: object;
}

export function mountedModel({ uri }: ModelReference, imagePullPolicy: string): MountedModel | null {
  const source = modelSourceOf(uri);
  const mount = { name: volumeName, mountPath: paths.model, readOnly: true };
  if (source.kind === "Image") {
    return { volume: { name: volumeName, image: { reference: source.reference, pullPolicy: imagePullPolicy } }, mount };
  }
  if (source.kind === "Claim") {
    const volume = { name: volumeName, persistentVolumeClaim: { claimName: source.claim, readOnly: true } };
    return { volume, mount: source.path === "" ? mount : { ...mount, subPath: source.path } };
  }
  return null;
}

/** Absolute path of a file of the model's source inside the pod. */
export const modelPath = (file: string): string => `${paths.model}/${file}`;
