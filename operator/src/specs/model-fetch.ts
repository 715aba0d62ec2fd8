import type { ModelReference, PodResources } from "@sweetspot/crds";
import { fetchContainerName, type OperatorSettings, paths } from "../settings.ts";
import { containerSecurity, guaranteed } from "./pod.ts";

const credentialsVolume = "model-credentials";

/** What a fetched model is kept in, and the Secret that it is read with: the kubelet mounts it, the operator never reads it. */
export function fetchedVolumes(
  name: string,
  { credentialsSecret }: ModelReference,
  { maximumBytes }: OperatorSettings["modelSources"],
): object[] {
  const files = { name, emptyDir: { sizeLimit: String(maximumBytes) } };
  if (credentialsSecret === undefined) return [files];
  // A Secret that is missing is said by the program: a pod that cannot mount it would wait without a word in its status.
  const secret = { secretName: credentialsSecret, optional: true, defaultMode: 0o440 };
  return [files, { name: credentialsVolume, secret }];
}

interface FetchQuestion {
  readonly volumeName: string;
  readonly model: ModelReference;
  readonly settings: Pick<OperatorSettings, "imagePullPolicy" | "modelSources">;
  readonly image: string;
  readonly resources: PodResources;
  readonly samples: string | undefined;
}

/** The init container that fetches: the only one that can write the model's folder or see the Secret. */
export function fetchContainer({ volumeName, model, settings, image, resources, samples }: FetchQuestion) {
  const secret = model.credentialsSecret;
  return {
    name: fetchContainerName,
    image,
    imagePullPolicy: settings.imagePullPolicy,
    args: fetchArguments(model, settings.modelSources, samples),
    resources: guaranteed(resources),
    securityContext: containerSecurity,
    // Its last words are the reason that status gives.
    terminationMessagePolicy: "FallbackToLogsOnError",
    volumeMounts: [
      { name: volumeName, mountPath: paths.model },
      ...(secret === undefined ? [] : [{ name: credentialsVolume, mountPath: paths.credentials, readOnly: true }]),
    ],
  };
}

function fetchArguments(
  { uri, file, digest, tokenizer, additionalFiles = [], credentialsSecret, s3 }: ModelReference,
  { allowedNetworks, maximumBytes, huggingFaceEndpoint }: OperatorSettings["modelSources"],
  samples: string | undefined,
): string[] {
  const others = [tokenizer, samples, ...additionalFiles.toSorted()].filter(
    (path) => path !== undefined && path !== file,
  );
  return [
    "fetch",
    uri,
    `--model=${file}`,
    ...[...new Set(others)].map((path) => `--file=${path}`),
    `--out=${paths.model}`,
    ...(digest === undefined ? [] : [`--model-digest=${digest}`]),
    ...(s3?.endpoint === undefined ? [] : [`--s3-endpoint=${s3.endpoint}`]),
    ...(s3?.region === undefined ? [] : [`--s3-region=${s3.region}`]),
    ...(uri.startsWith("hf://") ? [`--hf-endpoint=${huggingFaceEndpoint}`] : []),
    ...(credentialsSecret === undefined
      ? []
      : [`--credentials=${paths.credentials}`, `--credentials-name=${credentialsSecret}`]),
    ...allowedNetworks.map((network) => `--allow-network=${network}`),
    `--maximum-bytes=${maximumBytes}`,
  ];
}
