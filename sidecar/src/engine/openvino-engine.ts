import { notInstalled, type PythonEngine } from "./python-engine.ts";

export const openVino: PythonEngine = {
  probe: "import openvino, numpy; print(openvino.get_version().split('-')[0])",
  program: "openvino_child.py",
  missing: notInstalled("OpenVINO", "requirements-openvino.txt"),
};
