#!/usr/bin/python3
"""Trains an auto-encoder in PyTorch (Debian: python3-torch) as wae train does,
for figures beside its: the same networks, loss and schedule, and, seed by seed,
the same first parameters, order of the items, noise and draws, so that the two
part by rounding alone.

  torch_wae.py [OPTION...] MODEL TRAIN TEST OUT

MODEL is any model that wae train wrote: its networks and its loss are taken,
not its parameters (`wae train --steps 1 ...` makes one at once). TRAIN and TEST
are containers of images. Writes

  OUT-reconstructed.safetensors  `images`: those of TEST, reconstructed
  OUT-codes.safetensors          `codes` of TEST, drawn where they are Gaussian
  OUT-samples.safetensors        `images` and `codes` of draws of the prior,
                                 those of wae sample with the same seed
  OUT-model.safetensors          the parameters, by the names of MODEL

and prints a TSV log: means over the steps since the row before.
"""
import argparse
import math
import sys
import time

import numpy
import torch

import twin_file
import twin_network
import twin_random
import twin_wae

PARTS = 'encoder', 'decoder', 'adversary'
MOMENTS = 1 << 62  # streams of the fit of moments, of its draws
MOMENTS_NOISE = 1 << 39
SAMPLES = 1 << 63  # stream of the first sample
NEAR_ENOUGH = .1


def options():
    parser = argparse.ArgumentParser()
    for name in ('model', 'train', 'test', 'out'):
        parser.add_argument(name)
    for name, kind, default in (
            ('epochs', int, 0), ('steps', int, 0), ('batch', int, 100),
            ('rate', float, 1e-3), ('adversary-rate', float, 5e-4),
            ('beta1', float, .5), ('schedule', str, 'constant'),
            ('moments', int, 200), ('moments-sample', int, 1000),
            ('validation', int, 0), ('samples', int, 10000),
            ('sample-seed', int, 2), ('seed', int, 0), ('threads', int, 1),
            ('log-every', int, 100)):
        parser.add_argument('--' + name, type=kind, default=default)
    chosen = parser.parse_args()
    if not (chosen.epochs or chosen.steps):
        parser.error('neither epochs nor steps')
    return chosen


# ---- schedules ----

def factor(schedule, epoch, n_epochs):
    """Of the rate, as bw_schedule_factor; no plateau."""
    kind, _, rest = schedule.partition(' ')
    done = min(epoch / n_epochs, 1)
    if kind == 'constant':
        return 1
    if kind == 'step':
        steps = [word.split(':') for word in rest.split(',')]
        return 1 / ([1] + [float(divisor) for milestone, divisor in steps
                           if epoch >= float(milestone)])[-1]
    end = float(rest)
    return {'exponential': lambda: end ** done,
            'linear': lambda: 1 + (end - 1) * done,
            'cosine': lambda: end + (1 - end) * .5 * (
                1 + math.cos(math.pi * done))}[kind]()


# ---- items ----

class Items:
    """Images as networks see them."""

    def __init__(self, path, value_range):
        tensors, _ = twin_file.read(path)
        name = next(k for k in ('images', 'mass', 'codes') if k in tensors)
        self.values, self.is_signed = tensors[name], value_range == 'signed'

    def __len__(self):
        return len(self.values)

    def batch(self, index):
        x = self.values[index]
        if x.dtype.kind == 'u':
            x = x.astype(numpy.float32) / numpy.iinfo(x.dtype).max
        x = torch.from_numpy(x.astype(numpy.float32))
        x = 2 * x - 1 if self.is_signed else x
        return twin_network.channels_first(x).contiguous()

    def undo(self, x):
        """What a decoder made, as arrays (n, h, w, c) in [0, 1]."""
        x = twin_network.channels_last(x)
        return ((x + 1) / 2 if self.is_signed else x).numpy()


# ---- the model ----

def weight(z, p, layer, init, sd):
    """Initial values of a weight: z(limit) draws normal numbers, z() uniform
    ones where there is no limit."""
    is_conv = isinstance(layer, twin_network.Window)
    if init == 'he':
        fan = p.numel() / p.shape[0 if not isinstance(
            layer, twin_network.Deconv) else 1]
        return (6 / fan) ** .5 * (2 * z() - 1)
    return sd * z(2 if is_conv and init == 'truncated' else math.inf)


