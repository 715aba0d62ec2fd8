import pino from "pino";
import { createOperator } from "./operator.ts";
import { readOptions } from "./options.ts";
import { defaultConnection, httpTransport, LeaseLostError } from "./runtime/index.ts";

/** The operator's process: runs until it is told to stop, or until another one leads. */
async function main(): Promise<void> {
  const { logLevel, ...options } = readOptions(process.env);
  const logger = pino({ level: logLevel, base: {} });
  const transport = httpTransport(await defaultConnection());
  const stop = new AbortController();
  for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => stop.abort());
  try {
    await createOperator({ ...options, transport, logger }).run(stop.signal);
  } catch (error) {
    if (!(error instanceof LeaseLostError)) throw error;
    // Whoever took over must not have a rival that still believes in its lease.
    logger.error({ problem: error.message }, "The lease is lost; the process ends and begins anew.");
    process.exitCode = 1;
  } finally {
    await transport.close();
  }
}

await main();
