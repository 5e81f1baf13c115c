"""Serves one version of the digits model with NVIDIA Triton: `triton_server.py VERSION DIGITS_FILE`.

Prints one line of JSON with its address when it is ready, and everything else on stderr. It ends, and Triton with it,
when its stdin ends: so it does when whoever started it is gone, however that went.
"""

import json
import os
import shutil
import signal
import socket
import sys
import tempfile
import threading

STOP_TIMEOUT_S = 20
MAX_ROWS = 64

# Read by pytriton when it is imported: everything it writes goes into one directory, which goes with this process.
home = tempfile.mkdtemp(prefix="understudy-triton-")
os.environ.update(PYTRITON_HOME=home, TMPDIR=home)
tempfile.tempdir = home


def end_with_stdin(ended):
    """Sets the event when stdin is over. Triton and its children are of this process group: it dies if they do not stop."""
    sys.stdin.buffer.read()
    ended.set()
    threading.Event().wait(STOP_TIMEOUT_S)
    shutil.rmtree(home, ignore_errors=True)
    os.killpg(0, signal.SIGKILL)


stdin_ended = threading.Event()
threading.Thread(target=end_with_stdin, args=(stdin_ended,), daemon=True).start()

# After the thread: importing takes seconds, in which the parent may go.
import numpy as np  # noqa: E402
from pytriton.decorators import batch  # noqa: E402
from pytriton.model_config import ModelConfig, Tensor  # noqa: E402
from pytriton.triton import Triton, TritonConfig  # noqa: E402

from digits import CLASSES, PIXELS, load_digits, train  # noqa: E402

# stdout is for the address alone; Triton's own log goes where stderr goes.
answer = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def main(version, digits_file):
    model = train(version, *load_digits(digits_file))

    @batch
    def infer(image):
        # pytriton takes only arrays in C order; those of the model are not all.
        probabilities = np.ascontiguousarray(model.predict_proba(image), dtype=np.float32)
        label = probabilities.argmax(axis=1)[:, np.newaxis]
        return {"label": label, "digit": np.char.encode(label.astype(str)), "probabilities": probabilities}

    port = free_port()
    config = TritonConfig(http_address="127.0.0.1", http_port=port, allow_grpc=False, allow_metrics=False)
    with Triton(config=config) as triton:
        triton.bind(
            model_name="digits",
            infer_func=infer,
            inputs=[Tensor(name="image", dtype=np.float32, shape=(PIXELS,))],
            outputs=[
                Tensor(name="label", dtype=np.int64, shape=(1,)),
                Tensor(name="digit", dtype=np.bytes_, shape=(1,)),
                Tensor(name="probabilities", dtype=np.float32, shape=(CLASSES,)),
            ],
            config=ModelConfig(max_batch_size=MAX_ROWS),
            strict=True,
        )
        triton.run()
        print(json.dumps({"url": f"http://127.0.0.1:{port}"}), file=answer, flush=True)
        stdin_ended.wait()


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    finally:
        shutil.rmtree(home, ignore_errors=True)
