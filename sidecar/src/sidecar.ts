import { readFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import type { ServiceLevelReport, ServingPlan } from "@sweetspot/crds";
import type { FastifyInstance } from "fastify";
import { loadPlan } from "./plan/load-plan.ts";
import { watchFile } from "./plan/watch.ts";
import { systemClock } from "./server/clock.ts";
import { httpApp } from "./server/http.ts";
import { LivePlan } from "./server/live-plan.ts";
import type { Log } from "./server/log.ts";
import { metricsApp } from "./server/metrics-app.ts";
import { Metrics } from "./telemetry/metrics.ts";
import { buildReport } from "./telemetry/report.ts";

export interface SidecarOptions {
  /** What to serve first. */
  readonly plan: ServingPlan;
  /** Watched where given; what it holds is taken after `plan`, and again whenever it changes. */
  readonly planFile?: string;
  readonly host: string;
  /** 0 takes any free port. */
  readonly httpPort: number;
  readonly metricsPort: number;
  readonly log: Log;
  /** Bodies beyond this are refused with 413; 64 MiB unless given. */
  readonly maximumBodyBytes?: number;
  /** Called as soon as both ports listen: alive, but not ready until the engines are warm. */
  readonly onListening?: (ports: SidecarPorts) => void;
}

export interface SidecarPorts {
  readonly httpPort: number;
  readonly metricsPort: number;
}

export interface Sidecar extends SidecarPorts {
  /** What the server says of itself since it took its plan. */
  report(): ServiceLevelReport;
  /** Takes another plan under load. Rejects with `PlanError`, and the last good plan keeps serving. */
  applyPlan(plan: ServingPlan): Promise<void>;
  /** Stops accepting, finishes what was accepted within `drainMilliseconds` (10 s unless given), ends the engines. */
  close(options?: { readonly drainMilliseconds?: number }): Promise<void>;
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
  const { log, planFile } = options;
  let live: LivePlan | null = null;
  const current = () => live?.current ?? null;
  const metrics = new Metrics(() => snapshotOf(current()));
  const plans = new LivePlan({ clock: systemClock, metrics, log });
  live = plans;
  const state = { closing: false };
  const ready = () => !state.closing && hasEngine(plans);
  const maximumBodyBytes = options.maximumBodyBytes ?? defaultBodyBytes;
  const http = httpApp({ current, ready, metrics, clock: systemClock, log, version, maximumBodyBytes });
  const operations = metricsApp({ metrics, log, report: () => reportOf(plans) });
  const ports = await listen(options, http, operations);
  options.onListening?.(ports);
  let unwatch = () => {};
  const close = async ({ drainMilliseconds = defaultDrainMilliseconds } = {}): Promise<void> => {
    state.closing = true;
    unwatch();
    await closeAll(http, operations, plans, drainMilliseconds);
  };
  const apply = (obtain: () => Promise<ServingPlan>) => plans.apply(obtain);
  try {
    await apply(async () => options.plan);
  } catch (error) {
    await close({ drainMilliseconds: 0 });
    throw error;
  }
  if (planFile !== undefined) {
    unwatch = watchFile(planFile, { onChange: () => void apply(() => loadPlan(planFile)).catch(() => undefined) });
  }
  return {
    ...ports,
    report: () => reportOf(plans) as ServiceLevelReport,
    applyPlan: (plan) => apply(async () => plan),
    close,
  };
}

const hasEngine = ({ current }: LivePlan): boolean =>
  current?.pool.status().some((engine) => engine.state === "Ready") ?? false;

function reportOf({ current, planError }: LivePlan): ServiceLevelReport | null {
  return current && buildReport({ ...current, planError, at: new Date() });
}

function snapshotOf(current: LivePlan["current"]) {
  if (current === null) return null;
  const engines = current.pool.status();
  return {
    queuedRows: current.dispatcher.load().queuedRows,
    enginesReady: engines.filter(({ state }) => state === "Ready").length,
    engineRestarts: engines.reduce((sum, { restarts }) => sum + restarts, 0),
    costRatio: current.level.costRatio(),
  };
}

async function listen(
  { host, httpPort, metricsPort }: SidecarOptions,
  http: FastifyInstance,
  operations: FastifyInstance,
): Promise<SidecarPorts> {
  try {
    await operations.listen({ host, port: metricsPort });
    await http.listen({ host, port: httpPort });
  } catch (error) {
    await Promise.all([http.close(), operations.close()]);
    throw error;
  }
  const portOf = (app: FastifyInstance) => (app.server.address() as AddressInfo).port;
  return { httpPort: portOf(http), metricsPort: portOf(operations) };
}

/** Connections that become idle while the last answers go out are closed too; HTTP keep-alive would hold them. */
async function closeAll(
  http: FastifyInstance,
  operations: FastifyInstance,
  plans: LivePlan,
  drainMilliseconds: number,
): Promise<void> {
  const closing = http.close();
  await plans.close(drainMilliseconds);
  const sweep = setInterval(() => http.server.closeIdleConnections(), 20);
  const force = setTimeout(() => http.server.closeAllConnections(), Math.max(200, drainMilliseconds));
  await closing;
  clearInterval(sweep);
  clearTimeout(force);
  await operations.close();
}
