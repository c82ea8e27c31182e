#!/usr/bin/python3
"""Trains a WAE-MMD by pythae (pypi.org/project/pythae, 0.1.2), a peer of wae
train: its own model, trainer and loader around the networks of MODEL.

  pythae_wae.py [--epochs N] [--threads N] MODEL TRAIN TEST

MODEL is any that wae train wrote: its networks and its loss are taken, not its
parameters. TRAIN and TEST are containers of images. Prints the seconds of
training, from the images ready in memory to the trained model, and the mean
squared error of a reconstructed image of TEST. First parameters are ours of
seed 0; the order of the items and draws are pythae's own, so that figures of
the two are alike, not equal.
"""
import argparse
import logging
import tempfile
import time

import torch
from pythae.data.datasets import BaseDataset
from pythae.models import WAE_MMD, WAE_MMD_Config
from pythae.models.base.base_utils import ModelOutput
from pythae.models.nn import BaseDecoder, BaseEncoder
from pythae.trainers import BaseTrainer, BaseTrainerConfig

import torch_wae
import twin_file
import twin_network


class Encoder(BaseEncoder):
    def __init__(self, net):
        super().__init__()
        self.net = net

    def forward(self, x):
        return ModelOutput(embedding=self.net(x))


class Decoder(BaseDecoder):
    def __init__(self, net):
        super().__init__()
        self.net = net

    def forward(self, z):
        return ModelOutput(reconstruction=self.net(z))


def options():
    parser = argparse.ArgumentParser()
    for name in ('model', 'train', 'test'):
        parser.add_argument(name)
    for name, default in (('epochs', 1), ('threads', 1), ('batch', 100)):
        parser.add_argument('--' + name, type=int, default=default)
    return parser.parse_args()


def images(path):
    """(n, c, h, w), in [0, 1]."""
    x = torch.from_numpy(twin_file.read(path)[0]['images'] / 255).float()
    return twin_network.channels_first(x).contiguous()


def make_model(words):
    h, w, c = (int(k) for k in words['item'].split('x'))
    latent = int(float(words['latent']))
    config = WAE_MMD_Config(
        input_dim=(c, h, w), latent_dim=latent, kernel_choice=words['kernel'],
        reg_weight=float(words['lambda']), kernel_bandwidth=1.,
        reconstruction_loss_scale=float(words['cost-scale']))
    encoder = twin_network.network(words['net.encoder'], (c, h, w))
    decoder = twin_network.network(words['net.decoder'], (latent,))
    for k, net in enumerate((encoder, decoder)):
        torch_wae.set_values(net, 0, 1024 * k)
    return WAE_MMD(config, Encoder(encoder), Decoder(decoder))


def squared_error(model, x):
    model.eval()
    total = 0.
    with torch.no_grad():
        for part in x.split(100):
            y = model.decoder(model.encoder(part).embedding).reconstruction
            total += (y - part).square().sum().item()
    return total / len(x)


def main():
    chosen = options()
    torch.set_num_threads(chosen.threads)
    logging.disable(logging.CRITICAL)
    _, words = twin_file.read(chosen.model)
    if words.get('penalty') != 'mmd' or words.get('range') != 'unit':
        raise SystemExit(f'pythae_wae: {chosen.model} is no WAE-MMD of values '
                         'within [0, 1]')
    train, test, model = (images(chosen.train), images(chosen.test),
                          make_model(words))
    with tempfile.TemporaryDirectory() as folder:
        config = BaseTrainerConfig(
            output_dir=folder, num_epochs=chosen.epochs, no_cuda=True,
            per_device_train_batch_size=chosen.batch, learning_rate=1e-3,
            optimizer_cls='Adam', optimizer_params={'betas': (.5, .999)})
        start = time.perf_counter()
        items = BaseDataset(train, torch.zeros(len(train)))
        trainer = BaseTrainer(model=model, train_dataset=items,
                              training_config=config)
        trainer.train()
        seconds = time.perf_counter() - start
    print(f'{seconds:.3f}\t{squared_error(model, test):.4f}')


if __name__ == '__main__':
    main()
