import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import type { CpuIdentity, ServiceLevelReport, ServingPlan } from "@sweetspot/crds";
import { readCpuIdentity } from "./pinning/cpu-model.ts";
import { CpuWatch } from "./pinning/cpu-watch.ts";
import { describePlacement } from "./pinning/placement.ts";
import { givenPlan } from "./plan/plan-attempt.ts";
import { systemClock } from "./server/clock.ts";
import { followSources, type PlanSources } from "./server/follow-sources.ts";
import { closeAll, type FrontAddresses, type FrontPorts, listenAll } from "./server/fronts.ts";
import type { GrpcFront, GrpcOptions } from "./server/grpc.ts";
import { httpApp } from "./server/http.ts";
import { defaultLimits } from "./server/http-limits.ts";
import { LivePlan } from "./server/live-plan.ts";
import type { Log } from "./server/log.ts";
import { metricsApp } from "./server/metrics-app.ts";
import { watchEventLoopDelay } from "./telemetry/event-loop-delay.ts";
import { Metrics } from "./telemetry/metrics.ts";
import { buildReport } from "./telemetry/report.ts";

export interface SidecarOptions extends FrontAddresses, PlanSources {
  readonly log: Log;
  /** Bodies and gRPC messages beyond this are refused; 64 MiB unless given. */
  readonly maximumBodyBytes?: number;
  /** Called as soon as all ports listen: alive, but not ready until the engines are warm. */
  readonly onListening?: (ports: FrontPorts) => void;
}

export interface Sidecar extends FrontPorts {
  /** What the server says of itself since it took its plan. */
  report(): ServiceLevelReport;
  /** Takes another plan under load. Rejects with `PlanError`, and the last good plan keeps serving. */
  applyPlan(plan: ServingPlan): Promise<void>;
  /** Is not ready any more, and in the end is gone. Calling it again changes nothing. */
  close(options?: CloseOptions): Promise<void>;
}

interface CloseOptions {
  /** How long requests are still accepted while readiness is off, so that load balancers learn of it first; 0 unless given. */
  readonly delayMilliseconds?: number;
  /** After that, how long what was accepted may take to finish before the engines end; 10 s unless given. */
  readonly drainMilliseconds?: number;
}

const defaultBodyBytes = 64 * 1024 * 1024;
const defaultDrainMilliseconds = 10_000;
const { version } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")) as {
  version: string;
};

/**
 * Starts the data plane. It listens first, so that liveness can be told from readiness, and resolves when the plan is
 * loaded, warm and proved. Rejects with `PlanError` where the first plan cannot be served; nothing is left behind then.
 * Signals are the caller's business.
 */
export async function startSidecar(options: SidecarOptions): Promise<Sidecar> {
  const { log } = options;
  let live: LivePlan | null = null;
  const current = () => live?.serving ?? null;
  const metrics = new Metrics(() => snapshotOf(current()));
  const plans = new LivePlan({ clock: systemClock, metrics, log });
  live = plans;
  const cpu = readCpuIdentity();
  const cpus = new CpuWatch();
  const endWatch = watchEventLoopDelay((seconds) => metrics.eventLoopDelay(seconds));
  const state = { closing: false };
  const ready = () => !state.closing && hasEngine(plans);
  const maximumBodyBytes = options.maximumBodyBytes ?? defaultBodyBytes;
  const context = { current, ready, metrics, clock: systemClock, log, version };
  const http = httpApp({ ...context, maximumBodyBytes });
  const grpc = await grpcFrontOf(options, context, maximumBodyBytes);
  const operations = metricsApp({
    metrics,
    log,
    modelName: () => current()?.plan.modelName ?? null,
    report: () => reportOf(plans, cpus, cpu),
    costTable: () => plans.current?.costs?.table ?? null,
  });
  const fronts = { http, grpc, operations };
  const ports = await listenAll(options, fronts).catch((error: unknown) => {
    cpus.close();
    endWatch();
    throw error;
  });
  options.onListening?.(ports);
  let unwatch = () => {};
  const end = async ({ delayMilliseconds = 0, drainMilliseconds = defaultDrainMilliseconds }: CloseOptions) => {
    state.closing = true;
    grpc?.readinessChanged();
    unwatch();
    cpus.close();
    endWatch();
    if (delayMilliseconds > 0) await sleep(delayMilliseconds);
    await closeAll(fronts, plans, drainMilliseconds);
  };
  let ended: Promise<void> | null = null;
  const close = (how: CloseOptions = {}): Promise<void> => {
    ended ??= end(how);
    return ended;
  };
  try {
    unwatch = await followSources(options, plans);
  } catch (error) {
    await close({ drainMilliseconds: 0 });
    throw error;
  }
  return {
    ...ports,
    report: () => reportOf(plans, cpus, cpu) as ServiceLevelReport,
    applyPlan: (plan) => plans.apply([givenPlan(plan)]),
    close,
  };
}

/** Its library is loaded only where gRPC is wanted. */
async function grpcFrontOf(
  { grpcPort = null }: SidecarOptions,
  context: Omit<GrpcOptions, "maximumMessageBytes" | "messagePatience">,
  maximumMessageBytes: number,
): Promise<GrpcFront | null> {
  if (grpcPort === null) return null;
  const { GrpcFront } = await import("./server/grpc.ts");
  return new GrpcFront({ ...context, maximumMessageBytes, messagePatience: defaultLimits.requestMilliseconds });
}

const hasEngine = ({ serving }: LivePlan): boolean =>
  serving?.pool.status().some((engine) => engine.state === "Ready") ?? false;

function reportOf(
  { current, origin, refusal, trial }: LivePlan,
  { reading }: CpuWatch,
  cpu: CpuIdentity,
): ServiceLevelReport | null {
  if (current === null || origin === null) return null;
  const { plan, pool } = current;
  return {
    ...buildReport({ ...current, planError: refusal?.message ?? null, at: new Date() }),
    planDigest: origin.digest,
    planSource: origin.source,
    refusedRevision: refusal?.revision ?? null,
    trial: trial.report(),
    cpu,
    ...describePlacement(reading, { layout: plan.layout, state: pool.pinning() }),
  };
}

function snapshotOf(current: LivePlan["current"]) {
  if (current === null) return null;
  const engines = current.pool.status();
  return {
    queuedRows: current.dispatcher.load().queuedRows,
    enginesReady: engines.filter(({ state }) => state === "Ready").length,
    engineRestarts: engines.reduce((sum, { restarts }) => sum + restarts, 0),
    costRatio: current.level.costRatio(),
    commissioningRatio: current.costs?.commissioning?.ratio ?? null,
  };
}
