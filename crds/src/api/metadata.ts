import * as z from "zod";

/** The parts of a Kubernetes object's metadata that this project reads. The API server checks the rest. */
const metadataFields = {
  namespace: z.string().max(63).optional(),
  uid: z.string().max(64).optional(),
  generation: z.int().min(0).optional(),
  resourceVersion: z.string().max(64).optional(),
  creationTimestamp: z.string().max(64).optional(),
  deletionTimestamp: z.string().max(64).optional(),
  labels: z.record(z.string(), z.string()).optional(),
  annotations: z.record(z.string(), z.string()).optional(),
};

/** Metadata of an object whose name is `name`; all other fields pass as they are. */
export const metadataOf = <S extends z.ZodType<string>>(name: S) => z.looseObject({ name, ...metadataFields });
