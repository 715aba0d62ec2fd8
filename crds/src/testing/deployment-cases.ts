import type { Changes, Reject } from "./api-cases.ts";

const manyLabels = Object.fromEntries(Array.from({ length: 17 }, (_, index) => [`label${index}`, "x"]));
const target = (name: string) => ({ name, resources: { cpu: "1", memory: "1Gi" } });
const tolerations = "spec.targets.0.tolerations";

export const deploymentAccepts: Readonly<Record<string, Changes>> = {
  "the least": {},
  "a fractional CPU": { "spec.targets.0.resources": { cpu: "500m", memory: "64Mi" } },
  "a claim without folder": { "spec.model.uri": "pvc://models" },
  "a claim with a folder": { "spec.model.uri": "pvc://models/ocr/v1.2" },
  "an image by port, tag and digest": { "spec.model.uri": `oci://localhost:5000/a/b_c:v1@sha256:${"0".repeat(64)}` },
  "a source that this release refuses later, with a condition": { "spec.model.uri": "ftp://host/models/ocr" },
  "a folder of a web server": { "spec.model.uri": "https://models.example.com:8443/ocr/v1/" },
  "a bucket of another service": {
    "spec.model.uri": "s3://bucket/models/ocr",
    "spec.model.credentialsSecret": "minio",
    "spec.model.s3": { endpoint: "http://minio.minio.svc:9000", region: "eu-central-1" },
    "spec.model.additionalFiles": ["model.onnx.data"],
  },
  "a repository at a tag": { "spec.model.uri": "hf://owner/a.model@v1.0" },
  "samples in a ConfigMap": { "spec.workload": { samples: { configMap: { name: "samples", key: "requests.jsonl" } } } },
  "text samples with a tokenizer": {
    "spec.workload": { samples: { file: "samples/texts.txt" } },
    "spec.model.tokenizer": "tokenizer.json",
  },
  "labels in samples": {
    "spec.workload": { samples: { file: "labelled.jsonl" } },
    "spec.quality": { metric: "LabelAccuracy" },
  },
  "no replicas": { "spec.replicas": 0 },
  "replicas by the operator": { "spec.autoscaling": { maxReplicas: 10 } },
  "replicas by the operator behind a balancer": {
    "spec.autoscaling": { maxReplicas: 10, loadBalancing: "LeastRequest" },
  },
  "replicas by the operator, and none for now": {
    "spec.autoscaling": { minReplicas: 2, maxReplicas: 2, scaleDownSeconds: 120 },
    "spec.replicas": 0,
  },
  "a toleration of all taints": { [tolerations]: [{ operator: "Exists" }] },
  "a toleration that ends": {
    [tolerations]: [{ key: "a.b/c", value: "d", effect: "NoExecute", tolerationSeconds: 0 }],
  },
  "a node selector with a prefix and an empty value": {
    "spec.targets.0.nodeSelector": { "node-role.kubernetes.io/worker": "", "kubernetes.io/arch": "arm64" },
  },
  "names as long as they may be": { "metadata.name": "a".repeat(45), "spec.targets.0.name": "b".repeat(4) },
  "sixteen targets": { "spec.targets": Array.from({ length: 16 }, (_, index) => target(`t${index}`)) },
  "devices of two kinds, and a runtime class": {
    "spec.targets.0.resources": {
      ...{ cpu: "4", memory: "8Gi" },
      devices: { "nvidia.com/gpu": "1", "nvidia.com/mig-1g.5gb": "2" },
      claims: [{ name: "gpu", resourceClaimTemplateName: "one-gpu" }],
    },
    "spec.targets.0.runtimeClassName": "nvidia",
  },
  "tuning off": { "spec.tuning": { mode: "Disabled" } },
  "nothing before tuning": { "spec.rollout": { initial: "WaitForTuning" } },
  "advice only": { "spec.retuning": { mode: "Recommend", dailyBenchmarks: 0 } },
  "a cool-down as long as settling": { "spec.retuning": { coolDownSeconds: 60, settleSeconds: 60 } },
  "an artifact store": { "spec.artifactStore": { uri: "pvc://artifacts" } },
  "an artifact store in a folder": { "spec.artifactStore": { uri: "pvc://artifacts/ocr/v1.2" } },
  "one variant": { "spec.tuning": { variants: ["INT8Static"] } },
};

