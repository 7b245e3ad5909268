"""How images are prepared for published weights."""

from __future__ import annotations

from dataclasses import replace

from ..data.transform import Transform

# torchvision's weights for ImageNet: the middle 224×224 of an image whose shorter side is 256.
IMAGENET = Transform(
    mean=(0.485, 0.456, 0.406), std=(0.229, 0.224, 0.225), scale=255, channels="RGB", size=256, crop=224
)
# The same to −1…1: torchvision's GoogLeNet, which was trained elsewhere (its `transform_input` undoes IMAGENET's).
SYMMETRIC = replace(IMAGENET, mean=(0.5,) * 3, std=(0.5,) * 3)
# Blue, green and red as they are, 0…255: SqueezeNet's own weights, and others' of Caffe.
BGR255 = Transform((0.0,) * 3, (1.0,) * 3, scale=1, channels="BGR", size=224, crop=224)

PIXELS = {"imagenet": IMAGENET, "symmetric": SYMMETRIC, "bgr255": BGR255}


def prepared(pixels: str, height: int, width: int) -> Transform:
    """A preparation of `PIXELS` for images of height × width, with the same relative margin of the crop."""
    transform = PIXELS[pixels]
    assert isinstance(transform.size, int) and isinstance(transform.crop, int)
    covered = tuple(round(side * transform.size / transform.crop) for side in (height, width))
    return replace(transform, size=(covered[0], covered[1]), crop=(height, width))
