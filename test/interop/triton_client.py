"""Asks two versions of the digits model directly and then through the proxy, in every form that NVIDIA's client speaks:
`triton_client.py V1_URL V2_URL PROXY_URL DIGITS_FILE`.

Prints one line of JSON per request: its id and form, and what each of the three answered.
"""

import json
import sys
from dataclasses import dataclass

import tritonclient.http as triton

from digits import held_out, load_digits

ROWS = 8
OUTPUTS = ("label", "digit", "probabilities")


@dataclass(frozen=True)
class Form:
    """How tensors travel: behind the JSON as binary data or in it, and what packs the bodies."""

    name: str
    binary_input: bool = False
    binary_output: bool = False
    request_packing: str | None = None
    response_packing: str | None = None


FORMS = (
    Form("json"),
    Form("binary-input", binary_input=True),
    Form("binary-output", binary_output=True),
    Form("binary", binary_input=True, binary_output=True),
    Form("json-gzip", request_packing="gzip", response_packing="gzip"),
    Form("json-deflate", request_packing="deflate", response_packing="deflate"),
    Form("binary-gzip", True, True, request_packing="gzip", response_packing="gzip"),
    Form("binary-deflate", True, True, request_packing="deflate", response_packing="deflate"),
)


def infer(client, images, form, request_id):
    """The answer as plain lists; numbers are those of the float32, exactly."""
    image = triton.InferInput("image", list(images.shape), "FP32")
    image.set_data_from_numpy(images, binary_data=form.binary_input)
    result = client.infer(
        "digits",
        [image],
        outputs=[triton.InferRequestedOutput(name, binary_data=form.binary_output) for name in OUTPUTS],
        headers={"x-request-id": request_id},
        request_compression_algorithm=form.request_packing,
        response_compression_algorithm=form.response_packing,
    )
    answers = {name: result.as_numpy(name) for name in OUTPUTS}
    return {name: plain(array.tolist()) for name, array in answers.items()}


def plain(values):
    """Texts come as bytes from binary tensors and as str from JSON."""
    if isinstance(values, list):
        return [plain(value) for value in values]
    return values.decode() if isinstance(values, bytes) else values


def refusal(client, images):
    """What the client says of images with too few pixels."""
    image = triton.InferInput("image", list(images.shape), "FP32")
    image.set_data_from_numpy(images)
    try:
        client.infer("digits", [image], headers={"x-request-id": "refused"})
    except triton.InferenceServerException as error:
        return str(error)
    raise AssertionError("images with too few pixels were taken")


def main(v1_url, v2_url, proxy_url, digits_file):
    images = held_out(load_digits(digits_file)[0])
    batches = [images[start : start + ROWS] for start in range(0, len(images), ROWS)]
    clients = {
        name: triton.InferenceServerClient(url.removeprefix("http://"))
        for name, url in (("v1", v1_url), ("v2", v2_url), ("proxied", proxy_url))
    }
    for form in FORMS:
        for number, batch in enumerate(batches):
            request_id = f"{form.name}-{number}"
            answers = {name: infer(client, batch, form, request_id) for name, client in clients.items()}
            print(json.dumps({"id": request_id, "form": form.name, **answers}))
    described = {name: client.get_model_metadata("digits") for name, client in clients.items()}
    refused = {name: refusal(client, images[:1, :3]) for name, client in clients.items()}
    print(json.dumps({"described": described, "refused": refused}))


if __name__ == "__main__":
    main(*sys.argv[1:])
