import { directoryStamp, type PlanDirectoryContent, readPlanDirectory } from "./plan-directory.ts";
import { watchFolder } from "./watch.ts";

export interface DirectoryWatchOptions {
  /** What is known already. */
  readonly content: PlanDirectoryContent;
  /** Called once per new content, and not again before the promise of the call before is settled. Must not reject. */
  readonly onChange: (content: PlanDirectoryContent) => Promise<void>;
  /** Quiet time after an event of the file system. */
  readonly debounceMilliseconds?: number;
  /** Looks without any event: an event may be lost, and network file systems give none. */
  readonly pollMilliseconds?: number;
}

/**
 * Watches a plan directory. Events of the file system make it quick, polling makes it sure; a look that finds the same
 * version costs one `readlink`. What changes while a change is being taken is taken afterwards, and only the newest of
 * it. Gives the function that ends the watch.
 */
export function watchPlanDirectory(directory: string, options: DirectoryWatchOptions): () => void {
  const { onChange, debounceMilliseconds = 10, pollMilliseconds = 250 } = options;
  const state = { identity: allOf(options.content), stamp: "", closed: false, busy: false };
  let timer: NodeJS.Timeout | undefined;

  const look = async () => {
    const stamp = await directoryStamp(directory);
    if (stamp === state.stamp) return;
    const content = await readPlanDirectory(directory);
    state.stamp = stamp;
    if (state.closed || allOf(content) === state.identity) return;
    state.identity = allOf(content);
    await onChange(content);
  };
  const lookSoon = (milliseconds: number) => {
    if (state.closed || state.busy) return;
    clearTimeout(timer);
    timer = setTimeout(() => {
      state.busy = true;
      // A directory that cannot be read for a moment is not news.
      void look()
        .catch(() => undefined)
        .finally(() => {
          state.busy = false;
          lookSoon(pollMilliseconds);
        });
    }, milliseconds);
    timer.unref();
  };

  const watcher = watchFolder(directory, () => lookSoon(debounceMilliseconds));
  lookSoon(0);
  return () => {
    state.closed = true;
    clearTimeout(timer);
    watcher?.close();
  };
}

const allOf = ({ identity, trialIdentity }: PlanDirectoryContent): string => `${identity} ${trialIdentity}`;
