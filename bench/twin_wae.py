"""Auto-encoders in PyTorch, from the formulas of src/model/wae.h, src/nn/mmd.h
and src/nn/gaussian.h."""
import math

import numpy
import torch
import torch.nn.functional as F

import twin_network
import twin_random

SCALES = .1, .2, .5, 1., 2., 5., 10.
COST_SCALES = {'l2sq': .05, 'l2': .2, 'l1': .02}


def cost(kind, x, y):
    gap = (x - y).flatten(1)
    if kind == 'l1':
        return gap.abs().sum(1).mean()
    square = (gap ** 2).sum(1)
    return (square if kind == 'l2sq' else (1e-8 + square).sqrt()).mean()


# ---- the prior ----

def draws(prior, scale, seed, purpose, stream, n, d):
    """(n, d) as bw_prior_draw, floats in an array."""
    if prior == 'uniform':
        z = 2 * twin_random.uniforms(seed, purpose, stream, n * d) - 1
    else:
        z = twin_random.normals(seed, purpose, stream, n * d)
    z = z.reshape(n, d)
    if prior == 'sphere':
        z = z / numpy.sqrt((z ** 2).sum(1, keepdims=True))
    return (scale * z).astype(numpy.float32)


def base(prior, scale, d):
    return {'normal': 2 * d, 'sphere': 2, 'uniform': d}[prior] * scale ** 2


def log_density(scale, z):
    """Of N(0, scale^2 I)."""
    return (-.5 * (z ** 2).sum(1, keepdim=True) / scale ** 2 -
            .5 * z.shape[1] * math.log(2 * math.pi * scale ** 2))


# ---- noise ----

def set_noise(net, seed, stream, step):
    """The noise layers of an engine's stream draw step `step`'s numbers."""
    def make(number):
        def draw(x):
            shape = twin_network.channels_last(x).shape
            z = twin_random.layer_noise(seed, number, step,
                                        (shape[0], math.prod(shape[1:])))
            return twin_network.channels_first(
                torch.from_numpy(z).to(x.dtype).view(shape)).contiguous()
        return draw
    for at, layer in enumerate(net):
        if isinstance(layer, twin_network.Noise):
            layer.draw = make(stream + at)


def reset_noise(net):
    for layer in net:
        if isinstance(layer, twin_network.Noise):
            layer.draw = torch.randn_like


# ---- penalties ----

def squares(a, b):
    """|a_i - b_j|^2. The product is the fast form, and the one that loses
    digits where points are near each other."""
    if a.dtype == torch.float64:
        return ((a[:, None] - b[None]) ** 2).sum(2)
    sums = (a ** 2).sum(1)[:, None] + (b ** 2).sum(1)[None]
    return (sums - 2 * a @ b.T).clamp(min=0)


def median_square(q, p):
    """Over all pairs of different points; the lower one of two."""
    z = torch.cat([q, p]).detach()
    i, j = numpy.triu_indices(len(z), 1)
    return squares(z, z)[i, j].median()


def mmd(q, p, kernel, imq_base, is_biased):
    if min(len(q), len(p)) < 2:
        return q.sum() * 0
    if kernel == 'imq':
        def k(d):
            return sum(c * imq_base / (c * imq_base + d) for c in SCALES)
    else:
        median = median_square(q, p)

        def k(d):
            return (-d / (2 * median)).exp()

    def within(z):
        n, values = len(z), k(squares(z, z))
        if is_biased:
            return values.mean()
        return (values.sum() - values.diagonal().sum()) / (n * (n - 1))
    return within(q) + within(p) - 2 * k(squares(q, p)).mean()


def sample(y, noise):
    """Codes of a Gaussian encoder's output."""
    m, s = y.chunk(2, 1)
    return m + (s.clamp(-50, 50) / 2).exp() * noise


def kl(y, scale):
    m, s = y.chunk(2, 1)
    s, variance = s.clamp(-50, 50), scale ** 2
    return .5 * ((m ** 2 + s.exp()) / variance - 1 - s +
                 math.log(variance)).sum(1).mean()


def moments(q, p):
    """What an encoder's codes lack to have the moments of draws p."""
    def gap(f):
        return ((f(q) - f(p)) ** 2).mean()
    return gap(lambda z: z.mean(0)) + gap(lambda z: z.T.cov())


# ---- a step ----

class Wae:
    """Networks (the adversary may be None), the loss, the prior, and what
    they are trained by."""

    def __init__(self, encoder, decoder, adversary=None, *, latent, penalty,
                 weight, rate, adversary_rate=None, betas=(.5, .999),
                 cost='l2sq', scale=None, is_gaussian=False, prior='normal',
                 prior_scale=1., kernel='imq', is_biased=False,
                 has_log_prior=False):
        self.encoder, self.decoder = encoder, decoder
        self.adversary, self.latent = adversary, latent
        self.penalty, self.weight, self.cost = penalty, weight, cost
        self.scale = COST_SCALES[cost] if scale is None else scale
        self.is_gaussian, self.prior = is_gaussian, prior
        self.prior_scale, self.kernel = prior_scale, kernel
        self.is_biased, self.has_log_prior = is_biased, has_log_prior
        self.adam = torch.optim.Adam(
            [*encoder.parameters(), *decoder.parameters()], rate, betas)
        self.adam_of_adversary = adversary and torch.optim.Adam(
            adversary.parameters(), adversary_rate, betas)

    def logits(self, z):
        t = self.adversary(z)
        return t + log_density(self.prior_scale, z) * self.has_log_prior

    def divergence(self, y, q, p):
        """D, for the encoder's outputs y, codes q and draws p."""
        if self.penalty == 'mmd':
            return mmd(q, p, self.kernel,
                       base(self.prior, self.prior_scale, self.latent),
                       self.is_biased)
        if self.penalty == 'gan':
            return F.softplus(-self.logits(q)).mean()
        if self.penalty == 'kl':
            return kl(y, self.prior_scale)
        return 0

    def losses(self, x, p, noise):
        """Both terms and the codes; noise: of Gaussian codes, or None."""
        y = self.encoder(x)
        z = sample(y, noise) if self.is_gaussian else y
        return (cost(self.cost, x, self.decoder(z)), self.divergence(y, z, p),
                z)

    def adversary_step(self, q, p):
        """One step of the adversary; its two halves."""
        t = self.logits(torch.cat([q, p]))
        halves = F.softplus(t[:len(q)]).mean(), F.softplus(-t[len(q):]).mean()
        self.adam_of_adversary.zero_grad(set_to_none=True)
        (self.weight * (halves[0] + halves[1])).backward()
        self.adam_of_adversary.step()
        return halves

    def step(self, x, p, noise=None):
        """Terms before the step: cost; D, where there is one; the adversary's
        halves, where it is a network's."""
        loss, divergence, z = self.losses(x, p, noise)
        terms = [loss] if self.penalty == 'none' else [loss, divergence]
        self.adam.zero_grad(set_to_none=True)
        (self.scale * loss + self.weight * divergence).backward()
        self.adam.step()
        if self.penalty == 'gan':
            terms += self.adversary_step(z.detach(), p)
        return terms


def norm(net):
    """The length of a network's gradient."""
    return torch.cat([p.grad.flatten() for p in net.parameters()]).norm()
