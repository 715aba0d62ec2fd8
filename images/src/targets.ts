/** The images that can be built. */
export const targetNames = ["operator", "sidecar", "tuner"] as const;
export type TargetName = (typeof targetNames)[number];

/** What goes into an image. */
export interface Target {
  /** Folder of the workspace that is run; those it depends on come with it. */
  readonly workspace: string;
  /** Whether the Python packages that make variants are part of it. */
  readonly python: boolean;
}

/** Server and tuner hold the same JavaScript: what only the tuner needs of it is 3 MB, and nodes share the layers. */
export const targets: Readonly<Record<TargetName, Target>> = {
  operator: { workspace: "operator", python: false },
  sidecar: { workspace: "cli", python: false },
  tuner: { workspace: "cli", python: true },
};

/** The name under which a node knows an image that was built from this checkout. No registry serves it. */
export const referenceOf = (name: TargetName): string => `sweetspot.dev/${name}:dev`;

/** Whether a word names an image that can be built. */
export const isTargetName = (word: string): word is TargetName => (targetNames as readonly string[]).includes(word);
