import { setTimeout as sleep } from "node:timers/promises";
import pino, { type Logger } from "pino";
import { createOperator, type OperatorOptions } from "./operator.ts";
import { readOptions } from "./options.ts";
import { defaultConnection, httpTransport, LeaseLostError, OutageGate, systemClock } from "./runtime/index.ts";

/** Between two terms, so that a lease that cannot be kept does not turn into a busy loop. */
const pauseMilliseconds = 1000;

/** The operator's process: leads, waits to lead, and starts anew with empty hands when it lost the lease. */
async function main(): Promise<void> {
  const { logLevel, ...options } = readOptions(process.env);
  const logger = pino({ level: logLevel, base: {} });
  const transport = httpTransport(await defaultConnection());
  // All terms share it: an outage costs the lease, and outlives the term.
  const gate = new OutageGate(systemClock);
  const stop = new AbortController();
  for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => stop.abort());
  try {
    while (!stop.signal.aborted) await serveTerm({ ...options, transport, logger, gate }, logger, stop.signal);
  } finally {
    await transport.close();
  }
}

/**
 * One term, until the lease is lost. Caches and queues of a term end with it, and what it still had under way may not write
 * any more. The process stays: an API server that is away for a minute takes every lease, and the kubelet would let each
 * restart wait longer than the one before.
 */
async function serveTerm(options: OperatorOptions, logger: Logger, stop: AbortSignal): Promise<void> {
  try {
    await createOperator(options).run(stop);
  } catch (error) {
    if (!(error instanceof LeaseLostError)) throw error;
    logger.warn({ problem: error.message }, "The lease is lost; everything is read anew.");
    await sleep(pauseMilliseconds, undefined, { signal: stop }).catch(() => undefined);
  }
}

await main();
