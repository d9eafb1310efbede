"""pythae's generators on the image sets of `keras-vabc benchmark images`, in the same time.

They get positives alone, cleaned by labels, which is more than a method can have, and for each
training the seconds that the line of `images` on the same data has. Networks and number of latents
are those of `quality`. Their lines go beside those of `keras-vabc benchmark images`, which draws
the page anew.
"""

import argparse
import tempfile
import time
from pathlib import Path

import numpy as np

from keras_vabc.experiments.benchmark.generation import cleaned_by_labels
from keras_vabc.experiments.images.compare import COMMAND
from keras_vabc.experiments.images.page import FILES, render
from keras_vabc.experiments.images.runs import chosen, data_line, described, figures_of
from keras_vabc.experiments.images.sets import SETS, image_folds, negative_classes
from keras_vabc.experiments.images.trials import RIVALS, Trial
from keras_vabc.recipes.results import SAMPLES
from keras_vabc.recipes.results_folder import ARRAYS, RESULTS, results_folder
from keras_vabc.recipes.sweep import append_line, stored_lines

LATENTS, UNITS, FILTERS = 24, 256, (32, 64)
BATCH, RATE, MOST_EPOCHS = 128, 1e-3, 10_000
DENSITY_SHARE = 0.2  # of the seconds, for what samples latents


def main(argv=None):
    """Trains and measures what is missing, one after the other."""
    options = parsed(argv)
    folder = options.out
    with results_folder(folder, COMMAND, FILES):
        for trial in chosen(options.method or (), options.dataset or (), rivals=True):
            lines = stored_lines(folder)
            seconds = options.seconds or seconds_of(trial, lines)
            if trial.key in lines:
                continue
            if seconds is None:
                print(f"{trial} waits for the line of images on the same data.")
                continue
            line = measured(trial, seconds, folder / ARRAYS)
            append_line(folder / RESULTS, line)
            print(described(line), flush=True)
        render(folder)


def parsed(argv):
    """The options; an unknown method or data set ends the program."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--out", type=Path, default=Path("docs/results/images"))
    parser.add_argument("--method", action="append", choices=RIVALS)
    parser.add_argument("--dataset", action="append", choices=list(SETS))
    parser.add_argument("--seconds", type=float, help="of each training [those of images]")
    return parser.parse_args(argv)


def seconds_of(trial, lines):
    """The seconds that `images` took on the same data; `None` before it has."""
    ours = Trial("images", trial.dataset, trial.concept, trial.seed)
    return lines[ours.key]["seconds"] if ours.key in lines else None


def measured(trial, seconds, arrays):
    """Trains and measures one trial; its result line."""
    folds = image_folds(trial.dataset, trial.concept, trial.seed)
    cleaned = cleaned_by_labels(folds, negative_classes(trial.dataset, trial.concept))
    start = time.perf_counter()
    sample = trained(trial, cleaned.unlabeled, seconds)
    own = {"budget": 1.0, "hidden_left": 0, "unlabeled": len(folds.unlabeled)}
    took = time.perf_counter() - start
    return data_line(trial, {**figures_of(trial, folds, sample(), arrays), **own}, took)


def trained(trial, images, seconds):
    """A function that draws samples, uint8's scale, of a model trained for about the seconds."""
    import torch
    from pythae.models import RAE_L2, VAE, RAE_L2_Config, VAEConfig
    from pythae.samplers import GaussianMixtureSampler, TwoStageVAESampler

    torch.set_num_threads(1)  # as ours
    torch.manual_seed(trial.seed)
    end = time.perf_counter() + seconds
    x = np.ascontiguousarray(images.transpose(0, 3, 1, 2), "float32") / 255
    shape = {"input_dim": x.shape[1:], "latent_dim": LATENTS}
    kinds = {"vae": (VAE, VAEConfig), "rae": (RAE_L2, RAE_L2_Config)}
    _, kind, sampler = trial.slug.split("-", 2)
    model_class, config = kinds[kind]
    model = model_class(config(**shape), *networks(x.shape[1:], kind == "vae"))
    train(model, x, seconds * (1 - DENSITY_SHARE), trial.seed)
    if sampler == "mixture":
        density = GaussianMixtureSampler(model)
        density.fit(x)
    else:
        density = second_stage(TwoStageVAESampler, model, x, end, trial.seed)
    return lambda: 255 * density.sample(SAMPLES).numpy().transpose(0, 2, 3, 1)


