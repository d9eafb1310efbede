"""V-ABC in PyTorch, as a loop that a good PyTorch user writes, and a VAE for pythae's trainer."""

import itertools
import math
import time

import torch
from torch import nn
from workloads import BATCH

HALF = BATCH // 2
ANNEAL_EPOCHS, GAMMA_START = 10, 4.0  # as in our callbacks


class TorchLoop:
    """Networks, optimizer and both folds as tensors, which batches are gathered from.

    Args:
        workload: `Workload`.
        rate: Adam's learning rate.
        fused: Whether Adam updates all weights by one kernel.
        compiled: Whether `torch.compile` makes the loss and its gradients.
    """

    def __init__(self, workload, rate, *, fused, compiled):
        torch.manual_seed(0)
        self.settings = workload.loss
        self.unlabeled, self.unwanted = map(torch.from_numpy, workload.unit_rows())
        self.steps = len(self.unlabeled) // HALF
        self.encoder, self.decoder = networks(workload)
        weights = itertools.chain(self.encoder.parameters(), self.decoder.parameters())
        self.optimizer = torch.optim.Adam(weights, lr=rate, fused=fused or None)
        self.loss = torch.compile(vabc_loss) if compiled else vabc_loss
        self.y = torch.cat([torch.ones(HALF), torch.zeros(HALF)])
        self.step = 0

    def epoch_seconds(self):
        """Trains for one epoch and returns its seconds."""
        start = time.perf_counter()
        total = torch.zeros(())
        passes = -(-self.steps * HALF // len(self.unwanted))
        unlabeled_order = torch.randperm(len(self.unlabeled))[: self.steps * HALF].split(HALF)
        unwanted_order = torch.cat([torch.randperm(len(self.unwanted)) for _ in range(passes)])
        unwanted_order = unwanted_order[: self.steps * HALF].split(HALF)
        for rows, unwanted_rows in zip(unlabeled_order, unwanted_order, strict=True):
            x = torch.cat([self.unlabeled[rows], self.unwanted[unwanted_rows]])
            total += self._train(x)
        total.item()
        return time.perf_counter() - start

    def _train(self, x):
        weight = logistic(min(self.step / (ANNEAL_EPOCHS * self.steps), 1.0))
        gamma = GAMMA_START + weight * (self.settings["gamma"] - GAMMA_START)
        loss = self.loss(
            self.encoder,
            self.decoder,
            x,
            self.y,
            torch.tensor(gamma),
            torch.tensor(weight),
            self.settings["sigma2"],
            self.settings["penalty_weight"],
        )
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()
        self.step += 1
        return loss.detach()


def vabc_loss(encoder, decoder, x, y, gamma, kl_weight, sigma2, penalty_weight):
    """Mean V-ABC loss of a batch, the same as `keras_vabc.vabc.losses`."""
    z_mean, z_log_var = encoder(x).chunk(2, dim=1)
    z = z_mean + torch.exp(0.5 * z_log_var) * torch.randn_like(z_mean)
    error = (x - decoder(z)).square().sum(1) / (2 * sigma2)
    penalty = -torch.log(-torch.expm1(-torch.clamp(gamma * error, min=1e-7)))
    kl = -0.5 * (1 + z_log_var - z_mean.square() - z_log_var.exp()).sum(1)
    return (kl_weight * kl + y * error + penalty_weight * (1 - y) * penalty).mean()


def logistic(t):
    """The logistic schedule of our callbacks, from 0 at `t = 0` to 1 at `t = 1`."""

    def s(x):
        return 1 / (1 + math.exp(-x))

    return (s(12 * t - 6) - s(-6)) / (s(6) - s(-6))


def networks(workload):
    """`(encoder, decoder)` of the workload's sizes; the encoder returns both heads side by side."""
    encoder, decoder = _dense(workload.encoder_sizes), _dense(workload.decoder_sizes)
    if workload.output_activation == "sigmoid":
        decoder.append(nn.Sigmoid())
    return encoder, decoder


def pythae_model(workload):
    """A VAE of pythae with networks of the workload's sizes."""
    from pythae.models import VAE, VAEConfig
    from pythae.models.base.base_utils import ModelOutput
    from pythae.models.nn import BaseDecoder, BaseEncoder

    encoder_network, decoder_network = networks(workload)

    class Encoder(BaseEncoder):
        def __init__(self):
            super().__init__()
            self.network = encoder_network

        def forward(self, x):
            z_mean, z_log_var = self.network(x).chunk(2, dim=1)
            return ModelOutput(embedding=z_mean, log_covariance=z_log_var)

    class Decoder(BaseDecoder):
        def __init__(self):
            super().__init__()
            self.network = decoder_network

        def forward(self, z):
            return ModelOutput(reconstruction=self.network(z))

    features = workload.encoder_sizes[0]
    config = VAEConfig(input_dim=(features,), latent_dim=workload.latent_dim)
    return VAE(config, encoder=Encoder(), decoder=Decoder())


def _dense(sizes):
    layers = [nn.Linear(*pair) for pair in itertools.pairwise(sizes)]
    activated = [module for layer in layers for module in (layer, nn.ReLU())]
    return nn.Sequential(*activated[:-1])
