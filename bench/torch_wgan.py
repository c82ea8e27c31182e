#!/usr/bin/python3
"""Trains generator and critic in PyTorch (Debian: python3-torch) as wgan train
does, for figures beside its: the same networks, loss, bound and schedule, and,
seed by seed, the same first parameters, order of the items and noise, so that
the two part by rounding alone.

  torch_wgan.py [OPTION...] MODEL TRAIN OUT

MODEL is any model that wgan train wrote: its networks, loss and bound are
taken, not its parameters (`wgan train --steps 1 ...` makes one at once); what
else the preset says goes by them where no option does. TRAIN is a container of
images or points. Writes

  OUT-samples.safetensors  `images`, or of points `codes`, of noise that is that
                           of wgan sample with the same seed
  OUT-model.safetensors    the parameters, by the names of MODEL

and prints a TSV log: means over the steps since the row before.
"""
import argparse
import sys
import time

import numpy
import torch

import torch_wae
import twin_file
import twin_network
import twin_wgan

STREAMS = {'generator': 0, 'critic': 1024}  # of first parameters
NAMES = 'difference', 'loss', 'penalty', 'clipped'


def options():
    parser = argparse.ArgumentParser()
    for name in ('model', 'train', 'out'):
        parser.add_argument(name)
    for name, kind, default in (
            ('epochs', int, 0), ('steps', int, 0), ('batch', int, 0),
            ('critic-steps', int, 0), ('rate', float, 0),
            ('critic-rate', float, 0), ('ema', float, 0),
            ('schedule', str, 'constant'), ('validation', int, 0),
            ('samples', int, 10000), ('sample-seed', int, 2), ('seed', int, 0),
            ('threads', int, 1), ('log-every', int, 100)):
        parser.add_argument('--' + name, type=kind, default=default)
    chosen = parser.parse_args()
    if not (chosen.epochs or chosen.steps):
        parser.error('neither epochs nor steps')
    return chosen


# ---- the model ----

def recipe(kind, loss):
    """Optimiser and rate that go with a bound, as bw_wgan_preset, but for the
    higher rate of wgan-gp-mnist-small: --rate."""
    if kind == 'gp':
        return dict(kind='adam', betas=(.5, .9), rate=1e-4)
    if kind == 'spectral':
        return dict(kind='adam', betas=(0, .9), rate=2e-4)
    if kind == 'none' and loss != 'wasserstein':
        return dict(kind='adam', betas=(.5, .999), rate=2e-4)
    return dict(kind='rmsprop', rate=5e-5)


def complete(chosen, words):
    """Options that were not given, by the preset."""
    preset = words['preset']
    chosen.batch = chosen.batch or (
        50 if 'gp' in preset else 256 if 'toy' in preset else 64)
    chosen.critic_steps = chosen.critic_steps or (
        5 if words['loss'] == 'wasserstein' else 1)
    chosen.init = 'dcgan' if 'dcgan' in preset else 'he'


def make_nets(chosen, words):
    size = [int(k) for k in words['item'].split('x')]
    shapes = {'generator': (int(float(words['latent'])),),
              'critic': (size[-1], *size[:-1])}
    nets = {}
    for part, stream in STREAMS.items():
        nets[part] = twin_network.network(words['net.' + part], shapes[part])
        torch_wae.set_values(nets[part], chosen.seed, stream, chosen.init, .02)
    return nets


def make_wgan(chosen):
    """The model of MODEL's metadata with first parameters, its networks by
    name, and the range of its items."""
    _, words = twin_file.read(chosen.model)
    if words.get('model') != 'wgan' or 'net.generator' not in words:
        sys.exit(f'torch_wgan: {chosen.model} is no generator of wgan')
    complete(chosen, words)
    nets = make_nets(chosen, words)
    kind, *rest = words['lipschitz'].split(':')
    both = recipe(kind, words['loss'])
    both['rate'] = chosen.rate or both['rate']
    wgan = twin_wgan.Wgan(
        **nets, latent=int(float(words['latent'])), optimizer=both,
        critic_optimizer={**both, 'rate': chosen.critic_rate or both['rate']},
        loss=words['loss'], lipschitz=kind,
        value=float(rest[0]) if rest else 0., is_one_sided=len(rest) > 1,
        critic_steps=chosen.critic_steps, ema=chosen.ema, prior=words['noise'],
        prior_scale=float(words['noise-scale']), seed=chosen.seed)
    return wgan, nets, words['range']


# ---- training ----

def noise(wgan, seed, stream, n):
    return torch.from_numpy(twin_wgan.draws(wgan, seed, stream, n))


def set_rates(wgan, factor):
    for optimizer in wgan.optimizer, wgan.critic_optimizer:
        for group in optimizer.param_groups:
            group.setdefault('first', group['lr'])
            group['lr'] = group['first'] * factor


def one_step(wgan, items, index, step, chosen):
    n = len(index)
    y = wgan.fakes(noise(wgan, chosen.seed, 2 * step, n))
    u = torch.from_numpy(twin_wgan.mix(chosen.seed, step, n))
    terms = wgan.critic_step(items.batch(index), y, u)
    if step % chosen.critic_steps == 0:
        wgan.generator_step(noise(wgan, chosen.seed, 2 * step + 1,
                                  chosen.batch))
    return [float(term) for term in terms]


def train(wgan, items, chosen):
    def take(index, step, place, n_epochs):
        set_rates(wgan, torch_wae.factor(chosen.schedule, place, n_epochs))
        return one_step(wgan, items, index, step, chosen)
    torch_wae.follow('torch_wgan', NAMES, torch_wae.pool_of(items, chosen),
                     chosen, time.monotonic(), take)


def main():
    chosen = options()
    torch.set_num_threads(chosen.threads)
    with torch.no_grad():
        wgan, nets, value_range = make_wgan(chosen)
    items = torch_wae.Items(chosen.train, value_range)
    train(wgan, items, chosen)
    wgan.finish()
    for net in nets.values():
        net.eval()
    z = torch.cat([noise(wgan, chosen.sample_seed, torch_wae.SAMPLES + k, 1)
                   for k in range(chosen.samples)])
    with torch.no_grad():
        made = numpy.concatenate([items.undo(wgan.generator(part))
                                  for part in z.split(500)])
    is_flat = made.ndim == 2
    torch_wae.write(chosen.out, 'samples', 'codes' if is_flat else 'images',
                    {'codes' if is_flat else 'images': made})
    torch_wae.write(
        chosen.out, 'model', 'model',
        {f'{part}.{name}': p.detach().numpy() for part, net in nets.items()
         for name, p in net.state_dict().items() if 'num_b' not in name})


if __name__ == '__main__':
    main()
