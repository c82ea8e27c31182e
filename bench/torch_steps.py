#!/usr/bin/python3
"""PyTorch's time for the training steps of steps.c, on the same networks,
images, first parameters and losses (Debian: python3-torch).

  steps -t NAME | torch_steps.py THREADS ROUNDS

Prints the median milliseconds of ROUNDS steps, and the loss of the second step,
of a generator's the length of its gradient.
In the first two steps, which are not timed, noise and draws are the same
numbers as those of steps.c; afterwards PyTorch draws its own, and draws of the
prior as well as noise count as part of the step. Before each step of a
generator stand two of the critic, which are not timed.
"""
import statistics
import sys
import time

import torch

import twin_network
import twin_random
import twin_wae
import twin_wgan


def scattered(n):
    """The first n numbers of the rule of that name in timing.c."""
    k = torch.arange(n)
    for _ in range(2):
        k = (k + 1) * 2654435761 % 4294967296
        k = k ^ (k >> 15)
    return (k >> 8).double() / 16777216


def images(n, shape, are_masses):
    """(n, c, h, w)"""
    h, w, c = shape
    x = scattered(n * h * w * c).float().view(n, h * w * c)
    if are_masses:
        x = (x.double() / x.double().sum(1, keepdim=True)).float()
    return x.view(n, h, w, c).permute(0, 3, 1, 2).contiguous()


def set_weights(net):
    """As set_values of study.c."""
    twin_network.reset_statistics(net)
    with torch.no_grad():
        for name, p in net.named_parameters():
            if p.dim() > 1:
                n = p.numel()
                spread = (6 / (n / p.shape[0] + n / p.shape[1])) ** .5
                p.copy_((spread * (2 * scattered(n) - 1)).float().view_as(p))
            elif name.endswith('bias'):
                p.zero_()


def read(file):
    """The words of the first line, and the networks by their names."""
    words = dict(word.split('=') for word in file.readline().split())
    h, w, c = (int(k) for k in words['image'].split('x'))
    words['image'] = h, w, c
    texts, name = {}, None
    for line in file:
        if name is None:
            name, lines = line.strip(), []
        elif line == 'end\n':
            texts[name], name = ''.join(lines), None
        else:
            lines.append(line)
    shapes = {'encoder': (c, h, w), 'critic': (c, h, w)}
    nets = {part: twin_network.network(
        text, shapes.get(part, (int(words['latent']),)))
        for part, text in texts.items()}
    for net in nets.values():
        set_weights(net)
    return words, nets


def ready(words, net):
    """The batch as the networks see it, in the learner's order; net makes
    images."""
    n = int(words['batch'])
    order = twin_random.shuffled(int(words['seed']), twin_random.SPLIT, 0, n)
    x = images(n, words['image'], False)[order]
    is_signed = any(isinstance(layer, torch.nn.Tanh) for layer in net[-2:])
    return 2 * x - 1 if is_signed else x


class Study:
    """Steps of a model."""

    def lead(self, number):
        """What has to be before a step, and is not timed."""

    def figure(self, loss):
        """What is compared, of what a step returns."""
        return loss


class Dwe(Study):
    """Steps of an embedding on n pairs at cost 1."""

    def __init__(self, words, nets):
        self.encoder, self.decoder = nets['encoder'], nets['decoder']
        self.x = images(2 * int(words['batch']), words['image'], True)
        self.adam = torch.optim.Adam(
            [p for net in nets.values() for p in net.parameters()],
            float(words['rate']))

    def step(self, number):
        self.adam.zero_grad(set_to_none=True)
        z = self.encoder(self.x)
        y = self.decoder(z)
        a, b = z.chunk(2)
        p, q = self.x.flatten(1).clamp(1e-7, 1), y.clamp(1e-7, 1)
        loss = ((((a - b) ** 2).sum(1) - 1) ** 2).mean() + 20 * (
            p * (p / q).log()).sum(1).mean() + 2e-3 * (
                y + 1e-7).sqrt().sum(1).mean()
        loss.backward()
        self.adam.step()
        return loss


