import { InferenceDeployment, TuningRun } from "@sweetspot/crds";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { stringify } from "yaml";
import { planDeployment } from "../inference-deployment/plan.ts";
import { infd, namespace, settings, twoTargets } from "../testing/objects.ts";
import { actionsOf, observe } from "../testing/observations.ts";
import { observedRun, runOf } from "../testing/runs.ts";
import { planRun } from "../tuning-run/plan.ts";
import { mountedModel } from "./model-source.ts";
import { childName, reportName, runName } from "./names.ts";
import { serverDeployment } from "./server-deployment.ts";
import { disruptionBudget, inferenceService, planConfigMap, serverAccount } from "./target-children.ts";
import { tuningJob } from "./tuning-job.ts";

/** Every optional field is named: a golden file shows what each becomes. */
const full = infd({
  "spec.model": {
    uri: "pvc://models/reviews/v3",
    file: "exports/model.onnx",
    digest: `sha256:${"2c".repeat(32)}`,
    task: "TextClassification",
    tokenizer: "tokenizer.json",
  },
  "spec.serviceLevel": { percentile: "P95", latencyMilliseconds: 30, minimumRequestsPerSecond: 800 },
  "spec.quality": { metric: "LabelAccuracy", maximumLossBasisPoints: 50, mode: "Unchecked" },
  "spec.workload": {
    samples: { configMap: { name: "reviews-samples", key: "labelled.jsonl" } },
    requestsPerSecond: 200,
  },
  "spec.targets.0.nodeSelector": { "kubernetes.io/arch": "amd64" },
  "spec.targets.0.tolerations": [{ key: "dedicated", operator: "Equal", value: "inference", effect: "NoSchedule" }],
  "spec.targets.0.resources": { cpu: "2", memory: "2Gi" },
  "spec.artifactStore": { uri: "pvc://artifacts/reviews" },
});
/** Everything that is fetched, with a Secret. */
const fetched = infd({
  "spec.model": {
    ...{ uri: "s3://models/reviews/v3", file: "model.onnx", tokenizer: "tokenizer.json" },
    ...{ digest: `sha256:${"2c".repeat(32)}`, additionalFiles: ["model.onnx.data"], credentialsSecret: "minio" },
    s3: { endpoint: "http://minio.minio.svc:9000", region: "eu-central-1" },
  },
  "spec.workload": { samples: { file: "samples/requests.jsonl" } },
});
/** A target on nodes with accelerators, of a source that is fetched. */
const accelerated = infd({
  "spec.model.uri": "https://models.example.com/ocr/v1",
  "spec.targets.0.tolerations": [{ key: "nvidia.com/gpu", operator: "Exists", effect: "NoSchedule" }],
  "spec.targets.0.runtimeClassName": "nvidia",
  "spec.targets.0.resources": {
    ...{ cpu: "4", memory: "8Gi", devices: { "nvidia.com/mig-1g.5gb": "1" } },
    claims: [{ name: "gpu", resourceClaimTemplateName: "one-gpu" }],
  },
});
const reaching = {
  ...settings,
  modelSources: { ...settings.modelSources, allowedNetworks: ["10.96.0.0/12"] },
};
const secretive = { ...settings, imagePullSecrets: ["registry"] };

const deploymentOf = (stored: typeof full, options = settings) => {
  const { metadata, spec } = InferenceDeployment.parse(stored);
  const [target] = spec.targets;
  const model = mountedModel(spec.model, options);
  if (target === undefined || model === null) throw new Error("the builder needs a target and a source");
  const question = { deployment: metadata.name, spec, target, model, settings: options };
  return serverDeployment(question, { replicas: spec.replicas, serving: true });
};

const runSpec = (stored: typeof full) => {
  const { artifactStore } = InferenceDeployment.parse(stored).spec;
  return TuningRun.shape.spec.parse({ ...runOf(stored).spec, ...(artifactStore && { artifactStore }) });
};
const jobOf = (stored: typeof full, options = settings) => {
  const spec = runSpec(stored);
  const model = mountedModel(spec.model, options, spec.workload.samples?.file);
  if (model === null) throw new Error("the builder needs a source");
  return tuningJob({ run: runOf(stored).metadata.name, spec, model, settings: options });
};

const firstRun = () => {
  const waiting = planDeployment(observe(infd({ "spec.rollout": { initial: "WaitForTuning" } })));
  return actionsOf(waiting, "Create")[0]?.manifest;
};

