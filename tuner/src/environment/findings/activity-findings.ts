import type { DoctorFinding, MachineActivity, ProcessActivity } from "@sweetspot/crds";
import { figure, percent } from "../../report/format.ts";
import type { PressureFacts } from "../pressure.ts";
import { advice, good, problem, unknown } from "./finding.ts";

/** Shares of time at which something is worth a remark, and at which figures mislead. */
const stolen = { some: 0.01, much: 0.05 };
const waiting = { some: 0.1, much: 0.4 };
const stalled = { some: 0.01, much: 0.1 };
const neighbours = { some: 0.1, much: 0.5 };
/** Processes below this share of one CPU are not named. */
const namedCpus = 0.05;
const mostNamed = 3;

const later = "Tune and measure when it is quiet, or on a machine of its own.";

/** Time that the host gave to other virtual machines. */
export function stolenFinding({ cores }: MachineActivity): DoctorFinding {
  const check = "StolenTime";
  if (cores.length === 0) return unknown(check, "The system does not tell what its CPUs did.");
  const share = cores.reduce((sum, core) => sum + core.stolen, 0) / cores.length;
  const sentence = `The host gave ${percent(share)} of the CPUs' time to other virtual machines`;
  if (share < stolen.some) return good(check, `${sentence}.`);
  if (share < stolen.much) return advice(check, `${sentence}: tails get longer by it.`, later);
  const next = "Take a machine type with dedicated CPUs, or another host; nothing inside of this one can mend it.";
  return problem(check, `${sentence}: latencies measured now are not those of this CPU.`, next);
}

/** Shares of the last ten seconds in which threads waited for CPU, memory or disk. */
export function pressureFinding({ cpu, memory, io }: PressureFacts, runnable: number | null): DoctorFinding {
  const check = "Pressure";
  const queue = runnable === null ? "" : `; ${runnable} threads run or wait`;
  if (cpu === null) {
    return unknown(check, `This kernel has no pressure stall information${queue}.`, "Start it with psi=1 to have it.");
  }
  const [memoryShare, diskShare] = [memory?.full ?? 0, io?.full ?? 0];
  const shares = `In the last 10 s threads waited for a CPU ${percent(cpu.some)} of the time, all of them for memory ${percent(memoryShare)} and for the disk ${percent(diskShare)}${queue}`;
  if (cpu.some >= waiting.much || memoryShare >= stalled.much) {
    const worst = memoryShare >= stalled.much ? "Free memory" : "Stop what competes for the CPUs";
    return problem(check, `${shares}.`, `${worst}. ${later}`);
  }
  if (cpu.some >= waiting.some || memoryShare >= stalled.some || diskShare >= waiting.some) {
    return advice(check, `${shares}.`, later);
  }
  return good(check, `${shares}.`);
}

/** What other processes took while the doctor did nothing itself. `usable`: the CPUs that it may run on. */
export function neighbourFinding({ cores, processes }: MachineActivity, usable: readonly number[]): DoctorFinding {
  const check = "BusyNeighbours";
  const mine = cores.filter(({ cpu }) => usable.includes(cpu));
  if (mine.length === 0) return unknown(check, "The system does not tell what its CPUs did.");
  const busy = mine.reduce((sum, core) => sum + core.busy, 0) / mine.length;
  const named = processes.filter(({ cpus }) => cpus >= namedCpus).slice(0, mostNamed);
  const who = named.length === 0 ? "" : `: ${named.map(nameOf).join(", ")}`;
  const unseen = named.length === 0 && busy >= neighbours.some ? "; by processes that cannot be seen from here" : "";
  const sentence = `The usable CPUs were ${percent(busy)} busy while the doctor only looked${who}${unseen}.`;
  if (busy < neighbours.some) return good(check, sentence);
  const next = `Stop them, or bind them to other CPUs. ${later}`;
  return busy < neighbours.much ? advice(check, sentence, next) : problem(check, sentence, next);
}

const nameOf = ({ name, pid, cpus }: ProcessActivity): string => `${name} (${pid}) ${figure(cpus)} CPUs`;
