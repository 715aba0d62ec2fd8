import type { DoctorFinding } from "@sweetspot/crds";
import { missingPython } from "../../variants/python-environment.ts";
import { compareVersions, type PinnedVersions, sameMinor } from "../pinned-versions.ts";
import { advice, good, problem, unknown } from "./finding.ts";

type Versions = Readonly<Record<string, string>>;

/** Older kernels know neither pressure stall information in cgroups nor the scheduler that figures here were taken with. */
const oldestKernel = [5, 4] as const;

/** `versions`: as `describeEnvironment` names them. */
export const versionFindings = (versions: Versions, pins: PinnedVersions, kernel: string): DoctorFinding[] => [
  nodeFinding(versions["node"] ?? "", pins.node),
  engineFinding(versions["onnxruntime-node"], pins.engine),
  pythonFinding(versions, pins.python),
  kernelFinding(kernel),
];

function nodeFinding(installed: string, pinned: string | null): DoctorFinding {
  if (pinned === null)
    return good("NodeVersion", `Node ${installed}; this installation pins no other to compare it with.`);
  const order = compareVersions(installed, pinned);
  if (order === "Same") return good("NodeVersion", `Node ${installed}, the version that this release is tested with.`);
  const next = "Run the command through `npm run`, which puts the pinned Node first, or install that version.";
  const sentence = `Node ${installed} is ${order.toLowerCase()} than ${pinned}, which this release is tested with.`;
  return installed.split(".")[0] === pinned.split(".")[0]
    ? advice("NodeVersion", sentence, next)
    : problem("NodeVersion", sentence, next);
}

function engineFinding(installed: string | undefined, pinned: string | null): DoctorFinding {
  if (installed === undefined) {
    const sentence = "onnxruntime-node is not installed, so no model can be served.";
    return problem("EngineVersion", sentence, "Run `npm run setup`.");
  }
  if (pinned === null) return unknown("EngineVersion", `onnxruntime-node ${installed}; no pinned version was found.`);
  const order = compareVersions(installed, pinned);
  if (order === "Same") return good("EngineVersion", `onnxruntime-node ${installed}, as pinned.`);
  return advice(
    "EngineVersion",
    `onnxruntime-node ${installed} is ${order.toLowerCase()} than the pinned ${pinned}: speed and results may differ.`,
    "Run `npm run setup` to install what the lock file names, and tune again.",
  );
}

/** The Python onnxruntime writes the variants that the one in Node loads: they must know the same operators. */
function pythonFinding(versions: Versions, pins: PinnedVersions["python"]): DoctorFinding {
  const python = versions["python"];
  if (python === undefined) return advice("PythonTools", "There are no INT8 variants without Python.", missingPython);
  const [writer, reader] = [versions["python-onnxruntime"], versions["onnxruntime-node"]];
  const mend =
    "Run `npm run setup`, or install tuner/python/requirements.txt into the interpreter of SWEETSPOT_PYTHON.";
  if (writer !== undefined && reader !== undefined && !sameMinor(writer, reader)) {
    const sentence = `Python's onnxruntime ${writer} makes the variants that onnxruntime-node ${reader} must load: one may write operators that the other does not know.`;
    return problem("PythonTools", sentence, mend);
  }
  const strange = Object.entries(pins).flatMap(([name, pinned]) => {
    const installed = versions[`python-${name}`];
    const fits = installed === undefined || pinned.some((version) => compareVersions(installed, version) === "Same");
    return fits ? [] : [`${name} ${installed} instead of ${pinned.join(" or ")}`];
  });
  if (strange.length > 0) {
    return advice("PythonTools", `The Python tools are not those of the lock file: ${strange.join(", ")}.`, mend);
  }
  const compared = Object.keys(pins).length > 0 ? "as locked" : "with no lock file to compare with";
  const fits = writer === undefined ? "" : ` and an onnxruntime that fits the engine (${writer})`;
  return good("PythonTools", `Python ${python} with its packages ${compared}${fits}.`);
}

function kernelFinding(release: string): DoctorFinding {
  const [, major, minor] = /^(\d+)\.(\d+)/.exec(release) ?? [];
  if (major === undefined) return unknown("Kernel", `The kernel calls itself ${release || "nothing"}.`);
  const old = Number(major) - oldestKernel[0] || Number(minor) - oldestKernel[1];
  if (old >= 0) return good("Kernel", `Linux ${release}.`);
  const sentence = `Linux ${release} is older than ${oldestKernel.join(".")}: pinning, pressure and quotas may behave differently.`;
  return advice("Kernel", sentence, "Update the node's operating system.");
}
