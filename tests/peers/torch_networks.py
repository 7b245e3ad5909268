"""The zoo's networks once more, in PyTorch, written as torchvision writes its own: same structure, same names."""

from collections import OrderedDict
from functools import partial

import torch
import torch.nn.functional as F
from torch import nn


class Fire(nn.Module):
    def __init__(self, i, s, e):
        super().__init__()
        self.squeeze = nn.Conv2d(i, s, 1)
        self.expand1x1 = nn.Conv2d(s, e, 1)
        self.expand3x3 = nn.Conv2d(s, e, 3, padding=1)

    def forward(self, x):
        x = F.relu(self.squeeze(x))
        return torch.cat([F.relu(self.expand1x1(x)), F.relu(self.expand3x3(x))], 1)


class FeaturesAndClassifier(nn.Module):
    """AlexNet, VGG and SqueezeNet."""

    def __init__(self, features, avgpool, classifier):
        super().__init__()
        self.features, self.avgpool, self.classifier = features, avgpool, classifier

    def forward(self, x):
        x = self.features(x)
        if self.avgpool:
            x = torch.flatten(self.avgpool(x), 1)
        return torch.flatten(self.classifier(x), 1)


def alexnet(classes, channels):
    features = [nn.Conv2d(channels, 64, 11, 4, 2), nn.ReLU(), nn.MaxPool2d(3, 2), nn.Conv2d(64, 192, 5, padding=2)]
    features += [nn.ReLU(), nn.MaxPool2d(3, 2), nn.Conv2d(192, 384, 3, padding=1), nn.ReLU()]
    features += [nn.Conv2d(384, 256, 3, padding=1), nn.ReLU(), nn.Conv2d(256, 256, 3, padding=1), nn.ReLU()]
    classifier = [nn.Dropout(), nn.Linear(9216, 4096), nn.ReLU(), nn.Dropout(), nn.Linear(4096, 4096), nn.ReLU()]
    return FeaturesAndClassifier(
        nn.Sequential(*features, nn.MaxPool2d(3, 2)),
        nn.AdaptiveAvgPool2d(6),
        nn.Sequential(*classifier, nn.Linear(4096, classes)),
    )


def vgg(config, norm, classes, channels):
    features = []
    for symbol in config:
        if symbol == "M":
            features.append(nn.MaxPool2d(2))
        else:
            width = int(symbol) * 64
            norms = [nn.BatchNorm2d(width)] if norm else []
            features += [nn.Conv2d(channels, width, 3, padding=1), *norms, nn.ReLU()]
            channels = width
    classifier = [nn.Linear(25088, 4096), nn.ReLU(), nn.Dropout(), nn.Linear(4096, 4096), nn.ReLU(), nn.Dropout()]
    return FeaturesAndClassifier(
        nn.Sequential(*features), nn.AdaptiveAvgPool2d(7), nn.Sequential(*classifier, nn.Linear(4096, classes))
    )


def squeezenet(features, classes, channels):
    classifier = [nn.Dropout(), nn.Conv2d(512, classes, 1), nn.ReLU(), nn.AdaptiveAvgPool2d(1)]
    return FeaturesAndClassifier(nn.Sequential(*features(channels)), None, nn.Sequential(*classifier))


def squeezenet1_0(channels):
    pool = partial(nn.MaxPool2d, 3, 2, ceil_mode=True)
    first = [nn.Conv2d(channels, 96, 7, 2), nn.ReLU(), pool(), Fire(96, 16, 64), Fire(128, 16, 64), Fire(128, 32, 128)]
    second = [pool(), Fire(256, 32, 128), Fire(256, 48, 192), Fire(384, 48, 192), Fire(384, 64, 256), pool()]
    return [*first, *second, Fire(512, 64, 256)]


def squeezenet1_1(channels):
    pool = partial(nn.MaxPool2d, 3, 2, ceil_mode=True)
    first = [nn.Conv2d(channels, 64, 3, 2), nn.ReLU(), pool(), Fire(64, 16, 64), Fire(128, 16, 64), pool()]
    second = [Fire(128, 32, 128), Fire(256, 32, 128), pool(), Fire(256, 48, 192), Fire(384, 48, 192)]
    return [*first, *second, Fire(384, 64, 256), Fire(512, 64, 256)]


