import type { Layout } from "@sweetspot/crds";

/**
 * The ways to divide `cpus` CPUs among engine processes that are worth measuring: from one process with all threads to
 * one process per CPU, by halves. One session with two threads and two sessions with one differ by a factor of 0.9 to 1.3
 * either way, so this is searched and not assumed. All are pinned until a trial of the real server says that it hurts.
 */
export function layoutsFor(cpus: number): Layout[] {
  const layouts: Layout[] = [];
  for (let threads = cpus; threads >= 1; threads = threads === 1 ? 0 : Math.ceil(threads / 2)) {
    const instances = Math.floor(cpus / threads);
    layouts.push({ instances, threadsPerInstance: threads, pinned: true, spinning: false });
  }
  return layouts;
}

/**
 * What a user gets without tuning: one session that uses all CPUs, unpinned, no batching. Its engine options are those
 * that the engine takes by itself (all CPUs, spinning on).
 */
export const defaultLayout = (cpus: number): Layout => ({
  instances: 1,
  threadsPerInstance: cpus,
  pinned: false,
  spinning: true,
});

/** Only the naive default spins: spinning threads take the CPU from whatever else lives on the node. */
export const isDefaultLayout = ({ spinning }: Layout): boolean => spinning;

/**
 * Do two layouts share a cost table? Tables are measured with nothing beside the engines, where pinning makes no
 * difference; whether it pays is seen only with the server around them.
 */
export const shareTable = (a: Layout, b: Layout): boolean =>
  a.instances === b.instances && a.threadsPerInstance === b.threadsPerInstance && a.spinning === b.spinning;
