import * as z from "zod";
import { claimUriPattern } from "./model-uri.ts";

/** Where what tunings make is kept, besides what the operator stores itself. */
export const ArtifactStore = z
  .object({
    uri: z
      .string()
      .max(512)
      .regex(
        new RegExp(claimUriPattern),
        "expected pvc://CLAIM or pvc://CLAIM/FOLDER; no part of the folder may begin with a dot",
      )
      .describe(
        "A folder of a PersistentVolumeClaim in the same namespace, `pvc://artifacts/ocr`; it is made when it is not there. Tuning Jobs write to it and serving pods read from it, so that a claim whose pods are on several nodes needs access mode ReadWriteMany.",
      ),
  })
  .describe(
    "Keeps the models that tunings make and their whole reports. Serving pods take the winner's model from there instead of making it again; without it, or where it is missing there, they make it from its recipe.",
  );
export type ArtifactStore = z.infer<typeof ArtifactStore>;