const wrong = (path: string, value: unknown, at = path): Reject => ({ changes: { [path]: value }, path: pathOf(at) });
const breaks = (rule: string, changes: Changes, path: string): Reject => ({ rule, changes, path: pathOf(path) });

/** `spec.targets.0.name` as Kubernetes writes it, `spec.targets[0].name`. */
const pathOf = (path: string): string => path.replace(/\.(\d+)(?=\.|$)/g, "[$1]");

export const deploymentRejects: Readonly<Record<string, Reject>> = {
  "an upper-case name": wrong("metadata.name", "OCR"),
  "a name that begins with a digit, which no Service may have": wrong("metadata.name", "1ocr"),
  "no spec": wrong("spec", undefined),
  "no model": wrong("spec.model", undefined),
  "no source": wrong("spec.model", {}, "spec.model.uri"),
  "a source without scheme": wrong("spec.model.uri", "models/ocr"),
  "an image without registry": breaks("ImageIsComplete", { "spec.model.uri": "oci://ocr" }, "spec.model.uri"),
  "an image with an upper-case repository": breaks(
    "ImageIsComplete",
    { "spec.model.uri": "oci://a/B" },
    "spec.model.uri",
  ),
  "a claim with an upper-case name": breaks("ClaimIsComplete", { "spec.model.uri": "pvc://Models" }, "spec.model.uri"),
  "an artifact store in a bucket": wrong("spec.artifactStore", { uri: "s3://bucket" }, "spec.artifactStore.uri"),
  "an artifact store that leaves its claim": wrong(
    "spec.artifactStore",
    { uri: "pvc://artifacts/../x" },
    "spec.artifactStore.uri",
  ),
  "a secret in the address of a web server": breaks(
    "HttpsIsComplete",
    { "spec.model.uri": "https://models.example.com/ocr?token=x" },
    "spec.model.uri",
  ),
  "a user in the address of a web server": breaks(
    "HttpsIsComplete",
    { "spec.model.uri": "https://user:password@models.example.com/ocr" },
    "spec.model.uri",
  ),
  "a prefix that leaves the bucket": breaks(
    "BucketIsComplete",
    { "spec.model.uri": "s3://bucket/../x" },
    "spec.model.uri",
  ),
  "a repository without owner": breaks("RepositoryIsComplete", { "spec.model.uri": "hf://name" }, "spec.model.uri"),
  "a revision that leaves the repository": breaks(
    "RepositoryIsComplete",
    { "spec.model.uri": "hf://owner/name@a/../../b" },
    "spec.model.uri",
  ),
  "a file that is named twice": {
    changes: { "spec.model.additionalFiles": ["a.data", "a.data"] },
    path: "spec.model.additionalFiles",
  },
  "a file outside of the source": wrong(
    "spec.model.additionalFiles",
    ["../etc/passwd"],
    "spec.model.additionalFiles.0",
  ),
  "an endpoint that is no web server": wrong("spec.model.s3", { endpoint: "file:///etc" }, "spec.model.s3.endpoint"),
  "a folder that leaves the claim": breaks("ClaimIsComplete", { "spec.model.uri": "pvc://m/../n" }, "spec.model.uri"),
  "an absolute model file": wrong("spec.model.file", "/model.onnx"),
  "a model file outside the source": wrong("spec.model.file", "a/../../model.onnx"),
  "a digest of another kind": wrong("spec.model.digest", `md5:${"0".repeat(32)}`),
  "an unknown task": wrong("spec.model.task", "Poetry"),
  "negative replicas": wrong("spec.replicas", -1),
  "half a replica": wrong("spec.replicas", 1.5),
  "too many replicas": wrong("spec.replicas", 1001),
  "replicas by the operator without a bound": wrong("spec.autoscaling", {}, "spec.autoscaling.maxReplicas"),
  "replicas that fall at once": wrong(
    "spec.autoscaling",
    { maxReplicas: 3, scaleDownSeconds: 10 },
    "spec.autoscaling.scaleDownSeconds",
  ),
  "more replicas at the least than at the most": breaks(
    "MinimumWithinMaximum",
    { "spec.autoscaling": { minReplicas: 4, maxReplicas: 3 } },
    "spec.autoscaling.minReplicas",
  ),
  "replicas of two owners": breaks(
    "ReplicasHaveOneOwner",
    { "spec.autoscaling": { maxReplicas: 10 }, "spec.replicas": 3 },
    "spec.replicas",
  ),
  "replicas by a capacity that is never measured": breaks(
    "AutoscalingNeedsTuning",
    { "spec.autoscaling": { maxReplicas: 10 }, "spec.tuning": { mode: "Disabled" } },
    "spec.autoscaling",
  ),
  "no latency target": wrong("spec.serviceLevel", {}, "spec.serviceLevel.latencyMilliseconds"),
  "a latency target of nothing": wrong("spec.serviceLevel.latencyMilliseconds", 0),
  "a fraction of a millisecond": wrong("spec.serviceLevel.latencyMilliseconds", 0.5),
  "an unknown percentile": wrong("spec.serviceLevel.percentile", "P42"),
  "a minimum of no requests": wrong("spec.serviceLevel.minimumRequestsPerSecond", 0),
  "a loss above all": wrong("spec.quality.maximumLossBasisPoints", 10_001),
  "samples in a ConfigMap that no ConfigMap may be called": wrong(
    "spec.workload.samples",
    { configMap: { name: "a..b", key: "c.jsonl" } },
    "spec.workload.samples.configMap.name",
  ),
  "credentials in a Secret that no Secret may be called": wrong("spec.model.credentialsSecret", "a.-b"),
  "labels without samples": breaks(
    "LabelsNeedSamples",
    { "spec.quality": { metric: "LabelAccuracy" } },
    "spec.quality",
  ),
  "samples from nowhere": breaks(
    "ExactlyOneSampleSource",
    { "spec.workload": { samples: {} } },
    "spec.workload.samples",
  ),
  "samples from two places": breaks(
    "ExactlyOneSampleSource",
    { "spec.workload.samples": { configMap: { name: "a", key: "b.jsonl" }, file: "c.jsonl" } },
    "spec.workload.samples",
  ),
  "samples of an unknown form": wrong("spec.workload.samples", { file: "a.csv" }, "spec.workload.samples.file"),
  "texts in the source without tokenizer": breaks(
    "TextsNeedTokenizer",
    { "spec.workload.samples": { file: "a.txt" } },
    "spec.workload",
  ),
  "texts in a ConfigMap without tokenizer": breaks(
    "TextsNeedTokenizer",
    { "spec.workload.samples": { configMap: { name: "a", key: "b.txt" } } },
    "spec.workload",
  ),
  "no targets": wrong("spec.targets", []),
  "seventeen targets": wrong(
    "spec.targets",
    Array.from({ length: 17 }, (_, index) => target(`t${index}`)),
  ),
  "two targets of one name": { changes: { "spec.targets": [target("a"), target("a")] }, path: "spec.targets" },
  "a target with a dot in its name": wrong("spec.targets.0.name", "a.b"),
  "names that are too long together": breaks(
    "NamesFit",
    { "metadata.name": "a".repeat(45), "spec.targets.0.name": "bbbbb" },
    "spec",
  ),
  "a CPU that is a number": wrong("spec.targets.0.resources.cpu", 1),
  "no CPU worth the name": breaks(
    "CpuIsEnough",
    { "spec.targets.0.resources.cpu": "99m" },
    "spec.targets.0.resources.cpu",
  ),
  "memory without unit": breaks(
    "MemoryIsEnough",
    { "spec.targets.0.resources.memory": "512" },
    "spec.targets.0.resources.memory",
  ),
  "memory in words": wrong("spec.targets.0.resources.memory", "much"),
  "too many labels": wrong("spec.targets.0.nodeSelector", manyLabels),
  "a label key with a space": breaks(
    "LabelKeys",
    { "spec.targets.0.nodeSelector": { "a b": "c" } },
    "spec.targets.0.nodeSelector",
  ),
  "a label key whose prefix is no name of a domain": breaks(
    "LabelKeys",
    { "spec.targets.0.nodeSelector": { "a..b/c": "d" } },
    "spec.targets.0.nodeSelector",
  ),
  "a label value with a space": wrong(
    "spec.targets.0.nodeSelector",
    { disk: "a b" },
    "spec.targets.0.nodeSelector.disk",
  ),
  "Exists with a value": breaks(
    "ExistsTakesNoValue",
    { [tolerations]: [{ key: "a", operator: "Exists", value: "b" }] },
    `${tolerations}.0.value`,
  ),
  "Equal without a key": breaks("EqualNeedsKey", { [tolerations]: [{ value: "b" }] }, `${tolerations}.0.key`),
  "seconds without NoExecute": breaks(
    "SecondsNeedNoExecute",
    { [tolerations]: [{ key: "a", effect: "NoSchedule", tolerationSeconds: 5 }] },
    `${tolerations}.0.tolerationSeconds`,
  ),
  "a device without a domain": breaks(
    "DeviceNames",
    { "spec.targets.0.resources.devices": { gpu: "1" } },
    "spec.targets.0.resources.devices",
  ),
  "half a device": wrong(
    "spec.targets.0.resources.devices",
    { "nvidia.com/gpu": "500m" },
    "spec.targets.0.resources.devices.nvidia.com/gpu",
  ),
  "a claim that names nothing": breaks(
    "ExactlyOneClaim",
    { "spec.targets.0.resources.claims": [{ name: "gpu" }] },
    "spec.targets.0.resources.claims.0",
  ),
  "a claim that names two things": breaks(
    "ExactlyOneClaim",
    { "spec.targets.0.resources.claims": [{ name: "gpu", resourceClaimName: "a", resourceClaimTemplateName: "b" }] },
    "spec.targets.0.resources.claims.0",
  ),
  "a runtime class that no RuntimeClass may be called": wrong("spec.targets.0.runtimeClassName", "Kata_1"),
  "too small a budget": wrong("spec.tuning.budgetSeconds", 19),
  "an unknown variant": wrong("spec.tuning.variants", ["FP4"], "spec.tuning.variants.0"),
  "no variants": wrong("spec.tuning.variants", []),
  "a variant twice": { changes: { "spec.tuning.variants": ["Source", "Source"] }, path: "spec.tuning.variants" },
  "a mode that YAML made a boolean": wrong("spec.tuning.mode", false),
  "a retuning mode that YAML makes a boolean": wrong("spec.retuning.mode", false),
  "an unknown retuning mode": wrong("spec.retuning.mode", "Always"),
  "more replans than are remembered": wrong("spec.retuning.dailyReplans", 49),
  "a negative budget of benchmarks": wrong("spec.retuning.dailyBenchmarks", -1),
  "a cool-down that is shorter than settling": breaks(
    "CoolDownCoversSettling",
    { "spec.retuning": { coolDownSeconds: 30, settleSeconds: 31 } },
    "spec.retuning",
  ),
  "waiting for a tuning that is off": breaks(
    "WaitingNeedsTuning",
    { "spec.tuning": { mode: "Disabled" }, "spec.rollout": { initial: "WaitForTuning" } },
    "spec.rollout",
  ),
};