class BasicConv2d(nn.Module):
    def __init__(self, i, o, k, stride=1):
        super().__init__()
        self.conv = nn.Conv2d(i, o, k, stride, k // 2, bias=False)
        self.bn = nn.BatchNorm2d(o, eps=0.001)

    def forward(self, x):
        return F.relu(self.bn(self.conv(x)))


class Inception(nn.Module):
    def __init__(self, i, b1, b2in, b2, b3in, b3, b4):
        super().__init__()
        self.branch1 = BasicConv2d(i, b1, 1)
        self.branch2 = nn.Sequential(BasicConv2d(i, b2in, 1), BasicConv2d(b2in, b2, 3))
        self.branch3 = nn.Sequential(BasicConv2d(i, b3in, 1), BasicConv2d(b3in, b3, 3))
        self.branch4 = nn.Sequential(nn.MaxPool2d(3, 1, 1, ceil_mode=True), BasicConv2d(i, b4, 1))

    def forward(self, x):
        return torch.cat([self.branch1(x), self.branch2(x), self.branch3(x), self.branch4(x)], 1)


INCEPTION = {
    "3a": (192, 64, 96, 128, 16, 32, 32),
    "3b": (256, 128, 128, 192, 32, 96, 64),
    "4a": (480, 192, 96, 208, 16, 48, 64),
    "4b": (512, 160, 112, 224, 24, 64, 64),
    "4c": (512, 128, 128, 256, 24, 64, 64),
    "4d": (512, 112, 144, 288, 32, 64, 64),
    "4e": (528, 256, 160, 320, 32, 128, 128),
    "5a": (832, 256, 160, 320, 32, 128, 128),
    "5b": (832, 384, 192, 384, 48, 128, 128),
}


def googlenet(classes, channels):
    pool = partial(nn.MaxPool2d, 3, 2, ceil_mode=True)
    stem = [("conv1", BasicConv2d(channels, 64, 7, 2)), ("maxpool1", pool()), ("conv2", BasicConv2d(64, 64, 1))]
    stem += [("conv3", BasicConv2d(64, 192, 3)), ("maxpool2", pool())]
    blocks = [(f"inception{name}", Inception(*widths)) for name, widths in INCEPTION.items()]
    blocks.insert(7, ("maxpool4", nn.MaxPool2d(2, 2, ceil_mode=True)))
    blocks.insert(2, ("maxpool3", pool()))
    head = [("avgpool", nn.AdaptiveAvgPool2d(1)), ("flatten", nn.Flatten()), ("dropout", nn.Dropout(0.2))]
    return nn.Sequential(OrderedDict([*stem, *blocks, *head, ("fc", nn.Linear(1024, classes))]))


class Mixed(nn.Module):
    def __init__(self, i, b1, b2in, b2, b3in, b3, b4):
        super().__init__()
        self.branch1x1 = nn.ModuleDict({"conv": nn.Conv2d(i, b1, 1)})
        self.branch3x3 = nn.ModuleDict({"reduce": nn.Conv2d(i, b2in, 1), "conv": nn.Conv2d(b2in, b2, 3, padding=1)})
        self.branch5x5 = nn.ModuleDict({"reduce": nn.Conv2d(i, b3in, 1), "conv": nn.Conv2d(b3in, b3, 5, padding=2)})
        self.branch_pool = nn.ModuleDict({"conv": nn.Conv2d(i, b4, 1)})

    def forward(self, x):
        three = F.relu(self.branch3x3["conv"](F.relu(self.branch3x3["reduce"](x))))
        five = F.relu(self.branch5x5["conv"](F.relu(self.branch5x5["reduce"](x))))
        pooled = F.relu(self.branch_pool["conv"](F.max_pool2d(x, 3, 1, 1)))
        return torch.cat([F.relu(self.branch1x1["conv"](x)), three, five, pooled], 1)


def inception_v1(classes, channels):
    pool = partial(nn.MaxPool2d, 3, 2, ceil_mode=True)
    stem = [("conv1", nn.Conv2d(channels, 64, 7, 2, 3)), ("relu1", nn.ReLU()), ("pool1", pool())]
    stem += [("norm1", nn.LocalResponseNorm(5)), ("conv2_reduce", nn.Conv2d(64, 64, 1)), ("relu2_reduce", nn.ReLU())]
    stem += [("conv2", nn.Conv2d(64, 192, 3, padding=1)), ("relu2", nn.ReLU()), ("norm2", nn.LocalResponseNorm(5))]
    blocks = [(f"mixed{name}", Mixed(*widths)) for name, widths in INCEPTION.items()]
    blocks.insert(7, ("pool4", pool()))
    blocks.insert(2, ("pool3", pool()))
    head = [("pool5", nn.AdaptiveAvgPool2d(1)), ("flatten", nn.Flatten()), ("drop", nn.Dropout(0.4))]
    return nn.Sequential(OrderedDict([*stem, ("pool2", pool()), *blocks, *head, ("fc", nn.Linear(1024, classes))]))


class BasicBlock(nn.Module):
    def __init__(self, i, width, stride, padded=False):
        super().__init__()
        self.conv1 = nn.Conv2d(i, width, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.downsample = None
        if stride > 1 and padded:
            self.downsample = lambda x: F.pad(x[:, :, ::2, ::2], (0, 0, 0, 0, width // 4, width // 4))
        elif stride > 1:
            self.downsample = nn.Sequential(nn.Conv2d(i, width, 1, stride, bias=False), nn.BatchNorm2d(width))

    def forward(self, x):
        around = self.downsample(x) if self.downsample else x
        return F.relu(self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x))))) + around)


