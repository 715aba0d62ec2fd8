/** What a builder is asked for. */
interface BuildRequest {
  readonly containerfile: string;
  readonly context: string;
  readonly target: string;
  /** Name of the base image. */
  readonly base: string;
  /** The name that the image gets. */
  readonly reference: string;
  /** File to write it to. */
  readonly archive: string;
}

/** Takes a line for people about what is being done. */
export type Progress = (line: string) => void;

/** A base image that a builder makes itself or takes from a registry. */
export interface Base {
  /** Part of the key of the images on it. */
  readonly key: string;
  /** Makes sure that the builder has it, and returns its name. */
  readonly make: (progress: Progress) => Promise<string>;
}

/** A program that makes images from a Containerfile. */
export interface Builder {
  readonly name: "docker" | "buildah";
  /** What it builds on when nobody names a base. `python`: whether the base must have Python 3.11. */
  readonly defaultBase: (python: boolean) => Base;
  readonly build: (request: BuildRequest) => Promise<void>;
}

/** A base that has a name in a registry, or that the user has given a name. */
export const namedBase = (name: string): Base => ({ key: name, make: async () => name });

/** Public bases: Debian, and the same with Python. */
export const publicBase = (python: boolean): Base =>
  namedBase(python ? "docker.io/library/python:3.11-slim-bookworm" : "docker.io/library/debian:bookworm-slim");