def train(model, x, seconds, seed):
    """Trains a model of pythae in place, for the seconds."""
    from pythae.pipelines import TrainingPipeline
    from pythae.trainers.training_callbacks import TrainingCallback

    end = time.perf_counter() + seconds

    class Clock(TrainingCallback):
        def on_train_step_end(self, *_, **__):
            if time.perf_counter() > end:
                raise TimeoutError

    with tempfile.TemporaryDirectory() as folder:
        config = _config(folder, MOST_EPOCHS, seed, coupled=model.model_name == "RAE_L2")
        pipeline = TrainingPipeline(model=model, training_config=config)
        try:
            pipeline(train_data=x, callbacks=[Clock()])
        except TimeoutError:
            model.eval()


def second_stage(sampler_class, model, x, end, seed):
    """The second VAE, on the latents of the first, for as many epochs as there is time left."""
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        density = sampler_class(model)
        density.fit(x, training_config=_config(folder, 1, seed))
        now = time.perf_counter()
        epochs = int((end - now) / (now - start))
        if epochs > 1:
            density = sampler_class(model)
            density.fit(x, training_config=_config(folder, epochs, seed))
    return density


def networks(shape, variational):
    """`(encoder, decoder)` for pythae with the layers of our `conv_autoencoder`."""
    from pythae.models.base.base_utils import ModelOutput
    from pythae.models.nn import BaseDecoder, BaseEncoder
    from torch import nn

    channels, height, width = shape
    small = (FILTERS[1], height // 4, width // 4)

    class Encoder(BaseEncoder):
        def __init__(self):
            super().__init__()
            self.hidden = nn.Sequential(
                *(nn.Conv2d(channels, FILTERS[0], 3, 2, 1), nn.ReLU()),
                *(nn.Conv2d(*FILTERS, 3, 2, 1), nn.ReLU(), nn.Flatten()),
                *(nn.Linear(int(np.prod(small)), UNITS), nn.ReLU()),
            )
            self.mean = nn.Linear(UNITS, LATENTS)
            self.log_variance = nn.Linear(UNITS, LATENTS) if variational else None

        def forward(self, x):
            h = self.hidden(x)
            if not variational:
                return ModelOutput(embedding=self.mean(h))
            return ModelOutput(embedding=self.mean(h), log_covariance=self.log_variance(h))

    class Decoder(BaseDecoder):
        def __init__(self):
            super().__init__()
            self.layers = nn.Sequential(
                *(nn.Linear(LATENTS, UNITS), nn.ReLU()),
                *(nn.Linear(UNITS, int(np.prod(small))), nn.ReLU(), nn.Unflatten(1, small)),
                *(nn.ConvTranspose2d(*FILTERS[::-1], 4, 2, 1), nn.ReLU()),
                *(nn.ConvTranspose2d(FILTERS[0], channels, 4, 2, 1), nn.Sigmoid()),
            )

        def forward(self, z):
            return ModelOutput(reconstruction=self.layers(z))

    return Encoder(), Decoder()


def _config(folder, epochs, seed, coupled=False):
    """The RAE's trainer has an optimizer for each network, so it takes two learning rates."""
    from pythae.trainers import BaseTrainerConfig, CoupledOptimizerTrainerConfig

    options = {"output_dir": folder, "num_epochs": epochs, "no_cuda": True, "seed": seed}
    options["per_device_train_batch_size"] = BATCH
    if coupled:
        rates = {"encoder_learning_rate": RATE, "decoder_learning_rate": RATE}
        return CoupledOptimizerTrainerConfig(**options, **rates)
    return BaseTrainerConfig(**options, learning_rate=RATE)


if __name__ == "__main__":
    main()