class Bottleneck(nn.Module):
    def __init__(self, i, width, stride, inner=1, groups=1):
        super().__init__()
        self.conv1 = nn.Conv2d(i, inner * width, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(inner * width)
        self.conv2 = nn.Conv2d(inner * width, inner * width, 3, stride, 1, groups=groups, bias=False)
        self.bn2 = nn.BatchNorm2d(inner * width)
        self.conv3 = nn.Conv2d(inner * width, 4 * width, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(4 * width)
        self.downsample = None
        if i != 4 * width:
            self.downsample = nn.Sequential(nn.Conv2d(i, 4 * width, 1, stride, bias=False), nn.BatchNorm2d(4 * width))

    def forward(self, x):
        around = self.downsample(x) if self.downsample else x
        x = F.relu(self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x))))))
        return F.relu(self.bn3(self.conv3(x)) + around)


def stages(block, expansion, widths, depths):
    channels, result = widths[0], []
    for number, (width, depth) in enumerate(zip(widths, depths, strict=True), start=1):
        blocks = []
        for i in range(depth):
            blocks.append(block(channels, width, 2 if number > 1 and i == 0 else 1))
            channels = width * expansion
        result.append((f"layer{number}", nn.Sequential(*blocks)))
    return result


def resnet(block, depths, classes, channels):
    stem = [("conv1", nn.Conv2d(channels, 64, 7, 2, 3, bias=False)), ("bn1", nn.BatchNorm2d(64)), ("relu", nn.ReLU())]
    expansion = 1 if block is BasicBlock else 4
    layers = stages(block, expansion, (64, 128, 256, 512), depths)
    head = [("avgpool", nn.AdaptiveAvgPool2d(1)), ("flatten", nn.Flatten())]
    head.append(("fc", nn.Linear(512 * expansion, classes)))
    return nn.Sequential(OrderedDict([*stem, ("maxpool", nn.MaxPool2d(3, 2, 1)), *layers, *head]))


def resnet20(classes, channels):
    stem = [("conv1", nn.Conv2d(channels, 16, 3, 1, 1, bias=False)), ("bn1", nn.BatchNorm2d(16)), ("relu", nn.ReLU())]
    layers = stages(partial(BasicBlock, padded=True), 1, (16, 32, 64), (3, 3, 3))
    head = [("avgpool", nn.AdaptiveAvgPool2d(1)), ("flatten", nn.Flatten()), ("fc", nn.Linear(64, classes))]
    return nn.Sequential(OrderedDict([*stem, *layers, *head]))


