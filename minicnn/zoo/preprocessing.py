"""How the pictures were prepared that published weights were trained on."""

from ..data.transform import Transform

# torchvision's weights for ImageNet: the middle 224×224 of a picture whose shorter side is 256.
IMAGENET = Transform(
    mean=(0.485, 0.456, 0.406), std=(0.229, 0.224, 0.225), scale=255, channels="RGB", size=256, crop=224
)
