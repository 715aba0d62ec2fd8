"""The engine process of OpenVINO, on the CPU."""

import numpy
import openvino

import engine_child

# Options that the plan may set are known to sidecar/src/engine/openvino-options.ts, which refuses all others.
DEFAULTS = {
    # One batch at a time: other instances are processes of their own.
    "NUM_STREAMS": "1",
    # The server binds the process. OpenVINO's own choice would put all unbound instances on the same CPUs.
    "ENABLE_CPU_PINNING": "NO",
    "PERFORMANCE_HINT": "LATENCY",
    # Where the CPU has it, OpenVINO would compute in BF16 unasked.
    "INFERENCE_PRECISION_HINT": "f32",
}


class OpenVino:
    def __init__(self) -> None:
        self.request = None
        self.ports: dict[str, openvino.ConstOutput] = {}

    def load(self, file: str, threads: int, options: dict[str, str]) -> str:
        core = openvino.Core()
        properties = {**DEFAULTS, "INFERENCE_NUM_THREADS": str(threads), **options}
        compiled = core.compile_model(core.read_model(file), "CPU", properties)
        self.ports = {name: port for port in compiled.outputs for name in port.get_names()}
        self.request = compiled.create_infer_request()
        return f"OpenVINO {openvino.get_version().split('-')[0]}"

    def run(self, inputs: dict[str, numpy.ndarray], outputs: list[str]) -> list[numpy.ndarray]:
        if self.request is None:
            raise ValueError("no model is loaded")
        missing = [name for name in outputs if name not in self.ports]
        if missing:
            raise ValueError(f"the model has no output {missing[0]}")
        # Both are used in place: inputs live as long as their frame, outputs are sent before the next run.
        results = self.request.infer(inputs, share_inputs=True, share_outputs=True)
        return [results[self.ports[name]] for name in outputs]


engine_child.serve(OpenVino())
