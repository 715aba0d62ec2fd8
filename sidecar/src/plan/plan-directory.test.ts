import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it, vi } from "vitest";
import { KubeletDirectory } from "../../../test/src/builders/kubelet-directory.ts";
import { directoryStamp, readPlanDirectory } from "./plan-directory.ts";
import { PlanError } from "./plan-error.ts";
import { watchPlanDirectory } from "./watch-directory.ts";

const open: (() => void | Promise<void>)[] = [];
afterEach(async () => {
  for (const close of open.splice(0)) await close();
});

async function volumeOf(files: Readonly<Record<string, string>>): Promise<KubeletDirectory> {
  const volume = await KubeletDirectory.create(files);
  open.push(() => volume.remove());
  return volume;
}

const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

describe("a plan directory", () => {
  it("tells a missing plan and an empty one alike", async () => {
    const { path } = await volumeOf({ selected: "\n" });
    expect(await readPlanDirectory(path)).toMatchObject({ selected: null, active: null, trial: null });
  });

  it("is the same until a file changes that a plan depends on", async () => {
    const volume = await volumeOf({ selected: "s", active: "a", nonce: "1" });
    const { identity } = await readPlanDirectory(volume.path);
    const after = async (files: Record<string, string>) => {
      await volume.swap(files);
      return (await readPlanDirectory(volume.path)).identity;
    };
    expect(await after({ selected: "s", active: "a", nonce: "2" })).toBe(identity);
    expect(await after({ selected: "s", active: "a" })).toBe(identity);
    const changed: Record<string, string>[] = [
      { selected: "s", active: "a", recipe: "r" },
      { selected: "a", active: "s" },
      { selected: "sa" },
    ];
    for (const files of changed) expect(await after(files)).not.toBe(identity);
  });

  it("tells a changed trial from a changed plan", async () => {
    const volume = await volumeOf({ selected: "s", trial: "" });
    const before = await readPlanDirectory(volume.path);
    for (const [files, trial] of [
      [{ trial: "t" }, "t"],
      [{ trial: "t", "trial-recipe": "r" }, "t"],
    ] as const) {
      await volume.swap({ selected: "s", ...files });
      const after = await readPlanDirectory(volume.path);
      expect([after.trial, after.identity]).toEqual([trial, before.identity]);
      expect(after.trialIdentity).not.toBe(before.trialIdentity);
    }
    await volume.swap({ selected: "other", trial: "" });
    const { identity, trialIdentity } = await readPlanDirectory(volume.path);
    expect(trialIdentity).toBe(before.trialIdentity);
    expect(identity).not.toBe(before.identity);
  });

  it("never mixes versions, however they are swapped while it is read", async () => {
    const volume = await volumeOf({ selected: "0", active: "0" });
    let swapping = true;
    const swaps = (async () => {
      for (let version = 1; swapping; version += 1) await volume.swap({ selected: `${version}`, active: `${version}` });
    })();
    for (let read = 0; read < 300; read += 1) {
      const { selected, active } = await readPlanDirectory(volume.path);
      expect(selected).toBe(active);
    }
    swapping = false;
    await swaps;
  });

  it("may be a plain folder", async () => {
    const folder = await mkdtemp(join(tmpdir(), "sweetspot-plans-"));
    open.push(() => rm(folder, { recursive: true }));
    await writeFile(join(folder, "active"), "one");
    const stamp = await directoryStamp(folder);
    expect(await readPlanDirectory(folder)).toMatchObject({ selected: null, active: "one" });
    await writeFile(join(folder, "active"), "other");
    expect(await directoryStamp(folder)).not.toBe(stamp);
  });

  it("that is not there is refused without its path", async () => {
    const refused = readPlanDirectory("/nowhere/plans");
    await expect(refused).rejects.toThrow(PlanError);
    await expect(refused).rejects.toThrow(/mounted/);
    await expect(refused).rejects.not.toThrow(/nowhere/);
  });
});

describe("watching a plan directory", () => {
  async function watched(volume: KubeletDirectory, take = async () => {}) {
    const seen: (string | null)[] = [];
    const content = await readPlanDirectory(volume.path);
    const onChange = async ({ selected }: typeof content) => {
      seen.push(selected);
      await take();
    };
    open.push(watchPlanDirectory(volume.path, { content, onChange, pollMilliseconds: 50 }));
    return seen;
  }

  it("tells of each swap once, and not of what was known or does not matter", async () => {
    const volume = await volumeOf({ selected: "one" });
    const seen = await watched(volume);
    await pause(120);
    expect(seen).toEqual([]);
    await volume.swap({ selected: "two" });
    await vi.waitFor(() => expect(seen).toEqual(["two"]));
    await volume.swap({ selected: "two", nonce: "7" });
    await pause(120);
    await volume.swap({ active: "three" });
    await vi.waitFor(() => expect(seen).toEqual(["two", null]));
  });

  it("takes only the newest of what changed while a change was being taken", async () => {
    const volume = await volumeOf({ selected: "0" });
    const { promise: taken, resolve } = Promise.withResolvers<void>();
    const seen = await watched(volume, () => taken);
    await volume.swap({ selected: "1" });
    await vi.waitFor(() => expect(seen).toEqual(["1"]));
    await volume.swap({ selected: "2" });
    await volume.swap({ selected: "3" });
    await pause(120);
    expect(seen).toEqual(["1"]);
    resolve();
    await vi.waitFor(() => expect(seen).toEqual(["1", "3"]));
  });
});
