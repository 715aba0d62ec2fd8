import { type FSWatcher, watch } from "node:fs";
import { readFile } from "node:fs/promises";
import { dirname } from "node:path";

export interface WatchOptions {
  /** Called for the content that is found first, and once per new content. Must not throw. */
  readonly onChange: (content: string) => void;
  /** Quiet time after the last event, so that a file that is written in pieces is read once. */
  readonly debounceMilliseconds?: number;
  /** Looks at the file without any event; network file systems and full inotify tables give none. */
  readonly pollMilliseconds?: number;
  /** A file that is not there counts as one of these words; unless given, what is missing for a moment is not news. */
  readonly absent?: string;
}

/**
 * Watches the content of a file through its folder: a replaced file (atomic rename, or the symbolic link that a kubelet
 * swaps) has a new inode, of which a watch on the file itself would learn nothing. Gives the function that ends it.
 */
export function watchFile(file: string, options: WatchOptions): () => void {
  const { onChange, debounceMilliseconds = 50, pollMilliseconds = 2000, absent = null } = options;
  let known: string | null = null;
  let closed = false;
  let timer: NodeJS.Timeout | undefined;

  const look = async () => {
    const content = await readFile(file, "utf8").catch(() => absent);
    // Without `absent` the next look finds what replaced a missing file.
    if (closed || content === null || content === known) return;
    known = content;
    onChange(content);
  };
  const lookSoon = (milliseconds: number) => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      void look().finally(() => {
        if (!closed) lookSoon(pollMilliseconds);
      });
    }, milliseconds);
    timer.unref();
  };

  const watcher = watchFolder(dirname(file), () => lookSoon(debounceMilliseconds));
  lookSoon(0);
  return () => {
    closed = true;
    clearTimeout(timer);
    watcher?.close();
  };
}

/** Null where the folder cannot be watched: then polling has to do. */
export function watchFolder(folder: string, onEvent: () => void): FSWatcher | null {
  try {
    const watcher = watch(folder, { persistent: false }, onEvent);
    watcher.on("error", () => watcher.close());
    return watcher;
  } catch {
    return null;
  }
}
