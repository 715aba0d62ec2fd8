import * as z from "zod";
import { Digest } from "../common.ts";
import { Task } from "../tuning-question.ts";
import { claimUriPattern, imageUriPattern, relativePathPattern } from "./model-uri.ts";
import { withRules } from "./rules.ts";

/** A path inside the model's source or a ConfigMap. */
export const RelativePath = z
  .string()
  .max(256)
  .regex(new RegExp(relativePathPattern), "expected a relative path whose parts do not begin with a dot");

const Uri = withRules(
  z
    .string()
    .max(512)
    .regex(/^[a-z][a-z0-9+.-]{1,15}:\/\/[!-~]+$/, "expected SCHEME://SOURCE, such as oci://registry/repository:tag"),
  [
    {
      name: "ImageIsComplete",
      holds: (uri) => !uri.startsWith("oci://") || new RegExp(imageUriPattern).test(uri),
      cel: `!self.startsWith('oci://') || self.matches('${imageUriPattern}')`,
      message: "An image is oci://REGISTRY/REPOSITORY with an optional :TAG and @sha256:DIGEST.",
    },
    {
      name: "ClaimIsComplete",
      holds: (uri) => !uri.startsWith("pvc://") || new RegExp(claimUriPattern).test(uri),
      cel: `!self.startsWith('pvc://') || self.matches('${claimUriPattern}')`,
      message: "A volume is pvc://CLAIM or pvc://CLAIM/FOLDER; no part of the folder may begin with a dot.",
    },
  ],
);

/** The model and where it is found. */
export const ModelReference = z.object({
  uri: Uri.describe(
    "Where the model's files are. `oci://registry.example.com/models/ocr:1.2` is an image whose root holds them (mounted as an image volume, Kubernetes 1.35 or newer); `pvc://models/ocr` is a folder of a PersistentVolumeClaim in the same namespace. Other schemes are taken and reported as ModelResolved=False, reason SourceNotSupported. Name an image by digest where nodes must not differ: a tag can move.",
  ),
  file: RelativePath.default("model.onnx").describe("Path of the ONNX file inside the source: `exports/model.onnx`."),
  digest: Digest.max(71)
    .optional()
    .describe(
      "SHA-256 that the ONNX file must have, `sha256:` and 64 hexadecimal digits, as `sha256sum` prints it. A source with another file is refused with ModelResolved=False, reason DigestMismatch. Any file is taken when absent.",
    ),
  task: Task.default("Generic").describe(
    "What the model is for. It decides how the answers of a cheaper variant are held against the source's, unless quality.metric says so: Generic and TextEmbedding by cosine similarity, TextClassification and ImageClassification by the samples' labels or else the top class, TextRecognition by the decoded text.",
  ),
  tokenizer: RelativePath.optional().describe(
    "Path of the model's `tokenizer.json` inside the source. Needed for samples that are texts (`.txt`).",
  ),
});
export type ModelReference = z.infer<typeof ModelReference>;
