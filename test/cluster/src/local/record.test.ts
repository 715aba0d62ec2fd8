import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test, vi } from "vitest";
import { checkName, readRecord, stateRoot } from "./record.ts";

test("takes only names that can be a folder, a cgroup and part of a host name", () => {
  for (const name of ["a", "demo", "e2e-two-nodes", "x".repeat(20)]) expect(() => checkName(name)).not.toThrow();
  for (const name of ["", "..", "a/b", "Demo", "-a", "a-", "a_b", "x".repeat(21)]) {
    expect(() => checkName(name)).toThrow(/cannot name a cluster/);
  }
});

test("keeps state outside the checkout, where the environment says", () => {
  expect(stateRoot({ XDG_STATE_HOME: "/state" })).toBe("/state/sweetspot/clusters");
  expect(stateRoot({ XDG_STATE_HOME: "/state", SWEETSPOT_CLUSTER_STATE: "/own" })).toBe("/own");
  expect(stateRoot({})).toMatch(/\.local\/state\/sweetspot\/clusters$/);
});

test("is nothing for a cluster that is taken down while its record is read", async () => {
  const folder = mkdtempSync(join(tmpdir(), "sweetspot-state-"));
  vi.stubEnv("SWEETSPOT_CLUSTER_STATE", folder);
  const program = `
    const { clusterFolder, writeRecord } = await import(${JSON.stringify(join(import.meta.dirname, "record.ts"))});
    const { rmSync } = await import("node:fs");
    process.stdout.write("begins");
    for (const end = Date.now() + 1000; Date.now() < end; ) {
      writeRecord({ name: "passing" });
      rmSync(clusterFolder("passing"), { recursive: true });
    }`;
  const other = spawn(process.execPath, ["--input-type=module", "-e", program], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const closed = once(other, "close");
  await once(other.stdout, "data");
  const seen = new Set<string | undefined>();
  for (const end = Date.now() + 700; Date.now() < end; ) seen.add(readRecord("passing")?.name);
  expect(seen).toEqual(new Set(["passing", undefined]));
  expect((await closed)[0]).toBe(0);
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});
