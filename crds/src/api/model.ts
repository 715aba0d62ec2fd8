import * as z from "zod";
import { Digest } from "../common.ts";
import { Task } from "../tuning-question.ts";
import {
  claimUriPattern,
  endpointPattern,
  httpsUriPattern,
  huggingFaceUriPattern,
  imageUriPattern,
  relativePathPattern,
  s3UriPattern,
} from "./model-uri.ts";
import { objectName } from "./object-name.ts";
import { setOf, withRules } from "./rules.ts";

/** A path inside the model's source or a ConfigMap. */
export const RelativePath = z
  .string()
  .max(256)
  .regex(new RegExp(relativePathPattern), "expected a relative path whose parts do not begin with a dot");

const isRepository = (uri: string): boolean => new RegExp(huggingFaceUriPattern).test(uri) && !uri.includes("..");

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
    {
      name: "HttpsIsComplete",
      holds: (uri) => !uri.startsWith("https://") || new RegExp(httpsUriPattern).test(uri),
      cel: `!self.startsWith('https://') || self.matches('${httpsUriPattern}')`,
      message: "A folder of a web server is https://HOST/FOLDER, without user, query or parts that begin with a dot.",
    },
    {
      name: "BucketIsComplete",
      holds: (uri) => !uri.startsWith("s3://") || new RegExp(s3UriPattern).test(uri),
      cel: `!self.startsWith('s3://') || self.matches('${s3UriPattern}')`,
      message: "A bucket is s3://BUCKET or s3://BUCKET/PREFIX; no part of the prefix may begin with a dot.",
    },
    {
      name: "RepositoryIsComplete",
      holds: (uri) => !uri.startsWith("hf://") || isRepository(uri),
      cel: `!self.startsWith('hf://') || self.matches('${huggingFaceUriPattern}') && !self.contains('..')`,
      message: "A repository of Hugging Face is hf://OWNER/NAME or hf://OWNER/NAME@REVISION.",
    },
  ],
);

const S3 = z
  .object({
    endpoint: z
      .string()
      .max(256)
      .regex(
        new RegExp(endpointPattern),
        "expected https://HOST or http://HOST, with a port where it is an unusual one",
      )
      .optional()
      .describe(
        "Base address of a service that is not Amazon's: `https://minio.example.com`. `http://` and addresses inside the cluster are only for networks that the chart's modelSources.allowedNetworks names.",
      ),
    region: z
      .string()
      .max(64)
      .regex(/^[a-z0-9-]+$/, "expected a region such as eu-central-1")
      .optional()
      .describe("Region of the bucket; us-east-1 when absent."),
  })
  .describe("Where the bucket of an `s3://` source is.");

/** The model and where it is found. */
export const ModelReference = z.object({
  uri: Uri.describe(
    "Where the model's files are. `oci://registry.example.com/models/ocr:1.2` is an image whose root holds them (mounted as an image volume, Kubernetes 1.35 or newer); `pvc://models/ocr` is a folder of a PersistentVolumeClaim in the same namespace. `https://models.example.com/ocr`, `s3://bucket/ocr` and `hf://owner/name@revision` are fetched into each pod before it starts: file, tokenizer, additionalFiles and, for tuning, workload.samples.file. Other schemes are taken and reported as ModelResolved=False, reason SourceNotSupported. Name an image by digest, and a repository by commit, where nodes must not differ: a tag can move.",
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
  additionalFiles: setOf(RelativePath, 16)
    .optional()
    .describe(
      "Further files that are fetched with the model, such as the weights that its ONNX file keeps outside of itself.",
    ),
  credentialsSecret: objectName("Secret")
    .optional()
    .describe(
      "Secret in the same namespace with which an https, s3 or hf source is read. Keys: `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY` and `AWS_SESSION_TOKEN`; `token`; `username` and `password`; `ca.crt`, an authority to trust. Only the container that fetches sees it; the operator never reads it.",
    ),
  s3: S3.optional(),
  tokenizer: RelativePath.optional().describe(
    "Path of the model's `tokenizer.json` inside the source. Needed for samples that are texts (`.txt`).",
  ),
});
export type ModelReference = z.infer<typeof ModelReference>;
