import type { MachineActivity } from "@sweetspot/crds";
import { oneLine } from "./progress.ts";
import type { Terminal } from "./terminal.ts";

const everyMilliseconds = 1000;
const shownProcesses = 10;
const namedProcesses = 3;
const barWidth = 20;

/** Shows what the machine does: redrawn in place on a terminal, a line a second elsewhere. Ends with time or signal. */
export async function watchMachine(
  seconds: number | undefined,
  signal: AbortSignal,
  { out, outInteractive, columns }: Terminal,
): Promise<void> {
  const { watchActivity } = await import("@sweetspot/tuner");
  const looks = seconds === undefined ? {} : { looks: Math.max(1, Math.round((1000 * seconds) / everyMilliseconds)) };
  let drawn = 0;
  for await (const activity of watchActivity({ everyMilliseconds, signal, ...looks })) {
    if (!outInteractive) {
      out(`${activityLine(activity)}\n`);
      continue;
    }
    const frame = activityFrame(activity, columns);
    out(`${drawn > 0 ? `\u001b[${drawn}A\u001b[J` : ""}${frame.join("\n")}\n`);
    drawn = frame.length;
  }
}

const share = (value: number): string => `${Math.round(100 * value)} %`;

/** The whole machine in one line. */
export function activityLine(activity: MachineActivity): string {
  const { cores, processes, accelerators } = activity;
  const busy = cores.map((core) => `${core.cpu}:${Math.round(100 * core.busy)}`).join(" ");
  const gpus = accelerators.map(({ name, busy }) => `${name} ${busy === null ? "?" : share(busy)}`);
  const named = processes.slice(0, namedProcesses).map(({ name, pid, cpus }) => `${name}(${pid}) ${cpus.toFixed(2)}`);
  return oneLine([`CPUs % ${busy}`, ...totals(activity), ...gpus, `busiest ${named.join(", ") || "none"}`].join("; "));
}

/** What is known of the machine as a whole, in words. */
function totals({ cores, runnable, cpuPressure, throttledPeriods }: MachineActivity): string[] {
  const stolen = cores.reduce((sum, core) => sum + core.stolen, 0) / Math.max(1, cores.length);
  return [
    `stolen ${share(stolen)}`,
    ...(runnable === null ? [] : [`${runnable} run or wait`]),
    ...(cpuPressure === null ? [] : [`waited for CPU ${share(cpuPressure)}`]),
    ...(throttledPeriods === null ? [] : [`throttled in ${throttledPeriods} periods`]),
  ];
}

/** The lines of one redrawn view, none wider than the terminal. */
export function activityFrame(activity: MachineActivity, columns: number): string[] {
  const lines = [
    `Last ${activity.seconds.toFixed(1)} s: ${totals(activity).join(", ")}. Ctrl-C ends.`,
    ...coreLines(activity, columns),
    ...acceleratorLines(activity),
    "",
    "    PID   CPUs  threads    memory  last CPU  process",
    ...processLines(activity),
  ];
  return lines.map((line) => oneLine(line).slice(0, Math.max(20, columns - 1)));
}

/** A bar for each core, several in a line where they fit: `#` is work, `x` is time that the host took. */
function coreLines({ cores }: MachineActivity, columns: number): string[] {
  const cells = cores.map(({ cpu, busy, stolen }) => {
    const work = Math.round(barWidth * busy);
    const taken = Math.min(barWidth - work, Math.round(barWidth * stolen));
    const bar = `${"#".repeat(work)}${"x".repeat(taken)}`.padEnd(barWidth, ".");
    return `CPU ${String(cpu).padStart(3)} [${bar}] ${share(busy).padStart(5)}`;
  });
  const width = cells[0]?.length ?? 1;
  const each = Math.max(1, Math.floor((columns - 1) / (width + 2)));
  return Array.from({ length: Math.ceil(cells.length / each) }, (_, row) =>
    cells.slice(row * each, (row + 1) * each).join("  "),
  );
}

function acceleratorLines({ accelerators }: MachineActivity): string[] {
  return accelerators.map(({ name, busy, memoryUsedBytes, memoryBytes }) => {
    const memory =
      memoryUsedBytes === null || memoryBytes === null ? "" : `, ${size(memoryUsedBytes)} of ${size(memoryBytes)}`;
    return `${name}: ${busy === null ? "load unknown" : `${share(busy)} busy`}${memory}`;
  });
}

function processLines({ processes }: MachineActivity): string[] {
  const lines = processes.slice(0, shownProcesses).map(({ pid, name, cpus, threads, residentBytes, lastCpu }) => {
    const figures = [String(pid).padStart(7), cpus.toFixed(2).padStart(6), String(threads).padStart(8)];
    return `${figures.join(" ")} ${size(residentBytes).padStart(9)} ${String(lastCpu).padStart(9)}  ${name}`;
  });
  return lines.length === 0 ? ["        no other process used a CPU"] : lines;
}

const size = (bytes: number): string =>
  bytes < 1e9 ? `${Math.round(bytes / 1e6)} MB` : `${(bytes / 1e9).toFixed(1)} GB`;
