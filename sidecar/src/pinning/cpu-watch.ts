import { readCpuFacts } from "./cpu-facts.ts";
import { judgeGrant } from "./cpu-grant.ts";
import type { CpuReading } from "./placement.ts";
import { podResources } from "./pod-resources.ts";
import { type ReadText, readText } from "./read-text.ts";

/** What stands around the watch: this machine and this process, or their substitutes in tests. */
export interface CpuSurroundings {
  readonly read: ReadText;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly now: () => Date;
}

const thisProcess: CpuSurroundings = { read: readText, environment: process.env, now: () => new Date() };
const readMilliseconds = 10_000;

/** Looks at the container's CPUs once; `before` is the reading that throttling is compared with. */
export function readCpus(before: CpuReading | null, surroundings: CpuSurroundings = thisProcess): CpuReading {
  const facts = readCpuFacts(surroundings.read);
  const pod = podResources(surroundings.environment);
  const [earlier, later] = [before?.facts.throttledPeriods ?? null, facts.throttledPeriods];
  return {
    facts,
    pod,
    grant: pod === null ? null : judgeGrant(facts, pod),
    // Another cgroup after a restart begins at zero again.
    throttled: earlier === null || later === null ? null : Math.max(0, later - earlier),
    at: surroundings.now(),
  };
}

/**
 * Why engines must not be bound to CPUs in this container; null where they may. Outside of a pod the user who asks for
 * pinning knows what else runs there.
 */
export function bindingObstacle({ grant }: CpuReading): string | null {
  return grant === null || grant.state === "Exclusive" ? null : "the container shares its CPUs with others";
}

/** Keeps the newest reading: the kubelet may take CPUs away or give some at any time. */
export class CpuWatch {
  readonly #surroundings: CpuSurroundings;
  readonly #timer: NodeJS.Timeout;
  #reading: CpuReading;

  constructor(surroundings: CpuSurroundings = thisProcess, everyMilliseconds = readMilliseconds) {
    this.#surroundings = surroundings;
    this.#reading = readCpus(null, surroundings);
    this.#timer = setInterval(() => {
      this.#reading = readCpus(this.#reading, this.#surroundings);
    }, everyMilliseconds);
    this.#timer.unref();
  }

  get reading(): CpuReading {
    return this.#reading;
  }

  close(): void {
    clearInterval(this.#timer);
  }
}
