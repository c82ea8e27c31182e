#!/usr/bin/python3
"""PyTorch's time for the training steps of steps.c, on the same networks,
images, first parameters and losses (Debian: python3-torch).

  steps -t NAME | torch_steps.py THREADS ROUNDS

Prints the median milliseconds of ROUNDS steps after the first, and the loss
of the second step.
"""
import statistics
import sys
import time

import torch
import torch.nn as nn
import torch.nn.functional as F


def same(size, kernel, stride):
    """Zeros before and after an axis by TensorFlow's rule."""
    missing = max((-(-size // stride) - 1) * stride + kernel - size, 0)
    return missing // 2, missing - missing // 2


def window(words, shape, is_transposed):
    """Kernel, stride, padding (top, bottom, left, right)."""
    kernel = [int(k) for k in words[1].split('x')]
    options = dict(zip(words[2::2], words[3::2]))
    stride = int(options.get('stride', 1))
    factor = stride if is_transposed else 1
    pads = [same(size * factor, k, stride)
            for size, k in zip(shape[1:], kernel)]
    return kernel, stride, [*pads[0], *pads[1]]


def conv(words, shape):
    kernel, stride, (top, bottom, left, right) = window(words, shape, False)
    layer = nn.Conv2d(shape[0], int(words[0]), kernel, stride)
    if top == bottom and left == right:
        layer.padding = (top, left)
        return layer
    return nn.Sequential(nn.ZeroPad2d((left, right, top, bottom)), layer)


class Cut(nn.Module):
    """Leaves out the last row and column."""

    def forward(self, x):
        return x[:, :, :-1, :-1]


def deconv(words, shape):
    kernel, stride, (top, bottom, left, right) = window(words, shape, True)
    layer = nn.ConvTranspose2d(shape[0], int(words[0]), kernel, stride,
                               (top, left))
    if top == bottom and left == right:
        return layer
    return nn.Sequential(layer, Cut())


def layer(line, shape):
    kind, *words = line.split()
    if kind == 'dense':
        n = 1
        for k in words[0].split('x'):
            n *= int(k)
        return nn.Linear(shape[0], n)
    if kind == 'reshape':
        h, w, c = (int(k) for k in words)
        return nn.Unflatten(1, (c, h, w))
    if kind in ('conv', 'deconv'):
        return (conv if kind == 'conv' else deconv)(words, shape)
    return {'batchnorm': lambda: nn.BatchNorm2d(shape[0]), 'relu': nn.ReLU,
            'flatten': nn.Flatten, 'sigmoid': nn.Sigmoid, 'tanh': nn.Tanh,
            'softmax': lambda: nn.Softmax(1)}[kind]()


def network(lines, shape):
    """Reads layers up to "end"; the shape follows by running one item."""
    layers = []
    x = torch.zeros(2, *shape)
    for line in lines:
        line = line.strip()
        if line == 'end':
            break
        layers.append(layer(line, x.shape[1:]))
        with torch.no_grad():
            x = layers[-1](x)
    return nn.Sequential(*layers)


def set_weights(net):
    """As set_block of steps.c; undoes what the trial run did to statistics."""
    for module in net.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.reset_running_stats()
    with torch.no_grad():
        for p in net.parameters():
            if p.dim() == 1:
                continue
            n = p.numel()
            spread = (6 / (n / p.shape[0] + n / p.shape[1])) ** .5
            p.copy_((spread * (2 * scattered(n) - 1)).float().view_as(p))
        for module in net.modules():
            if getattr(module, 'bias', None) is not None:
                module.bias.zero_()


def scattered(n):
    """The first n numbers of the rule of that name in steps.c."""
    k = torch.arange(n)
    for _ in range(2):
        k = (k + 1) * 2654435761 % 4294967296
        k = k ^ (k >> 15)
    return (k >> 8).double() / 16777216


def images(batch, h, w, c, are_masses):
    x = scattered(batch * h * w * c).float().view(batch, h * w * c)
    if are_masses:
        x = (x.double() / x.double().sum(1, keepdim=True)).float()
    return x.view(batch, h, w, c).permute(0, 3, 1, 2).contiguous()


def main():
    n_threads, n_rounds = int(sys.argv[1]), int(sys.argv[2])
    torch.set_num_threads(n_threads)
    name, *sizes = sys.stdin.readline().split()
    h, w, c, latent, batch = (int(k) for k in sizes)
    encoder = network(sys.stdin, (c, h, w))
    decoder = network(sys.stdin, (latent,))
    for net in (encoder, decoder):
        set_weights(net)
    x = images(batch, h, w, c, name == 'dwe')
    adam = torch.optim.Adam([*encoder.parameters(), *decoder.parameters()],
                            1e-4)

    def dwe_loss(z, y):
        a, b = z.chunk(2)
        p, q = x.flatten(1).clamp(1e-7, 1), y.clamp(1e-7, 1)
        return ((((a - b) ** 2).sum(1) - 1) ** 2).mean() + 20 * (
            p * (p / q).log()).sum(1).mean() + 2e-3 * (
                y + 1e-7).sqrt().sum(1).mean()

    def step():
        adam.zero_grad(set_to_none=True)
        z = encoder(x)
        y = decoder(z)
        if name == 'dwe':
            loss = dwe_loss(z, y)
        else:
            loss = .05 * ((x - y) ** 2).sum((1, 2, 3)).mean()
        loss.backward()
        adam.step()
        return loss

    step()
    times = []
    for k in range(n_rounds):
        start = time.perf_counter()
        loss = step()
        times.append(time.perf_counter() - start)
        second = loss.item() if k == 0 else second
    print(f'{statistics.median(times) * 1e3:.3f} {second:.9g}')


main()
