import { ApiError } from "../protocol/errors.ts";
import { modelVersion } from "../protocol/oip/encode-response.ts";
import type { RunningModel } from "./running-model.ts";

export interface ModelParams {
  readonly name: string;
  readonly version?: string;
}

const startRetrySeconds = 2;

/** The model that a path names. Throws `ApiError`. */
export function modelAt({ name, version = modelVersion }: ModelParams, current: RunningModel | null): RunningModel {
  if (current === null) throw new ApiError("NotReady", {}, startRetrySeconds);
  const served = current.plan.modelName;
  if (name !== served || version !== modelVersion) {
    throw new ApiError("UnknownModel", {
      name: version === modelVersion ? name : `${name} version ${version}`,
      served,
    });
  }
  return current;
}

/** The one model that is served, whatever its name. Throws `ApiError`. */
export const anyModel = (current: RunningModel | null): RunningModel =>
  modelAt({ name: current?.plan.modelName ?? "" }, current);