describe("golden files (vitest -u writes them anew)", () => {
  it.each([
    ["deployment.minimal", deploymentOf(infd())],
    ["deployment.full", deploymentOf(full, secretive)],
    ["deployment.fetched", deploymentOf(fetched, reaching)],
    ["deployment.accelerated", deploymentOf(accelerated)],
    ["job.accelerated", jobOf(accelerated)],
    ["job.minimal", jobOf(infd())],
    ["job.full", jobOf(full, secretive)],
    ["job.fetched", jobOf(fetched, reaching)],
    ["config-map.empty", planConfigMap("ocr", "x64", null)],
    ["config-map.plan", planConfigMap("ocr", "x64", { plan: '{"kind":"ServingPlan"}', recipe: "H4sIAAAA" })],
    ["service", inferenceService("ocr")],
    ["disruption-budget", disruptionBudget("ocr", "x64")],
    ["service-account", serverAccount("ocr", "x64")],
    ["tuning-run", firstRun()],
  ])("%s", async (name, object) => {
    await expect(stringify(object, { lineWidth: 120, aliasDuplicateObjects: false })).toMatchFileSnapshot(
      `golden/${name}.yaml`,
    );
  });
});

type PodTemplate = ReturnType<typeof deploymentOf>["spec"]["template"];
const templates: readonly [string, PodTemplate][] = [
  ["serving pod", deploymentOf(infd()).spec.template],
  ["serving pod with everything", deploymentOf(full, secretive).spec.template],
  ["serving pod that fetches", deploymentOf(fetched, reaching).spec.template],
  ["tuning pod that fetches", jobOf(fetched, reaching).spec.template as unknown as PodTemplate],
  ["tuning pod", jobOf(infd()).spec.template as unknown as PodTemplate],
  ["tuning pod with everything", jobOf(full, secretive).spec.template as unknown as PodTemplate],
];

/** Init containers are held to the same. */
const containersOf = (spec: PodTemplate["spec"]) => {
  const before = (spec as { initContainers?: (typeof spec.containers)[number][] }).initContainers ?? [];
  return [...before, ...spec.containers];
};

describe.each(templates)("the %s", (_, { spec }) => {
  it("passes Pod Security restricted", () => {
    expect(spec.securityContext).toMatchObject({
      runAsNonRoot: true,
      seccompProfile: { type: "RuntimeDefault" },
    });
    expect(spec.securityContext.runAsUser).toBeGreaterThan(0);
    for (const { securityContext } of containersOf(spec)) {
      expect(securityContext).toMatchObject({ allowPrivilegeEscalation: false, readOnlyRootFilesystem: true });
      expect(securityContext.capabilities).toEqual({ drop: ["ALL"] });
    }
    const volumes = spec.volumes.flatMap((volume) => Object.keys(volume).filter((key) => key !== "name"));
    const restricted = [
      "configMap",
      "downwardAPI",
      "emptyDir",
      "image",
      "persistentVolumeClaim",
      "projected",
      "secret",
    ];
    expect(restricted).toEqual(expect.arrayContaining(volumes));
  });

  it("is Guaranteed", () => {
    for (const { resources } of containersOf(spec)) {
      expect(Object.keys(resources.limits).sort()).toEqual(["cpu", "memory"]);
      expect(resources.requests).toEqual(resources.limits);
    }
  });

  it("gets no token", () => {
    expect(spec.automountServiceAccountToken).toBe(false);
  });

  it("has a volume for each mount, a mount for each volume, and each path once", () => {
    const volumes = spec.volumes.map((volume) => (volume as { name: string }).name);
    const mounts = containersOf(spec).map(({ volumeMounts }) => volumeMounts as { name: string; mountPath: string }[]);
    expect([...new Set(mounts.flat().map(({ name }) => name))].sort()).toEqual(volumes.sort());
    for (const own of mounts) expect(new Set(own.map(({ mountPath }) => mountPath)).size).toBe(own.length);
  });

  it("tells its program what it asked for", () => {
    for (const { env } of spec.containers) {
      expect(env.map(({ valueFrom }) => valueFrom.resourceFieldRef.resource)).toEqual([
        "requests.cpu",
        "limits.cpu",
        "requests.memory",
        "limits.memory",
      ]);
    }
  });
});

describe.each([
  ["serving pod", deploymentOf(accelerated).spec.template.spec],
  ["tuning pod", jobOf(accelerated).spec.template.spec as unknown as PodTemplate["spec"]],
])("the %s of a target with accelerators", (_, spec) => {
  it("asks for the devices in the container that computes, and nowhere else", () => {
    const [fetch, compute] = containersOf(spec).map(({ resources }) => resources as object);
    const devices = { "nvidia.com/mig-1g.5gb": "1" };
    expect(compute).toMatchObject({ requests: devices, limits: devices, claims: [{ name: "gpu" }] });
    expect(JSON.stringify(fetch)).not.toMatch(/nvidia|claims/);
  });

  it("has the target's claims, tolerations and runtime class", () => {
    expect(spec).toMatchObject({
      resourceClaims: [{ name: "gpu", resourceClaimTemplateName: "one-gpu" }],
      tolerations: [{ key: "nvidia.com/gpu", operator: "Exists", effect: "NoSchedule" }],
      runtimeClassName: "nvidia",
    });
  });
});

