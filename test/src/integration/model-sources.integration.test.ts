import { type ChildProcess, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runCli } from "@sweetspot/cli";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { freePorts } from "../../cluster/src/api-server/free-ports.ts";
import { binariesAreThere, ensureBinaries } from "../../cluster/src/index.ts";

const there = await binariesAreThere(["versitygw"]);
const keys = { AWS_ACCESS_KEY_ID: "reader", AWS_SECRET_ACCESS_KEY: "canary-of-the-secret-key" };
const model = Buffer.alloc(100_000, "weights ");
const digest = `sha256:${createHash("sha256").update(model).digest("hex")}`;
const region = "eu-central-1";

describe.skipIf(!there)("sweetspot fetch from a real S3 service", () => {
  const folder = mkdtempSync(join(tmpdir(), "sweetspot-s3-"));
  let endpoint: string;
  let gateway: ChildProcess;

  beforeAll(async () => {
    const { versitygw } = await ensureBinaries(["versitygw"]);
    const [port] = await freePorts(1);
    // Of this service a folder is a bucket and a file is an object.
    mkdirSync(join(folder, "buckets", "models", "ocr", "v 1+2"), { recursive: true });
    writeFileSync(join(folder, "buckets", "models", "ocr", "model.onnx"), model);
    writeFileSync(join(folder, "buckets", "models", "ocr", "a+b@c=d.json"), "{}");
    endpoint = `http://127.0.0.1:${port}`;
    const options = ["--access", keys.AWS_ACCESS_KEY_ID, "--secret", keys.AWS_SECRET_ACCESS_KEY, "--region", region];
    const command = [...options, "--port", `127.0.0.1:${port}`, "posix", "--nometa", join(folder, "buckets")];
    gateway = spawn(versitygw, command, { stdio: "ignore" });
    await vi.waitFor(() => fetch(endpoint), { timeout: 20_000, interval: 100 });
    for (const [name, secret] of Object.entries({ good: keys, bad: { ...keys, AWS_SECRET_ACCESS_KEY: "other" } })) {
      mkdirSync(join(folder, name));
      for (const [key, value] of Object.entries(secret)) writeFileSync(join(folder, name, key), value);
    }
  }, 60_000);

  afterAll(() => {
    gateway?.kill("SIGKILL");
    rmSync(folder, { recursive: true, force: true });
  });

  /** The command as an init container runs it. */
  async function fetchModel(out: string, ...words: string[]) {
    const written = { out: "", error: "" };
    const options = [`--s3-endpoint=${endpoint}`, `--s3-region=${region}`, `--out=${join(folder, out)}`];
    const code = await runCli(["fetch", "s3://models/ocr", "--model=model.onnx", ...options, ...words], {
      terminal: {
        out: (text) => {
          written.out += text;
        },
        error: (text) => {
          written.error += text;
        },
        ...{ interactive: false, outInteractive: false, columns: 80 },
      },
      signals: { source: process, now: () => performance.now() },
      endNow: () => undefined,
      loadTuner: () => Promise.reject(new Error("nothing is tuned here")),
    });
    return { code, ...written };
  }

  const allowed = "--allow-network=127.0.0.0/8";
  const secret = (name: string) => [`--credentials=${join(folder, name)}`, `--credentials-name=minio`];

  it("reads what the signature allows, names with odd characters too", async () => {
    const words = [allowed, ...secret("good"), "--file=a+b@c=d.json", `--model-digest=${digest}`];
    expect(await fetchModel("fetched", ...words)).toMatchObject({ code: 0, out: "" });
    expect(readFileSync(join(folder, "fetched", "model.onnx")).equals(model)).toBe(true);
    expect(readFileSync(join(folder, "fetched", "a+b@c=d.json"), "utf8")).toBe("{}");
  });

  it.each([
    ["without keys", () => [allowed], /may not be read \(403\)\. Check model\.credentialsSecret/],
    ["with a wrong key", () => [allowed, ...secret("bad")], /may not be read \(403\)/],
    ["without the Secret", () => [allowed, ...secret("none")], /There is no Secret minio in this namespace/],
    [
      "without leave to read from this machine",
      () => secret("good"),
      /address 127\.0\.0\.1, which is not of the internet/,
    ],
    [
      "for a file that is not there",
      () => [allowed, ...secret("good"), "--file=no.json"],
      /There is no http:.*\/no\.json/,
    ],
    ["into a small folder", () => [allowed, ...secret("good"), "--maximum-bytes=99999"], /too large/],
    [
      "of another digest",
      () => [allowed, ...secret("good"), `--model-digest=sha256:${"0".repeat(64)}`],
      /has digest sha256:/,
    ],
  ])("refuses %s, with a sentence that holds no secret", async (what, words, expected) => {
    const out = `refused ${what}`;
    const { code, error } = await fetchModel(out, ...words());
    expect(code).toBe(3);
    expect(error).toMatch(expected);
    expect(error).not.toContain("canary");
    expect(
      readdirSync(join(folder, out)).filter((name) => name !== "model.onnx" || !what.startsWith("for a file")),
    ).toEqual([]);
  });
});
