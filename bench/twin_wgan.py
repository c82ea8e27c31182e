"""Generative adversarial networks in PyTorch, from the formulas of
src/model/wgan.h, src/nn/penalty.h and src/nn/spectral.h."""
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.nn.utils.stateless import functional_call

import twin_network
import twin_random
import twin_wae


def draws(wgan, seed, stream, n):
    """Noise of a stream, floats in an array."""
    return twin_wae.draws(wgan.prior, wgan.prior_scale, seed,
                          twin_random.PRIOR, stream, n, wgan.latent)


def mix(seed, step, n):
    """Where between items and fakes the penalty of a step looks."""
    u = twin_random.uniforms(seed, twin_random.MIX, step, n)
    return u.astype('f4')


def make_optimizer(net, kind, rate, betas=None, decay=.99, eps=1e-8):
    if kind == 'adam':
        return torch.optim.Adam(net.parameters(), rate, betas, eps)
    return torch.optim.RMSprop(net.parameters(), rate, decay, eps)


# ---- spectral normalisation ----

def unit(x):
    return x / (x.norm() + 1e-12)


def matrix(net, name, weight):
    """A weight as (out, rest)."""
    is_turned = isinstance(net[int(name.split('.')[0])], twin_network.Deconv)
    return (weight.transpose(0, 1) if is_turned else weight).flatten(1)


class Spectral:
    """u and v of all weights of a network, by their names. Normal numbers of
    one stream begin them, one weight after the other, u before v."""
    stream = 3072

    def __init__(self, net, seed):
        rows = [(name, p, matrix(net, name, p).shape)
                for name, p in net.named_parameters() if p.dim() > 1]
        z = torch.from_numpy(twin_random.normals(
            seed, twin_random.WEIGHTS, self.stream,
            sum(sum(shape) for _, _, shape in rows)))
        self.net, self.pairs, at = net, {}, 0
        for name, p, (n_out, n_rest) in rows:
            u, v = z[at:at + n_out + n_rest].to(p.dtype).split((n_out, n_rest))
            self.pairs[name], at = (unit(u), unit(v)), at + n_out + n_rest
        for _ in range(15):
            self.iterate()

    @torch.no_grad()
    def iterate(self):
        for name, (u, v) in self.pairs.items():
            w = matrix(self.net, name, self.net.get_parameter(name))
            v = unit(w.T @ u)
            self.pairs[name] = unit(w @ v), v

    def acting(self):
        """Weights over their largest singular values; u and v are held."""
        acts = {}
        for name, (u, v) in self.pairs.items():
            w = self.net.get_parameter(name)
            acts[name] = w / (u @ (matrix(self.net, name, w) @ v))
        return acts


# ---- the gradient penalty ----

def slopes(f, x, create_graph=False):
    """Lengths of the gradients of f by each item."""
    x = x.requires_grad_()
    g, = torch.autograd.grad(f(x).sum(), x, create_graph=create_graph)
    return (1e-12 + (g ** 2).flatten(1).sum(1)).sqrt()


# ---- a step ----

class Wgan:
    """Both networks, the loss, the bound, and what they are trained by:
    optimizer and critic_optimizer are arguments of make_optimizer but for the
    network. `seen` keeps what a step of the critic saw."""

    def __init__(self, generator, critic, *, latent, optimizer,
                 critic_optimizer, loss='wasserstein', lipschitz='none',
                 value=0., is_one_sided=False, critic_steps=1, ema=0.,
                 prior='normal', prior_scale=1., seed=0):
        self.generator, self.critic, self.latent = generator, critic, latent
        self.loss, self.lipschitz, self.value = loss, lipschitz, value
        self.is_one_sided, self.critic_steps = is_one_sided, critic_steps
        self.prior, self.prior_scale, self.ema = prior, prior_scale, ema
        self.optimizer = make_optimizer(generator, **optimizer)
        self.critic_optimizer = make_optimizer(critic, **critic_optimizer)
        self.spectral = lipschitz == 'spectral' and Spectral(critic, seed)
        self.mixes = any(isinstance(layer, nn.modules.batchnorm._BatchNorm)
                         for layer in critic)
        self.average = ema and {name: x.detach().clone() for name, x in
                                generator.state_dict().items()}
        self.seen = {}

    def f(self, x):
        if self.spectral:
            return functional_call(self.critic, self.spectral.acting(), (x,))
        return self.critic(x)

    def scores(self, x, y):
        """f of both: in one batch where the critic looks at items alone."""
        if self.mixes:
            return self.f(x), self.f(y)
        return self.f(torch.cat([x, y])).split((len(x), len(y)))

    def penalty(self, x, y, u):
        u = u.view(-1, *[1] * (x.dim() - 1))
        lengths = slopes(self.f, u * x + (1 - u) * y, True)
        gap = lengths - 1
        if self.is_one_sided:
            gap = gap.clamp(min=0)
        self.seen['lengths'] = lengths.detach()
        return (gap ** 2).mean()

    @torch.no_grad()
    def clip(self):
        """The share that it cuts, counted in floats."""
        cut = total = 0
        for p in self.critic.parameters():
            cut += (p.float().abs() > self.value).sum().item()
            total += p.numel()
            p.clamp_(-self.value, self.value)
        return cut / total

    def critic_step(self, x, y, u=None):
        """On items x and fakes y. Terms before the step: mean f(x) - mean f(y),
        the loss without the penalty, the penalty; and the share that was
        clipped."""
        if self.spectral:
            self.spectral.iterate()
        f_x, f_y = self.scores(x, y)
        difference = f_x.mean() - f_y.mean()
        loss = (-difference if self.loss == 'wasserstein' else
                F.softplus(-f_x).mean() + F.softplus(f_y).mean())
        penalty = self.penalty(x, y, u) if self.lipschitz == 'gp' else 0
        self.critic_optimizer.zero_grad(set_to_none=True)
        (loss + self.value * penalty if self.lipschitz == 'gp' else
         loss).backward()
        self.critic_optimizer.step()
        self.seen.update(x=x, y=y, f_x=f_x.detach(), f_y=f_y.detach())
        return (difference, loss, penalty,
                self.clip() if self.lipschitz == 'clip' else 0)

    def generator_step(self, z):
        """The loss before it."""
        f_y = self.f(self.generator(z))
        loss = {'wasserstein': lambda: -f_y.mean(),
                'minimax': lambda: -F.softplus(f_y).mean(),
                'nonsaturating': lambda: F.softplus(-f_y).mean()}[self.loss]()
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward(inputs=[*self.generator.parameters()])
        self.optimizer.step()
        if self.ema:
            self.follow()
        return loss

    @torch.no_grad()
    def follow(self):
        for name, x in self.generator.state_dict().items():
            if x.is_floating_point():
                self.average[name].mul_(self.ema).add_(x, alpha=1 - self.ema)

    def fakes(self, z):
        with torch.no_grad():
            return self.generator(z)

    def slope(self):
        """Of the latest step of the critic: the largest of pairs."""
        seen = self.seen
        rise = (seen['f_x'] - seen['f_y']).abs().flatten()
        return (rise / (seen['x'] - seen['y']).flatten(1).norm(dim=1)).max()

    @torch.no_grad()
    def finish(self):
        """The average becomes the generator, acting weights the critic's."""
        if self.ema:
            self.generator.load_state_dict(self.average)
        if self.spectral:
            for name, w in self.spectral.acting().items():
                self.critic.get_parameter(name).copy_(w)