def seed(classes, channels):
    names = ["conv1", "relu1", "pool1", "conv2", "relu2", "pool2", "flatten", "fc1", "relu3", "drop", "fc2"]
    first = [nn.Conv2d(channels, 10, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(10, 20, 3), nn.ReLU(), nn.MaxPool2d(2)]
    last = [nn.Flatten(), nn.Linear(500, 50), nn.ReLU(), nn.Dropout(0.4), nn.Linear(50, classes)]
    return nn.Sequential(OrderedDict(zip(names, first + last, strict=True)))


def lenet5(classes, channels):
    names = ["conv1", "relu1", "pool1", "conv2", "relu2", "pool2", "flatten", "fc1", "relu3", "fc2", "relu4", "fc3"]
    first = [nn.Conv2d(channels, 6, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(6, 16, 5), nn.ReLU()]
    last = [nn.MaxPool2d(2), nn.Flatten(), nn.Linear(400, 120), nn.ReLU(), nn.Linear(120, 84), nn.ReLU()]
    return nn.Sequential(OrderedDict(zip(names, [*first, *last, nn.Linear(84, classes)], strict=True)))


def tiny_vgg(classes, channels):
    names = [
        "conv_1_1",
        "relu",
        "conv_1_2",
        "relu2",
        "pool",
        "conv_2_1",
        "relu3",
        "conv_2_2",
        "relu4",
        "pool2",
        "flatten",
        "output",
    ]
    first = [nn.Conv2d(channels, 10, 3), nn.ReLU(), nn.Conv2d(10, 10, 3), nn.ReLU(), nn.MaxPool2d(2)]
    last = [nn.Conv2d(10, 10, 3), nn.ReLU(), nn.Conv2d(10, 10, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten()]
    return nn.Sequential(OrderedDict(zip(names, [*first, *last, nn.Linear(1690, classes)], strict=True)))


def mnist_cnn(classes, channels):
    layers = []
    for i, width in enumerate((16, 32, 64), start=1):
        layers.append((f"conv{i}", nn.Conv2d(channels, width, 3, padding=1, bias=False)))
        layers += [(f"bn{i}", nn.BatchNorm2d(width)), (f"relu{i}", nn.ReLU())]
        layers += [(f"pool{i}", nn.MaxPool2d(2))] if i < 3 else []
        channels = width
    return nn.Sequential(OrderedDict([*layers, ("flatten", nn.Flatten()), ("fc", nn.Linear(3136, classes))]))


def cifar_vgg(classes, channels, norm=False):
    layers = []
    for i, width in enumerate((64, 64, 128, 128, 256, 256), start=1):
        layers.append((f"conv{i}", nn.Conv2d(channels, width, 3, padding=1, bias=not norm)))
        layers += [*([(f"bn{i}", nn.BatchNorm2d(width))] if norm else []), (f"relu{i}", nn.ReLU())]
        layers += [(f"pool{i}", nn.MaxPool2d(2))] if i % 2 == 0 else []
        channels = width
    head = [("gap", nn.AdaptiveAvgPool2d(1)), ("flatten", nn.Flatten()), ("fc", nn.Linear(256, classes))]
    return nn.Sequential(OrderedDict([*layers, *head]))


VGG = {11: "1M2M44M88M88M", 13: "11M22M44M88M88M", 16: "11M22M444M888M888M", 19: "11M22M4444M8888M8888M"}

NETWORKS = {
    "seed": seed,
    "lenet5": lenet5,
    "mnist-cnn": mnist_cnn,
    "tiny_vgg": tiny_vgg,
    "cifar-vgg": cifar_vgg,
    "cifar-vgg-bn": partial(cifar_vgg, norm=True),
    "resnet20": resnet20,
    "alexnet": alexnet,
    **{f"vgg{depth}": partial(vgg, config, False) for depth, config in VGG.items()},
    **{f"vgg{depth}_bn": partial(vgg, config, True) for depth, config in VGG.items()},
    "squeezenet1_0": partial(squeezenet, squeezenet1_0),
    "squeezenet1_1": partial(squeezenet, squeezenet1_1),
    "googlenet": googlenet,
    "inception_v1": inception_v1,
    "resnet18": partial(resnet, BasicBlock, (2, 2, 2, 2)),
    "resnet34": partial(resnet, BasicBlock, (3, 4, 6, 3)),
    "resnet50": partial(resnet, Bottleneck, (3, 4, 6, 3)),
    "resnext50_32x4d": partial(resnet, partial(Bottleneck, inner=2, groups=32), (3, 4, 6, 3)),
}
