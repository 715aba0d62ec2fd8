import { type ArtifactStore, modelSourceOf } from "@sweetspot/crds";
import { paths } from "../settings.ts";

const volumeName = "artifacts";

/** The artifact store in a pod: nothing where none is wanted. */
export interface MountedStore {
  readonly volumes: readonly object[];
  readonly mounts: readonly object[];
  /** Words of the command line that name its folder. */
  readonly words: readonly string[];
}

/** The claim as a whole and not its folder, which the first Job has to make. */
export function mountedStore(store: ArtifactStore | undefined, readOnly: boolean): MountedStore {
  const source = store === undefined ? null : modelSourceOf(store.uri);
  if (source?.kind !== "Claim") return { volumes: [], mounts: [], words: [] };
  const access = readOnly ? { readOnly } : {};
  const folder = source.path === "" ? paths.artifacts : `${paths.artifacts}/${source.path}`;
  return {
    volumes: [{ name: volumeName, persistentVolumeClaim: { claimName: source.claim, ...access } }],
    mounts: [{ name: volumeName, mountPath: paths.artifacts, ...access }],
    words: [`--artifacts=${folder}`],
  };
}