def set_values(net, seed, stream, init='truncated', sd=.01):
    """As bw_network_init: parameter k of the table draws from stream + k."""
    rows = [(name, p) for name, p in net.state_dict().items()
            if 'num_batches' not in name]
    for k, (name, p) in enumerate(rows):
        def z(limit=None):
            name = seed, twin_random.WEIGHTS, stream + k, p.numel()
            return (twin_random.uniforms(*name) if limit is None else
                    twin_random.normals(*name, limit))
        layer, _, kind = name.partition('.')
        if p.dim() > 1:
            values = weight(z, p, net[int(layer)], init, sd)
        elif kind == 'weight' and init == 'dcgan':
            values = 1 + sd * z(math.inf)
        else:
            values = numpy.full(p.numel(), kind in ('weight', 'running_var'))
        p.copy_(torch.from_numpy(values).view_as(p))


def make_wae(chosen):
    """The model of MODEL's metadata with first parameters, its networks by
    name, and the range of its items."""
    _, words = twin_file.read(chosen.model)
    if words.get('model') != 'wae':
        sys.exit(f'torch_wae: {chosen.model} is no model of wae')
    size = [int(k) for k in words['item'].split('x')]
    latent, nets = int(float(words['latent'])), {}
    for k, part in enumerate(PARTS):
        if 'net.' + part not in words:
            continue
        shape = (size[-1], *size[:-1]) if part == 'encoder' else (latent,)
        nets[part] = twin_network.network(words['net.' + part], shape)
        set_values(nets[part], chosen.seed, 1024 * k)
    return twin_wae.Wae(
        **nets, latent=latent, penalty=words['penalty'],
        weight=float(words['lambda']), rate=chosen.rate,
        adversary_rate=chosen.adversary_rate, betas=(chosen.beta1, .999),
        cost=words['cost'], scale=float(words['cost-scale']),
        is_gaussian=words['gaussian'] == 'yes', prior=words['prior'],
        prior_scale=float(words['prior-scale']), kernel=words['kernel'],
        is_biased=words['statistic'] == 'v',
        has_log_prior=words['log-prior'] == 'yes'), nets, words['range']


def draws(wae, seed, purpose, stream, n):
    is_prior = purpose == twin_random.PRIOR
    return torch.from_numpy(twin_wae.draws(
        wae.prior if is_prior else 'normal', wae.prior_scale if is_prior else 1,
        seed, purpose, stream, n, wae.latent))


# ---- training ----

def choose(pool, n, seed, fit):
    """A random choice comes to the front of the pool."""
    bits = iter(twin_random.words(seed, twin_random.ORDER, MOMENTS + fit,
                                  2 * n + 64))
    for k in range(n):
        other = k + twin_random.below(lambda: next(bits), len(pool) - k)
        pool[[k, other]] = pool[[other, k]]
    return pool[:n]


def fit_moments(wae, items, pool, chosen):
    """As wae_moments.c: the sample passes in batches, once for its codes and
    once for the gradient. Returns the number of steps and the last loss."""
    n, d = min(chosen.moments_sample, len(pool)), wae.latent
    pieces = math.ceil(n / math.ceil(n / chosen.batch))
    adam = torch.optim.Adam(wae.encoder.parameters(), chosen.rate,
                            (chosen.beta1, .999))
    pool, loss = pool.copy(), None
    for fit in range(chosen.moments):
        sample = choose(pool, n, chosen.seed, fit)
        p = draws(wae, chosen.seed, twin_random.PRIOR, MOMENTS + fit, n)
        parts = [sample[k:k + pieces] for k in range(0, n, pieces)]
        first = MOMENTS_NOISE + fit * len(parts)

        def codes(k):
            twin_wae.set_noise(wae.encoder, chosen.seed, 0, first + k)
            return wae.encoder(items.batch(parts[k]))[:, :d]
        with torch.no_grad():
            q = torch.cat([codes(k) for k in range(len(parts))])
        q.requires_grad_()
        loss = twin_wae.moments(q, p)
        if not loss.item() >= NEAR_ENOUGH:
            return fit, loss.item()
        loss.backward()
        adam.zero_grad(set_to_none=True)
        for k, slope in enumerate(q.grad.split(pieces)):
            codes(k).backward(slope)
        adam.step()
    return chosen.moments, loss.item() if loss is not None else math.nan


def set_rates(wae, chosen, place, n_epochs):
    for adam, rate in ((wae.adam, chosen.rate),
                       (wae.adam_of_adversary, chosen.adversary_rate)):
        for group in adam.param_groups if adam else ():
            group['lr'] = rate * factor(chosen.schedule, place, n_epochs)


