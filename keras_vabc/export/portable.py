"""ONNX and LiteRT: the parts without randomness, and how to draw the latents for them."""

import contextlib
import functools
import json
import os
import threading

import keras
import numpy as np
import tensorflow as tf

from keras_vabc.export.parts import (
    checked_inputs,
    compare,
    compare_decoded,
    data_spec,
    write_archive,
)
from keras_vabc.files.scratch import scratch_in
from keras_vabc.files.writing import new_folder, temporary_path

DENSITY = "density.json"
ONNX_OPSET = 18
SWAPPED = threading.Lock()  # held while a class is changed, by one export at a time
SCORE_ATOL = 1e-6  # a runtime may round a probability below it to 0


def export_portable(parts, filepath, format, input_signature=None):
    """Writes `decode`, `score` and perhaps `guard`, a file each, and `density.json` beside them.

    Neither format can draw noise from a seed as TensorFlow does, so that sampling is a recipe:
    `density.json` says in words how to draw latents, and holds the numbers for it.

    Inputs and outputs have names: `decode` takes `z` and gives `data`; `score` takes `x` and gives
    `score` and, where there is a threshold, `flag`; `guard` takes `x` and gives `guard`.

    Each file is loaded by its own runtime and compared with the model before the folder takes its
    name: pixels within 1e-5 of their range, scores within 1e-4 relative or 1e-6 absolute. Errors
    are those of `VABC.export`. Returns the names of the files.
    """
    suffix, convert, load = _tools(format)
    x_spec = data_spec(parts.model, input_signature)
    functions = _functions(parts)
    with new_folder(filepath, "filepath") as folder:
        scratch = temporary_path(folder / "saved_model")
        with scratch as saved, scratch_in(saved.parent), _standardized_apart():
            archive = keras.export.ExportArchive()
            for name, function in functions.items():
                z_spec = tf.TensorSpec((None, parts.model.latent_dim), "float32")
                archive.add_endpoint(name, function, [z_spec if name == "decode" else x_spec])
            write_archive(archive, saved)
            for name in functions:
                convert(str(saved), name, folder / f"{name}{suffix}")
        (folder / DENSITY).write_text(json.dumps(parts.density, indent=1), encoding="utf-8")
        _check({name: load(folder / f"{name}{suffix}") for name in functions}, parts, x_spec)
    return [*(f"{name}{suffix}" for name in functions), DENSITY]


def _functions(parts):
    """The functions to convert by name; each returns a dict of tensors."""

    def decode(z):
        return {"data": parts.decode_batch(z)}

    def score(x):
        scores = parts.score_batch(x)
        flags = {} if parts.threshold is None else {"flag": parts.flags(scores)}
        return {"score": scores} | flags

    def guard(x):
        return {"guard": parts.guard_batch(x)}

    functions = {"decode": decode, "score": score}
    return functions if parts.guard_batch is None else functions | {"guard": guard}


@contextlib.contextmanager
def _standardized_apart():
    """Keeps a `Rescaling` apart from the layer after it, into whose weights LiteRT would fold it.

    What is large beside its deviation, as a constant column is, would cancel only after it was
    multiplied by weights, and leave rounding errors. Such layers are found nowhere but in a trace,
    since a score may be anyone's: the class computes otherwise, in this thread alone.
    """
    own = threading.get_ident()
    with SWAPPED:
        call = keras.layers.Rescaling.call

        def apart(layer, inputs):
            outputs = call(layer, inputs)
            here = threading.get_ident() == own
            return tf.maximum(outputs, tf.float32.min) if here else outputs

        keras.layers.Rescaling.call = apart
        try:
            yield
        finally:
            keras.layers.Rescaling.call = call


def _tools(format):
    """Suffix of a format, and functions that convert an endpoint of a SavedModel and load it."""
    try:
        if format == "onnx":
            # It would leave a device id and a database in the user's home.
            os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
            import onnxruntime
            import tf2onnx

            convert = functools.partial(_to_onnx, tf2onnx)
            return ".onnx", convert, functools.partial(_load_onnx, onnxruntime)
        from ai_edge_litert.interpreter import Interpreter

        return ".tflite", _to_litert, functools.partial(_load_litert, Interpreter)
    except ImportError as error:
        raise ImportError(
            f"format {format!r} needs packages that are not installed: "
            f'pip install "keras_vabc[{format}]". Received: {error}.'
        ) from None


def _to_onnx(tf2onnx, folder, name, path):
    graph, inputs, outputs, names = tf2onnx.tf_loader.from_saved_model(
        folder, None, None, tag="serve", signatures=[name], return_tensors_to_rename=True
    )
    tf2onnx.convert.from_graph_def(
        graph,
        name=name,
        input_names=inputs,
        output_names=outputs,
        tensors_to_rename=names,
        opset=ONNX_OPSET,
        output_path=str(path),
    )


def _load_onnx(onnxruntime, path):
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    key = session.get_inputs()[0].name
    return lambda rows: dict(zip(names, session.run(None, {key: rows}), strict=True))


def _to_litert(folder, name, path):
    converter = tf.lite.TFLiteConverter.from_saved_model(folder, signature_keys=[name])
    path.write_bytes(converter.convert())


def _load_litert(interpreter, path):
    runner = interpreter(model_path=str(path)).get_signature_runner()
    key = next(iter(runner.get_input_details()))
    return lambda rows: runner(**{key: rows})


def _check(loaded, parts, x_spec):
    """Raises a `RuntimeError` if the loaded functions give anything else than `parts`."""
    latents, decoded, noise = checked_inputs(parts, x_spec)
    bounds = {"rtol": 1e-4, "atol": SCORE_ATOL, "jumps": parts.jumps}
    compare_decoded(loaded["decode"](latents)["data"], decoded, parts.finish)
    shown = parts.finish(decoded)
    for data in (noise, tf.saturate_cast(shown, x_spec.dtype).numpy()):
        scored = loaded["score"](data)
        compare("score", scored["score"], parts.score(data), **bounds)
        if parts.threshold is not None:
            flagged = scored["score"] > np.float32(parts.threshold)
            compare("flag", scored["flag"].astype(int), flagged.astype(int), rtol=0)
        if parts.guard_batch is not None:
            expected = parts.guard_batch(tf.constant(data)).numpy()
            compare("guard", loaded["guard"](data)["guard"], expected, **bounds)