describe("a Secret for the model", () => {
  it.each([
    ["server", deploymentOf(fetched, reaching).spec.template.spec],
    ["tuner", jobOf(fetched, reaching).spec.template.spec as unknown as PodTemplate["spec"]],
  ])("is seen by the container that fetches, and not by the %s, which cannot write the model either", (_, spec) => {
    const [fetch, ...others] = containersOf(spec).map(({ volumeMounts }) => volumeMounts as object[]);
    expect(fetch).toContainEqual(expect.objectContaining({ name: "model-credentials", readOnly: true }));
    expect(JSON.stringify(others)).not.toContain("model-credentials");
    expect(others.flat()).toContainEqual({ name: "model", mountPath: "/model", readOnly: true });
  });
});

describe("labels", () => {
  const pods = deploymentOf(infd()).spec.template.metadata.labels as Record<string, string>;
  const select = (selector: Record<string, string>, labels: Record<string, string>) =>
    Object.entries(selector).every(([key, value]) => labels[key] === value);

  it("let Deployment, Service and PodDisruptionBudget find the serving pods", () => {
    expect(select(deploymentOf(infd()).spec.selector.matchLabels, pods)).toBe(true);
    expect(select(inferenceService("ocr").spec.selector, pods)).toBe(true);
    expect(select(disruptionBudget("ocr", "x64").spec.selector.matchLabels, pods)).toBe(true);
  });

  it("keep other targets' pods and tuning pods apart", () => {
    const [, arm] = planDeployment(observe(infd(twoTargets)))
      .actions.filter((action) => action.kind === "Apply" && action.resource.kind === "Deployment")
      .map((action) => (action as { manifest: unknown }).manifest as ReturnType<typeof deploymentOf>);
    expect(select(arm?.spec.selector.matchLabels ?? {}, pods)).toBe(false);
    const tuner = jobOf(infd()).spec.template.metadata.labels as Record<string, string>;
    expect(select(deploymentOf(infd()).spec.selector.matchLabels, tuner)).toBe(false);
    expect(select(inferenceService("ocr").spec.selector, tuner)).toBe(false);
  });
});

describe("names", () => {
  it("fit into 63 characters however long those of the deployment and its target may be", () => {
    const lengths = fc.integer({ min: 1, max: 30 }).map((target) => [Math.min(45, 49 - target), target] as const);
    fc.assert(
      fc.property(lengths, fc.integer({ min: 1, max: 100 }), ([deployment, target], attempt) => {
        const stored = infd({
          "metadata.name": "a".repeat(deployment),
          "spec.targets.0.name": "b".repeat(target),
        });
        const name = runName("a".repeat(deployment), "b".repeat(target), stored.spec, attempt);
        expect(name.length).toBeLessThanOrEqual(63);
        expect(childName("a".repeat(deployment), "b".repeat(target)).length).toBeLessThanOrEqual(63);
        expect(TuningRun.shape.metadata.parse({ name }).name).toBe(name);
        expect(reportName(name).length).toBeLessThanOrEqual(253);
      }),
    );
  });

  it("tell questions and attempts apart, and do not depend on the order of keys", () => {
    expect(runName("a", "b", { x: 1, y: 2 }, 1)).toBe(runName("a", "b", { y: 2, x: 1 }, 1));
    expect(runName("a", "b", { x: 1 }, 1)).not.toBe(runName("a", "b", { x: 2 }, 1));
    expect(runName("a", "b", { x: 1 }, 1)).not.toBe(runName("a", "b", { x: 1 }, 2));
  });
});

describe("a manifest", () => {
  it("says whose it is, in the owner's namespace", () => {
    const plan = planDeployment(observe(infd({ "spec.rollout": { initial: "WaitForTuning" } })));
    const manifests = [...actionsOf(plan, "Apply"), ...actionsOf(plan, "Create")].map(({ manifest }) => manifest);
    expect(manifests).toHaveLength(6);
    for (const { metadata } of manifests) {
      expect(metadata.namespace).toBe(namespace);
      expect(metadata.ownerReferences).toEqual([
        expect.objectContaining({ kind: "InferenceDeployment", name: "ocr", uid: "uid-infd", controller: true }),
      ]);
      expect(metadata.labels).toMatchObject({ "app.kubernetes.io/managed-by": "sweetspot" });
    }
    const job = actionsOf(planRun(observedRun(runOf(infd()))), "Create")[0]?.manifest;
    expect(job?.metadata.ownerReferences).toEqual([expect.objectContaining({ kind: "TuningRun" })]);
  });

  it("is never made for an owner that the API server does not know", () => {
    expect(() => planDeployment(observe(infd({ "metadata.uid": undefined })))).toThrow(/no UID/);
  });
});