def one_step(wae, items, index, step, seed):
    for k, net in enumerate((wae.encoder, wae.decoder)):
        twin_wae.set_noise(net, seed, k, step)
    p, noise = (draws(wae, seed, purpose, step, len(index))
                for purpose in (twin_random.PRIOR, twin_random.CODES))
    return [term.item() for term in wae.step(items.batch(index), p, noise)]


def pool_of(items, chosen):
    """The items that are not held out, in the order of the split."""
    order = twin_random.shuffled(chosen.seed, twin_random.SPLIT, 0, len(items))
    return order[chosen.validation:]


def follow(tool, names, pool, chosen, start, take):
    """Steps over the pool, each epoch in its order, and the log's rows, whose
    seconds count from start. take(index, step, place, n_epochs) takes a step
    and gives its terms."""
    n_batches = math.ceil(len(pool) / chosen.batch)
    n_steps = chosen.epochs * n_batches or chosen.steps
    n_steps = min(n_steps, chosen.steps or n_steps)
    rows = []
    print('step', 'seconds', *names, sep='\t')
    for done in range(n_steps):
        epoch, batch = divmod(done, n_batches)
        if batch == 0:
            examples = twin_random.shuffled(chosen.seed, twin_random.ORDER,
                                            epoch, len(pool))
        index = pool[examples[batch * chosen.batch:][:chosen.batch]]
        rows.append(take(index, done + 1, done / n_batches,
                         n_steps / n_batches))
        if not numpy.isfinite(rows[-1]).all():
            sys.exit(f'{tool}: step {done + 1}: a term is not finite')
        if (done + 1) % chosen.log_every == 0 or done + 1 == n_steps:
            print(done + 1, f'{time.monotonic() - start:.1f}',
                  *(f'{x:.6g}' for x in numpy.mean(rows, 0)), sep='\t',
                  flush=True)
            rows = []


def train(wae, items, chosen):
    pool = pool_of(items, chosen)
    names = ['cost', *([] if wae.penalty == 'none' else [wae.penalty])]
    if wae.penalty == 'gan':
        names += ['adversary_codes', 'adversary_prior']
    start = time.monotonic()
    if chosen.moments:
        print('# moments: steps, loss', *fit_moments(wae, items, pool, chosen))

    def take(index, step, place, n_epochs):
        set_rates(wae, chosen, place, n_epochs)
        return one_step(wae, items, index, step, chosen.seed)
    follow('torch_wae', names, pool, chosen, start, take)


# ---- results ----

def batches(n):
    return [numpy.arange(k, min(k + 500, n)) for k in range(0, n, 500)]


def write(out, what, kind, tensors):
    twin_file.write(f'{out}-{what}.safetensors', tensors,
                    {'barrow.kind': kind, 'barrow.format': '1'})


@torch.no_grad()
def encode(wae, items, seed):
    """Means, and codes: where they are Gaussian item k's draw is stream k's."""
    y = torch.cat([wae.encoder(items.batch(k)) for k in batches(len(items))])
    if not wae.is_gaussian:
        return y, y
    noise = torch.cat([draws(wae, seed, twin_random.CODES, k, 1)
                       for k in range(len(items))])
    return y[:, :wae.latent], twin_wae.sample(y, noise)


@torch.no_grad()
def decode(wae, items, z):
    return numpy.concatenate([items.undo(wae.decoder(part))
                              for part in z.split(500)])


def main():
    chosen = options()
    torch.set_num_threads(chosen.threads)
    with torch.no_grad():
        wae, nets, value_range = make_wae(chosen)
    train(wae, Items(chosen.train, value_range), chosen)
    for net in nets.values():
        net.eval()
    test = Items(chosen.test, value_range)
    means, codes = encode(wae, test, chosen.seed)
    write(chosen.out, 'reconstructed', 'images',
          {'images': decode(wae, test, means)})
    write(chosen.out, 'codes', 'codes', {'codes': codes.numpy()})
    z = torch.cat([draws(wae, chosen.sample_seed, twin_random.PRIOR,
                         SAMPLES + k, 1) for k in range(chosen.samples)])
    write(chosen.out, 'samples', 'images',
          {'images': decode(wae, test, z), 'codes': z.numpy()})
    write(chosen.out, 'model', 'model',
          {f'{part}.{name}': p.numpy() for part, net in nets.items()
           for name, p in net.state_dict().items() if 'num_b' not in name})


if __name__ == '__main__':
    main()
