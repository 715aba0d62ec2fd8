import { memoryBytes, type TuningRunSpec } from "@sweetspot/crds";
import { type OperatorSettings, paths } from "../settings.ts";
import { mountedStore } from "./artifact-store.ts";
import { type MountedModel, modelPath } from "./model-source.ts";
import { labelKeys, managedBy } from "./names.ts";
import {
  containerSecurity,
  initContainers,
  podSettings,
  resourceEnvironment,
  scratchVolume,
  withDevices,
} from "./pod.ts";

export interface JobQuestion {
  /** Name of the TuningRun, and of the Job. */
  readonly run: string;
  readonly spec: TuningRunSpec;
  readonly model: MountedModel;
  readonly settings: OperatorSettings;
}

/** A tuner that keeps to its budget is done long before; this ends one that hangs. */
export const deadlineSeconds = (budgetSeconds: number): number => 3 * budgetSeconds + 300;

/** Labels that the Job's node must carry. A node may have been given other ones since a pod came there: what the user asked for counts. */
export const jobSelector = ({ nodeClass, nodeSelector }: TuningRunSpec): Readonly<Record<string, string>> => ({
  ...nodeClass,
  ...nodeSelector,
});

/**
 * One measurement on a node at a time, whoever asked for it: two that saturate their CPUs share caches and memory, and measure each
 * other. The deadline of a pod that waits for its turn has not begun.
 */
const aloneOnItsNode = {
  podAntiAffinity: {
    requiredDuringSchedulingIgnoredDuringExecution: [
      {
        labelSelector: { matchLabels: { ...managedBy, [labelKeys.component]: "tuner" } },
        namespaceSelector: {},
        topologyKey: "kubernetes.io/hostname",
      },
    ],
  },
};

/**
 * The Job that answers one tuning question: one pod, one try, with the resources of the pods that will serve. The command
 * line is the question; on a laptop the same line asks the same.
 */
export function tuningJob({ run, spec, model, settings }: JobQuestion) {
  const labels = {
    ...managedBy,
    [labelKeys.component]: "tuner",
    [labelKeys.run]: run,
    ...(spec.inferenceDeployment === undefined
      ? {}
      : { [labelKeys.inferenceDeployment]: spec.inferenceDeployment, [labelKeys.target]: spec.target as string }),
  };
  return {
    metadata: { name: run, labels },
    spec: {
      backoffLimit: 0,
      completions: 1,
      parallelism: 1,
      template: {
        metadata: { labels },
        spec: { ...tunerPod(spec, model, settings), activeDeadlineSeconds: deadlineSeconds(spec.budgetSeconds) },
      },
    },
  };
}

function tunerPod(spec: TuningRunSpec, model: MountedModel, settings: OperatorSettings) {
  const samples = spec.workload.samples?.configMap;
  const store = mountedStore(spec.artifactStore, false);
  const resources = { ...spec.resources, memory: enoughMemory(spec.resources.memory) };
  return {
    ...podSettings(settings, { ...spec, nodeSelector: jobSelector(spec) }),
    affinity: aloneOnItsNode,
    restartPolicy: "Never",
    ...initContainers(model.before(settings.tunerImage, resources)),
    containers: [
      {
        name: "tuner",
        image: settings.tunerImage,
        imagePullPolicy: settings.imagePullPolicy,
        args: [...tuneArguments(spec), ...store.words],
        env: resourceEnvironment("tuner"),
        resources: withDevices(resources),
        securityContext: containerSecurity,
        volumeMounts: [
          model.mount,
          ...(samples === undefined ? [] : [{ name: "samples", mountPath: paths.samples, readOnly: true }]),
          ...store.mounts,
          { name: "scratch", mountPath: paths.scratch },
        ],
      },
    ],
    volumes: [
      ...model.volumes,
      ...(samples === undefined ? [] : [{ name: "samples", configMap: { name: samples.name } }]),
      ...store.volumes,
      scratchVolume("scratch"),
    ],
  };
}

/**
 * The tuner holds the load generator and, in a race, three servers at once, so that a Job of the serving pod's size could run out
 * of memory where the pod does not. A model of 10 MB takes 1.2 GiB at the peak. More memory changes no measurement; CPU stays as it is.
 */
const leastMemory = "2Gi";
const enoughMemory = (wanted: string): string =>
  memoryBytes(wanted) < memoryBytes(leastMemory) ? leastMemory : wanted;

function tuneArguments(spec: TuningRunSpec): string[] {
  const { model, modelName, serviceLevel, quality, workload, budgetSeconds, variants } = spec;
  const samples = samplesPath(spec);
  const loss = quality.maximumLossBasisPoints / 100;
  return [
    "tune",
    modelPath(model.file),
    `--${serviceLevel.percentile.toLowerCase()}=${serviceLevel.latencyMilliseconds}ms`,
    `--budget=${budgetSeconds}s`,
    `--name=${modelName}`,
    `--task=${model.task}`,
    `--variants=${variants.join(",")}`,
    `--max-quality-loss=${loss}%`,
    ...(quality.metric === undefined ? [] : [`--metric=${quality.metric}`]),
    ...(quality.mode === "Unchecked" ? ["--unchecked-quality"] : []),
    ...(samples === null ? [] : [`--samples=${samples}`]),
    ...(model.digest === undefined ? [] : [`--model-digest=${model.digest}`]),
    ...(model.tokenizer === undefined || samples === null ? [] : [`--tokenizer=${modelPath(model.tokenizer)}`]),
    ...(workload.requestsPerSecond === undefined ? [] : [`--rate=${workload.requestsPerSecond}`]),
    `--out=${paths.scratch}/out`,
    "--deliver=/dev/termination-log",
  ];
}

function samplesPath({ workload }: TuningRunSpec): string | null {
  if (workload.samples?.configMap !== undefined) return `${paths.samples}/${workload.samples.configMap.key}`;
  if (workload.samples?.file !== undefined) return modelPath(workload.samples.file);
  return null;
}
