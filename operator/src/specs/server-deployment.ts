import type { InferenceDeploymentSpec, Target } from "@sweetspot/crds";
import { grpcPort, httpPort, metricsPort, type OperatorSettings, paths } from "../settings.ts";
import { mountedStore } from "./artifact-store.ts";
import { type MountedModel, modelPath } from "./model-source.ts";
import { annotationKeys, childName, serverSelector, targetLabels } from "./names.ts";
import {
  containerSecurity,
  initContainers,
  podSettings,
  resourceEnvironment,
  scratchVolume,
  withDevices,
} from "./pod.ts";

/** Everything that decides how the pods of one target look. */
export interface ServerQuestion {
  readonly deployment: string;
  readonly spec: InferenceDeploymentSpec;
  readonly target: Target;
  readonly model: MountedModel;
  readonly settings: OperatorSettings;
}

/** What changes without new pods. */
export interface ServerScale {
  readonly replicas: number;
  /**
   * Some pod answers requests: a new one comes up before an old one goes. Where none does there is nothing to lose, and
   * waiting for room beside a broken pod could last for ever.
   */
  readonly serving: boolean;
}

/** Time for requests under way after the drain delay, in seconds. */
const finishSeconds = 25;

/** The Deployment of one target, without metadata that depends on the owner. */
export function serverDeployment(question: ServerQuestion, { replicas, serving }: ServerScale) {
  const { deployment, target } = question;
  return {
    metadata: { name: childName(deployment, target.name), labels: targetLabels(deployment, target.name, "server") },
    spec: {
      replicas,
      revisionHistoryLimit: 2,
      selector: { matchLabels: serverSelector(deployment, target.name) },
      strategy: {
        type: "RollingUpdate",
        rollingUpdate: serving ? { maxSurge: 1, maxUnavailable: 0 } : { maxSurge: 0, maxUnavailable: 1 },
      },
      template: {
        metadata: { labels: targetLabels(deployment, target.name, "server") },
        spec: serverPod(question),
      },
    },
  };
}

function serverPod({ deployment, spec, target, model, settings }: ServerQuestion) {
  const store = mountedStore(spec.artifactStore, true);
  return {
    ...podSettings(settings, target),
    serviceAccountName: childName(deployment, target.name),
    terminationGracePeriodSeconds: settings.drainSeconds + finishSeconds,
    ...initContainers(model.before(settings.serverImage, target.resources)),
    containers: [
      {
        name: "server",
        image: settings.serverImage,
        imagePullPolicy: settings.imagePullPolicy,
        args: [...serveArguments(deployment, spec, settings), ...store.words],
        env: resourceEnvironment("server"),
        ports: [
          { name: "http", containerPort: httpPort, protocol: "TCP" },
          { name: "grpc", containerPort: grpcPort, protocol: "TCP" },
          { name: "metrics", containerPort: metricsPort, protocol: "TCP" },
        ],
        resources: withDevices(target.resources),
        securityContext: containerSecurity,
        // The first words of a server that cannot start are its reason; the operator shows them.
        terminationMessagePolicy: "FallbackToLogsOnError",
        ...probes,
        volumeMounts: [
          model.mount,
          ...store.mounts,
          { name: "plan", mountPath: paths.plan, readOnly: true },
          { name: "variants", mountPath: paths.variants },
          { name: "scratch", mountPath: paths.scratch },
        ],
      },
    ],
    volumes: [
      ...model.volumes,
      ...store.volumes,
      planVolume(childName(deployment, target.name)),
      scratchVolume("variants"),
      scratchVolume("scratch"),
    ],
  };
}

function serveArguments(
  deployment: string,
  { model, serviceLevel }: InferenceDeploymentSpec,
  settings: OperatorSettings,
) {
  return [
    "serve",
    `--model=${modelPath(model.file)}`,
    `--name=${deployment}`,
    `--${serviceLevel.percentile.toLowerCase()}=${serviceLevel.latencyMilliseconds}ms`,
    ...(model.digest === undefined ? [] : [`--model-digest=${model.digest}`]),
    `--plan-directory=${paths.plan}`,
    "--host=0.0.0.0",
    `--http-port=${httpPort}`,
    `--grpc-port=${grpcPort}`,
    `--metrics-port=${metricsPort}`,
    `--drain-delay=${settings.drainSeconds}s`,
  ];
}

const probe = (path: string) => ({ httpGet: { path, port: "http" } });

/** A model may take minutes to load; once loaded, an answer is due at once. */
const probes = {
  startupProbe: { ...probe("/v2/health/ready"), periodSeconds: 1, failureThreshold: 600 },
  readinessProbe: { ...probe("/v2/health/ready"), periodSeconds: 2, failureThreshold: 2, timeoutSeconds: 2 },
  livenessProbe: { ...probe("/v2/health/live"), periodSeconds: 10, failureThreshold: 6, timeoutSeconds: 5 },
} as const;

/**
 * Both sources are in one projected volume, so that a pod never sees a plan without the recipe that it needs. The
 * ConfigMap alone would take the kubelet a minute; a change of the pod's annotation makes it look at once.
 */
function planVolume(configMap: string) {
  return {
    name: "plan",
    projected: {
      sources: [
        { configMap: { name: configMap, optional: true } },
        {
          downwardAPI: {
            items: [
              { path: "selected", fieldRef: { fieldPath: `metadata.annotations['${annotationKeys.plan}']` } },
              { path: "trial", fieldRef: { fieldPath: `metadata.annotations['${annotationKeys.trial}']` } },
            ],
          },
        },
      ],
    },
  };
}
