import type { MachineFiles } from "./machine-files.ts";

/** Pressure stall information: shares of the last ten seconds, 0 to 1. Source: Documentation/accounting/psi.rst. */
export interface Pressure {
  /** Some thread waited. */
  readonly some: number;
  /** All threads that were not idle waited; 0 where the kernel does not say. */
  readonly full: number;
}

/** Each is null where the kernel has no such information, or was started without it. */
export interface PressureFacts {
  readonly cpu: Pressure | null;
  readonly memory: Pressure | null;
  readonly io: Pressure | null;
}

/** Reads the pressure of the whole machine: what stands in the way of a container comes from outside of it. */
export function readPressure({ read }: Pick<MachineFiles, "read">): PressureFacts {
  const of = (resource: string) => parsePressure(read(`/proc/pressure/${resource}`) ?? "");
  return { cpu: of("cpu"), memory: of("memory"), io: of("io") };
}

/** Reads lines such as "some avg10=98.29 avg60=92.71 avg300=66.28 total=7352458040". */
export function parsePressure(text: string): Pressure | null {
  const share = (kind: string) => {
    const percent = new RegExp(`^${kind} avg10=(\\d+(?:\\.\\d+)?)`, "m").exec(text)?.[1];
    return percent === undefined ? null : Math.min(1, Number(percent) / 100);
  };
  const some = share("some");
  return some === null ? null : { some, full: share("full") ?? 0 };
}
