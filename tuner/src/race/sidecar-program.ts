import { readFile } from "node:fs/promises";
import { parseDocument, ServingPlan } from "@sweetspot/crds";
import { startSidecar } from "@sweetspot/sidecar";
import pino from "pino";

/**
 * A server of its own for one candidate of the race: `sidecar-program.ts PLAN`. Says `{"httpPort": N, "metricsPort": N}`
 * to its parent when it is warm, and ends with it.
 */
const planFile = process.argv[2];
if (planFile === undefined || process.send === undefined) throw new Error("this program is started by the race");

/** The race reads the report; what goes wrong comes out on standard error. */
const log = pino({ level: "warn" }, pino.destination(2));
const plan = parseDocument(ServingPlan, await readFile(planFile, "utf8"), "The plan of a candidate");
const sidecar = await startSidecar({ plan, host: "127.0.0.1", httpPort: 0, metricsPort: 0, log });
process.send({ httpPort: sidecar.httpPort, metricsPort: sidecar.metricsPort });

process.once("disconnect", () => void sidecar.close({ drainMilliseconds: 0 }).finally(() => process.exit(0)));
// The parent decides when it ends: Ctrl-C reaches the whole process group.
process.on("SIGINT", () => {});
