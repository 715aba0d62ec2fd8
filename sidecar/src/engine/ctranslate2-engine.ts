import { notInstalled, type PythonEngine } from "./python-engine.ts";

/** It reads ONNX files with the tools that the tuner has: CTranslate2 itself knows weights only. */
export const cTranslate2: PythonEngine = {
  probe: "import ctranslate2, numpy, onnx, onnxruntime; print(ctranslate2.__version__)",
  program: "ctranslate2_child.py",
  missing: notInstalled("CTranslate2", "requirements-ctranslate2.txt"),
};
