"""Networks of inverted residuals, and DenseNet, in PyTorch, written as torchvision writes its own: same structure, same
names. MobileNet v3 is not in the zoo; it is here to be exported."""

from collections import OrderedDict
from functools import partial

import torch
import torch.nn.functional as F
from torch import nn


def conv_norm(i, o, k, stride=1, groups=1, activation=nn.ReLU6, norm=nn.BatchNorm2d):
    layers = [nn.Conv2d(i, o, k, stride, k // 2, groups=groups, bias=False), norm(o)]
    return nn.Sequential(*layers, *([activation()] if activation else []))


class Classified(nn.Module):
    """Features, averaged, and a classifier."""

    def __init__(self, features, classifier):
        super().__init__()
        self.features, self.avgpool, self.classifier = nn.Sequential(*features), nn.AdaptiveAvgPool2d(1), classifier

    def forward(self, x):
        return self.classifier(torch.flatten(self.avgpool(self.features(x)), 1))


class InvertedResidual(nn.Module):
    def __init__(self, i, o, stride, expansion):
        super().__init__()
        wide = i * expansion
        widen = [conv_norm(i, wide, 1)] if expansion != 1 else []
        depthwise = conv_norm(wide, wide, 3, stride, wide)
        self.conv = nn.Sequential(*widen, depthwise, nn.Conv2d(wide, o, 1, bias=False), nn.BatchNorm2d(o))
        self.added = stride == 1 and i == o

    def forward(self, x):
        return x + self.conv(x) if self.added else self.conv(x)


def mobilenet_v2(classes, channels):
    stages = [(1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1)]
    features, i = [conv_norm(channels, 32, 3, 2)], 32
    for t, c, n, s in stages:
        for k in range(n):
            features.append(InvertedResidual(i, c, s if k == 0 else 1, t))
            i = c
    features.append(conv_norm(i, 1280, 1))
    return Classified(features, nn.Sequential(nn.Dropout(0.2), nn.Linear(1280, classes)))


class SqueezeExcitation(nn.Module):
    def __init__(self, channels, squeezed, activation, scale):
        super().__init__()
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.fc1, self.fc2 = nn.Conv2d(channels, squeezed, 1), nn.Conv2d(squeezed, channels, 1)
        self.activation, self.scale_activation = activation(), scale()

    def forward(self, x):
        return self.scale_activation(self.fc2(self.activation(self.fc1(self.avgpool(x))))) * x


class MBConv(nn.Module):
    def __init__(self, i, o, kernel, stride, expansion):
        super().__init__()
        wide = i * expansion
        layers = [conv_norm(i, wide, 1, activation=nn.SiLU)] if expansion != 1 else []
        layers.append(conv_norm(wide, wide, kernel, stride, wide, activation=nn.SiLU))
        layers.append(SqueezeExcitation(wide, max(1, i // 4), nn.SiLU, nn.Sigmoid))
        self.block = nn.Sequential(*layers, conv_norm(wide, o, 1, activation=None))
        self.added = stride == 1 and i == o

    def forward(self, x):
        return self.block(x) + x if self.added else self.block(x)


def efficientnet_b0(classes, channels):
    stages = [(1, 3, 1, 16, 1), (6, 3, 2, 24, 2), (6, 5, 2, 40, 2), (6, 3, 2, 80, 3), (6, 5, 1, 112, 3)]
    stages += [(6, 5, 2, 192, 4), (6, 3, 1, 320, 1)]
    features, i = [conv_norm(channels, 32, 3, 2, activation=nn.SiLU)], 32
    for t, k, s, c, n in stages:
        features.append(nn.Sequential(*(MBConv(c if j else i, c, k, 1 if j else s, t) for j in range(n))))
        i = c
    features.append(conv_norm(i, 1280, 1, activation=nn.SiLU))
    return Classified(features, nn.Sequential(nn.Dropout(0.2), nn.Linear(1280, classes)))


class MobileV3Block(nn.Module):
    def __init__(self, i, kernel, wide, o, squeezed, activation, stride):
        super().__init__()
        norm = partial(nn.BatchNorm2d, eps=0.001, momentum=0.01)
        layers = [conv_norm(i, wide, 1, activation=activation, norm=norm)] if wide != i else []
        layers.append(conv_norm(wide, wide, kernel, stride, wide, activation, norm))
        if squeezed:
            layers.append(SqueezeExcitation(wide, (wide // 4 + 4) // 8 * 8, nn.ReLU, nn.Hardsigmoid))
        self.block = nn.Sequential(*layers, conv_norm(wide, o, 1, activation=None, norm=norm))
        self.added = stride == 1 and i == o

    def forward(self, x):
        return x + self.block(x) if self.added else self.block(x)


def mobilenet_v3_small(classes, channels):
    r, h = nn.ReLU, nn.Hardswish
    rows = [(3, 16, 16, True, r, 2), (3, 72, 24, False, r, 2), (3, 88, 24, False, r, 1), (5, 96, 40, True, h, 2)]
    rows += [(5, 240, 40, True, h, 1), (5, 240, 40, True, h, 1), (5, 120, 48, True, h, 1), (5, 144, 48, True, h, 1)]
    rows += [(5, 288, 96, True, h, 2), (5, 576, 96, True, h, 1), (5, 576, 96, True, h, 1)]
    return mobilenet_v3(rows, 1024, classes, channels)


def mobilenet_v3_large(classes, channels):
    r, h = nn.ReLU, nn.Hardswish
    rows = [(3, 16, 16, False, r, 1), (3, 64, 24, False, r, 2), (3, 72, 24, False, r, 1), (5, 72, 40, True, r, 2)]
    rows += [(5, 120, 40, True, r, 1), (5, 120, 40, True, r, 1), (3, 240, 80, False, h, 2), (3, 200, 80, False, h, 1)]
    rows += [(3, 184, 80, False, h, 1), (3, 184, 80, False, h, 1), (3, 480, 112, True, h, 1), (3, 672, 112, True, h, 1)]
    rows += [(5, 672, 160, True, h, 2), (5, 960, 160, True, h, 1), (5, 960, 160, True, h, 1)]
    return mobilenet_v3(rows, 1280, classes, channels)


def mobilenet_v3(rows, last, classes, channels):
    norm = partial(nn.BatchNorm2d, eps=0.001, momentum=0.01)
    features, i = [conv_norm(channels, 16, 3, 2, activation=nn.Hardswish, norm=norm)], 16
    for row in rows:
        features.append(MobileV3Block(i, *row))
        i = row[2]
    features.append(conv_norm(i, 6 * i, 1, activation=nn.Hardswish, norm=norm))
    head = [nn.Linear(6 * i, last), nn.Hardswish(), nn.Dropout(0.2), nn.Linear(last, classes)]
    return Classified(features, nn.Sequential(*head))


class DenseLayer(nn.Module):
    def __init__(self, i):
        super().__init__()
        self.norm1, self.conv1 = nn.BatchNorm2d(i), nn.Conv2d(i, 128, 1, bias=False)
        self.norm2, self.conv2 = nn.BatchNorm2d(128), nn.Conv2d(128, 32, 3, padding=1, bias=False)

    def forward(self, xs):
        x = torch.cat(xs, 1)
        return self.conv2(F.relu(self.norm2(self.conv1(F.relu(self.norm1(x))))))


class DenseBlock(nn.ModuleDict):
    def __init__(self, i, depth):
        super().__init__({f"denselayer{k + 1}": DenseLayer(i + 32 * k) for k in range(depth)})

    def forward(self, x):
        xs = [x]
        for layer in self.values():
            xs.append(layer(xs))
        return torch.cat(xs, 1)


class DenseNet(nn.Module):
    def __init__(self, classes, channels):
        super().__init__()
        layers = [("conv0", nn.Conv2d(channels, 64, 7, 2, 3, bias=False)), ("norm0", nn.BatchNorm2d(64))]
        layers += [("relu0", nn.ReLU()), ("pool0", nn.MaxPool2d(3, 2, 1))]
        i = 64
        for number, depth in enumerate((6, 12, 24, 16), start=1):
            layers.append((f"denseblock{number}", DenseBlock(i, depth)))
            i += 32 * depth
            if number < 4:
                halved = [("norm", nn.BatchNorm2d(i)), ("relu", nn.ReLU())]
                halved += [("conv", nn.Conv2d(i, i // 2, 1, bias=False)), ("pool", nn.AvgPool2d(2, 2))]
                layers.append((f"transition{number}", nn.Sequential(OrderedDict(halved))))
                i //= 2
        self.features = nn.Sequential(OrderedDict([*layers, ("norm5", nn.BatchNorm2d(i))]))
        self.classifier = nn.Linear(i, classes)

    def forward(self, x):
        x = F.adaptive_avg_pool2d(F.relu(self.features(x)), 1)
        return self.classifier(torch.flatten(x, 1))


NETWORKS = {
    "mobilenet_v2": mobilenet_v2,
    "mobilenet_v3_small": mobilenet_v3_small,
    "mobilenet_v3_large": mobilenet_v3_large,
    "efficientnet_b0": efficientnet_b0,
    "densenet121": DenseNet,
}
