import { type ChildProcess, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { mkdir, mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { processesWithEnvironment } from "../../cluster/src/process/identity.ts";

const program = fileURLToPath(new URL("../../../cli/src/main.ts", import.meta.url));
/** A loaded machine takes its time. */
const patience = 90_000;

/** The real `sweetspot` command in a process group of its own. */
export class CliProcess {
  readonly #child: ChildProcess;
  /** The exit code; null when a signal ended it. */
  readonly exited: Promise<number | null>;
  out = "";
  error = "";

  constructor(words: readonly string[], environment: NodeJS.ProcessEnv) {
    const command = [program, ...words];
    this.#child = spawn(process.execPath, command, {
      detached: true,
      stdio: ["ignore", "pipe", "pipe"],
      env: environment,
    });
    this.#child.stdout?.setEncoding("utf8").on("data", (text: string) => {
      this.out += text;
    });
    this.#child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      this.error += text;
    });
    this.exited = new Promise((resolve) => this.#child.once("close", (code) => resolve(code)));
  }

  get pid(): number {
    return this.#child.pid as number;
  }

  /** Signals the command alone, as a service manager or `kill` does. */
  signal(name: NodeJS.Signals): void {
    this.#child.kill(name);
  }

  /** Signals the command and all that it started, as Ctrl-C on a terminal does. */
  signalGroup(name: NodeJS.Signals): void {
    if (this.#child.pid !== undefined && this.#child.exitCode === null) process.kill(-this.#child.pid, name);
  }

  /** Waits until a stream shows `pattern`. Throws when the command ends before. */
  async shows(stream: "out" | "error", pattern: RegExp): Promise<void> {
    const end = Date.now() + patience;
    while (!pattern.test(this[stream])) {
      if (Date.now() > end || this.#child.exitCode !== null) throw new Error(`no ${pattern} in: ${this.error}`);
      await sleep(10);
    }
  }
}

/** A folder for one test, the commands that it starts, and what they leave behind. */
export class Workplace {
  readonly folder: string;
  /** The commands' folder for temporary files. */
  readonly temporary: string;
  /** Inherited by everything that a command starts, so that it can be told from all other processes. */
  readonly #mark = `SWEETSPOT_TEST=${randomUUID()}`;
  readonly #started: CliProcess[] = [];

  private constructor(folder: string) {
    this.folder = folder;
    this.temporary = join(folder, "temporary");
  }

  static async open(): Promise<Workplace> {
    const workplace = new Workplace(await mkdtemp(join(tmpdir(), "sweetspot-integration-")));
    await mkdir(workplace.temporary);
    return workplace;
  }

  file(name: string): string {
    return join(this.folder, name);
  }

  start(words: readonly string[], environment: NodeJS.ProcessEnv = {}): CliProcess {
    const [name = "", value] = this.#mark.split("=");
    const command = new CliProcess(words, {
      ...process.env,
      // The commands have to see to this themselves; it shows in the folder for temporary files.
      ORT_DISABLE_TELEMETRY: undefined,
      TMPDIR: this.temporary,
      [name]: value,
      ...environment,
    });
    this.#started.push(command);
    return command;
  }

  /** Processes that are still there although the command ended, by their command lines. Waits a moment for them to end. */
  async remainingProcesses(): Promise<string[]> {
    const end = Date.now() + 5000;
    for (;;) {
      const found = this.#processes();
      if (found.length === 0 || Date.now() > end) return found.map(({ command }) => command);
      await sleep(50);
    }
  }

  /** Files that a command should have taken away: half-written ones, and all in its folder for temporary files. */
  async remainingFiles(): Promise<string[]> {
    const files = await readdir(this.folder, { recursive: true });
    return files.filter((file) => file.endsWith(".tmp") || file.startsWith("temporary/"));
  }

  /** Ends what is left of the commands and removes the folder. */
  async close(): Promise<void> {
    for (const { pid } of this.#processes()) process.kill(pid, "SIGKILL");
    await Promise.all(this.#started.map(({ exited }) => exited));
    await rm(this.folder, { recursive: true, force: true });
  }

  #processes(): { pid: number; command: string }[] {
    return processesWithEnvironment(this.#mark).flatMap(({ pid }) => {
      try {
        return [{ pid, command: readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ") }];
      } catch {
        // It has ended in the meantime.
        return [];
      }
    });
  }
}
