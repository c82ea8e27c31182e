"""A network's text as a module of PyTorch: layers as src/nn has them, their
parameters under the same names and in the same layout."""
import numpy
import torch
import torch.nn as nn
import torch.nn.functional as F


def same(size, kernel, stride):
    """Zeros before and after an axis by TensorFlow's rule."""
    lost = max((-(-size // stride) - 1) * stride + kernel - size, 0)
    return lost // 2, lost - lost // 2


class Window(nn.Module):
    """Sizes of a sliding window: `pad` is None for "same", or T, B, L, R."""

    def __init__(self, kernel, stride, pad):
        super().__init__()
        self.kernel, self.stride, self.pads = kernel, stride, pad

    def padding(self, height, width):
        """As F.pad wants it: left, right, top, bottom."""
        if self.pads:
            top, bottom, left, right = self.pads
        else:
            top, bottom = same(height, self.kernel[0], self.stride)
            left, right = same(width, self.kernel[1], self.stride)
        return left, right, top, bottom


class Conv(Window):
    def __init__(self, n_in, n_out, kernel, stride, pad):
        super().__init__(kernel, stride, pad)
        self.weight = nn.Parameter(torch.empty(n_out, n_in, *kernel))
        self.bias = nn.Parameter(torch.empty(n_out))

    def forward(self, x):
        left, right, top, bottom = self.padding(*x.shape[2:])
        inner = (top, left)
        if (top, left) != (bottom, right):
            x, inner = F.pad(x, (left, right, top, bottom)), 0
        return F.conv2d(x, self.weight, self.bias, self.stride, inner)


class Deconv(Window):
    def __init__(self, n_in, n_out, kernel, stride, pad):
        super().__init__(kernel, stride, pad)
        self.weight = nn.Parameter(torch.empty(n_in, n_out, *kernel))
        self.bias = nn.Parameter(torch.empty(n_out))

    def forward(self, x):
        sizes = [s * self.stride for s in x.shape[2:]]
        left, right, top, bottom = self.padding(*sizes)
        if self.pads:
            sizes = [(s - 1) * self.stride + k - lost for s, k, lost in
                     zip(x.shape[2:], self.kernel, (top + bottom,
                                                    left + right))]
        if min(self.kernel) < self.stride:  # it ends before its image does
            y = F.conv_transpose2d(x, self.weight, None, self.stride)
            y = F.pad(y, (-left, sizes[1] + left - y.shape[3],
                          -top, sizes[0] + top - y.shape[2]))
            return y + self.bias[:, None, None]
        y = F.conv_transpose2d(x, self.weight, self.bias, self.stride,
                               (min(top, bottom), min(left, right)))
        top, left = max(top - bottom, 0), max(left - right, 0)
        if y.shape[2:] != (*sizes,):
            y = y[:, :, top:top + sizes[0], left:left + sizes[1]]
        return y


class MaxPool(Window):
    def forward(self, x):
        return F.max_pool2d(self.padded(x), self.kernel, self.stride)

    def padded(self, x):
        return F.pad(x, self.padding(*x.shape[2:]), value=-torch.inf)

    def windows(self, x):
        return self.padded(x).unfold(2, self.kernel[0], self.stride).unfold(
            3, self.kernel[1], self.stride).flatten(4)


class AvgPool(Window):
    def forward(self, x):
        pads = self.padding(*x.shape[2:])
        ones = F.pad(torch.ones_like(x), pads)
        return (F.avg_pool2d(F.pad(x, pads), self.kernel, self.stride) /
                F.avg_pool2d(ones, self.kernel, self.stride))


class Noise(nn.Module):
    """x + sd z, where draw(x) makes z: by default PyTorch's numbers, which are
    not cut at 2, since that is the cheapest it has."""

    def __init__(self, sd):
        super().__init__()
        self.sd, self.draw = sd, torch.randn_like

    def forward(self, x):
        return x + self.sd * self.draw(x) if self.training else x


def window(words, stride):
    """kernel, stride, pad of the words from KxL on."""
    kernel = tuple(int(k) for k in words[0].split('x'))
    options = dict(zip(words[1::2], words[2::2]))
    pad = options.get('pad')
    if pad:
        pad = [int(p) for p in pad.split(',')]
        pad = pad * 4 if len(pad) == 1 else pad
    return kernel, int(options.get('stride', stride or kernel[0])), pad


def layer(line, shape):
    """The module of a line for an input (c, h, w) or (c)."""
    kind, *words = line.split()
    if kind == 'dense':
        n = numpy.prod([int(k) for k in words[0].split('x')])
        return nn.Linear(shape[0], int(n))
    if kind in ('conv', 'deconv'):
        made = Conv if kind == 'conv' else Deconv
        return made(shape[0], int(words[0]), *window(words[1:], 1))
    if kind in ('maxpool', 'avgpool'):
        made = MaxPool if kind == 'maxpool' else AvgPool
        return made(*window(words, None))
    if kind == 'batchnorm':
        made = nn.BatchNorm1d if len(shape) == 1 else nn.BatchNorm2d
        eps, momentum = [*map(float, words), *[1e-5, 0.1][len(words):]]
        return made(shape[0], eps, momentum)
    if kind == 'layernorm':
        return nn.LayerNorm(shape, *map(float, words))
    if kind == 'reshape':
        height, width, channels = map(int, words)
        return nn.Unflatten(1, (channels, height, width))
    return {'relu': nn.ReLU, 'elu': nn.ELU, 'tanh': nn.Tanh,
            'sigmoid': nn.Sigmoid, 'flatten': nn.Flatten,
            'noise': lambda: Noise(float(words[0])),
            'softmax': lambda: nn.Softmax(1),
            'leakyrelu': lambda: nn.LeakyReLU(float(words[0])),
            'upsample': lambda: nn.Upsample(scale_factor=int(words[0]))}[kind]()


def network(text, shape, dtype=torch.float32):
    """The nn.Sequential of a text as a network's bw_network_text, for an input
    (c, h, w) or (c). Shapes follow by running two items, so running statistics
    have to be set."""
    layers, x = [], torch.zeros(2, *shape, dtype=dtype)
    for line in text.strip().split('\n'):
        layers.append(layer(line, tuple(x.shape[1:])).to(dtype))
        with torch.no_grad():
            x = layers[-1](x)
    return nn.Sequential(*layers)


def reset_statistics(net):
    for module in net.modules():
        if isinstance(module, nn.modules.batchnorm._BatchNorm):
            module.reset_running_stats()


def channels_last(x):
    """(n, c, h, w) to (n, h, w, c)."""
    return x.movedim(1, -1) if x.dim() == 4 else x


def channels_first(x):
    return x.movedim(-1, 1) if x.dim() == 4 else x
