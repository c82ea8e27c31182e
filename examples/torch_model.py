#!/usr/bin/env python3
"""The codes of images by a model's encoder in PyTorch: parameters are what
load_state_dict takes, under the names that nn.Sequential gives.

    torch_model.py MODEL IMAGES OUT.npy

MODEL and IMAGES are containers, OUT gets the encoder's outputs, (n,d). Of
networks that are made of PyTorch's own layers nothing but nn.Sequential is
needed; twin_network.py has the others, such as convolutions with padding on one
side."""
import sys

import numpy
import torch

import twin_file
import twin_network


def load(path, part):
    """A part of a model as nn.Sequential, ready to be used."""
    tensors, words = twin_file.read(path)
    *size, channels = map(int, words['input.' + part].split('x'))
    net = twin_network.network(words['net.' + part], (channels, *size))
    missing, unexpected = net.load_state_dict(
        {name[len(part) + 1:]: torch.tensor(x) for name, x in tensors.items()
         if name.startswith(part + '.')}, strict=False)
    # How many batches were seen is no figure of a model here.
    lost = [x for x in missing if not x.endswith('num_batches_tracked')]
    if lost or unexpected:
        sys.exit(f'{path}: {lost} missing, {unexpected} unexpected')
    return net.eval()


def main():
    encoder = load(sys.argv[1], 'encoder')
    images = twin_file.read(sys.argv[2])[0]['images'].astype(numpy.float32)
    with torch.no_grad():
        x = twin_network.channels_first(torch.from_numpy(images / 255))
        numpy.save(sys.argv[3], encoder(x).numpy())


if __name__ == '__main__':
    if len(sys.argv) != 4:
        sys.exit('usage: torch_model.py MODEL IMAGES OUT.npy')
    main()