class Wae(Study):
    """Steps of an auto-encoder."""

    def __init__(self, words, nets):
        self.n, self.d = int(words['batch']), int(words['latent'])
        self.seed = int(words['seed'])
        rate = float(words['rate'])
        self.wae = twin_wae.Wae(
            **nets, latent=self.d, penalty=words['penalty'],
            weight=float(words['weight']), rate=rate, adversary_rate=rate,
            betas=(.9, .999), is_gaussian=words['penalty'] == 'kl',
            has_log_prior=words['log_prior'] == '1')
        self.x = ready(words, nets['decoder'])

    def numbers(self, step):
        """Draws of the prior and of codes."""
        if step > 2:
            twin_wae.reset_noise(self.wae.encoder)
            return torch.randn(self.n, self.d), torch.randn(self.n, self.d)
        twin_wae.set_noise(self.wae.encoder, self.seed, 0, step)
        return [torch.from_numpy(twin_wae.draws(
            'normal', 1, self.seed, purpose, step, self.n, self.d))
            for purpose in (twin_random.PRIOR, twin_random.CODES)]

    def step(self, number):
        terms = self.wae.step(self.x, *self.numbers(number))
        weights = self.wae.scale, self.wae.weight
        return sum(w * term for w, term in zip(weights, terms))


class Critic(Study):
    """Steps of a critic: making the fakes, its loss, the penalty, the clip."""

    def __init__(self, words, nets):
        self.n, self.seed = int(words['batch']), int(words['seed'])
        fields = dict(kind=words['optimizer'], rate=float(words['rate']))
        if 'beta1' in words:
            fields['betas'] = float(words['beta1']), float(words['beta2'])
        self.wgan = twin_wgan.Wgan(
            **nets, latent=int(words['latent']), optimizer=fields,
            critic_optimizer=fields, lipschitz=words['lipschitz'],
            value=float(words['value']))
        self.x = ready(words, nets['generator'])

    def noise(self, stream, has_streams):
        if not has_streams:
            return torch.randn(self.n, self.wgan.latent)
        return torch.from_numpy(twin_wgan.draws(self.wgan, self.seed, stream,
                                                self.n))

    def step(self, number, has_streams=None):
        has_streams = number <= 2 if has_streams is None else has_streams
        u = (torch.from_numpy(twin_wgan.mix(self.seed, number, self.n))
             if has_streams else torch.rand(self.n))
        y = self.wgan.fakes(self.noise(2 * number, has_streams))
        _, loss, penalty, _ = self.wgan.critic_step(self.x, y, u)
        return loss + self.wgan.value * penalty


class Generator(Critic):
    """Steps of a generator, after each second one of the critic."""

    def lead(self, number):
        for at in 2 * number - 1, 2 * number:
            super().step(at, number <= 2)

    def step(self, number):
        self.wgan.generator_step(self.noise(4 * number + 1, number <= 2))
        return self.wgan.generator

    def figure(self, generator):
        """Its loss has the critic's last bias in it, whose gradient is
        rounding, of which Adam makes whole steps."""
        return twin_wae.norm(generator)


def main():
    n_threads, n_rounds = int(sys.argv[1]), int(sys.argv[2])
    torch.set_num_threads(n_threads)
    words, nets = read(sys.stdin)
    kinds = {'dwe': Dwe, 'wae': Wae, 'critic': Critic, 'generator': Generator}
    model = kinds[words.get('steps', words['kind'])](words, nets)
    times = []
    for number in range(1, 3 + n_rounds):
        model.lead(number)
        start = time.perf_counter()
        loss = model.step(number)
        times.append(time.perf_counter() - start)
        if number == 2:
            second, times = model.figure(loss).item(), []
    print(f'{statistics.median(times) * 1e3:.3f} {second:.9g}')


if __name__ == '__main__':
    main()
