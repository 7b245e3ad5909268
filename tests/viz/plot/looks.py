"""A figure in words: what was drawn, where and how, a line for each thing, so that a change of look is visible."""

import zlib
from collections.abc import Iterator
from typing import Any

import numpy as np
from matplotlib.collections import PathCollection
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.ticker import AutoLocator, FixedLocator, NullLocator

TICKS = ("color", "labelcolor", "labelsize", "length", "width", "grid_color", "grid_alpha", "grid_linewidth")
SIDES = ("left", "right", "bottom", "top")
SET = (
    "_integer",
    "_nbins",
    "_steps",
    "_subs",
    "decimals",
    "fmt",
    "xmax",
)  # of a locator or formatter
FEW = 6  # things of a kind that are described one by one; of more, the first three, and a checksum of all


def described(figure: Figure) -> str:
    """Everything that we decide, and nothing that matplotlib derives from it, such as the positions of ticks."""
    width, height = figure.get_size_inches()
    lines = [f"figure {_n(width)} by {_n(height)} inches, {_n(figure.dpi)} dpi, on {_color(figure.get_facecolor())}"]
    for ax in figure.axes:
        lines += ["", *_axes(ax)]
        for inner in ax.child_axes:
            lines += ["  next to it:", *(f"  {line}" for line in _axes(inner))]
    lines += [_text(text) for text in figure.texts]
    return "\n".join(line.rstrip() for line in lines) + "\n"


def _axes(ax: Any) -> Iterator[str]:
    limits = " and ".join(f"{_n(low)} … {_n(high)}" for low, high in (ax.get_xlim(), ax.get_ylim()))
    yield f"axes over {limits}, {ax.get_xscale()} and {ax.get_yscale()}, aspect {ax.get_aspect()}, shown {ax.axison}"
    if not ax.get_subplotspec():
        yield f"  at {_numbers(ax._axes_locator(ax, None).bounds if ax._axes_locator else ax.get_position().bounds)}"
    elif (grid := ax.get_subplotspec().get_gridspec()).get_geometry() != (1, 1):
        place = ax.get_subplotspec()
        yield (
            f"  in rows {[*place.rowspan]} and columns {[*place.colspan]} of {grid.get_geometry()}, widths "
            f"{_numbers(grid.get_width_ratios())}, heights {_numbers(grid.get_height_ratios())}"
        )
    if hasattr(ax, "_colorbar_info"):
        bar = {name: ax._colorbar_info[name] for name in ("location", "fraction", "shrink", "aspect", "pad")}
        yield f"  a color bar: {bar}"
    fixed = [name for name, auto in (("x", ax.get_autoscalex_on()), ("y", ax.get_autoscaley_on())) if not auto]
    if fixed:
        yield f"  limits that nothing widens: {', '.join(fixed)}"
    for name in ("left", "center", "right"):
        if ax.get_title(loc=name):
            title = {"left": ax._left_title, "center": ax.title, "right": ax._right_title}[name]
            yield f"  title: {_text(title)}"
    for name, axis in (("x", ax.xaxis), ("y", ax.yaxis)):
        if axis.label.get_text():
            yield f"  {name} label: {_text(axis.label)}"
        for kind, which in (("ticks", "major"), ("minor ticks", "minor")):
            locator = axis.get_major_locator() if which == "major" else axis.get_minor_locator()
            formatter = axis.get_major_formatter() if which == "major" else axis.get_minor_formatter()
            fixed = _numbers(locator.locs) if isinstance(locator, FixedLocator) else _kind(locator)
            look = {k: v for k, v in sorted(axis.get_tick_params(which=which).items()) if k in TICKS}
            look = {k: _color(v) if "color" in k else v for k, v in look.items()}
            given = axis.get_tick_params(which=which)
            lines = [side for side in (*SIDES, "gridOn") if given.get(side, False)]
            where = "" if isinstance(locator, NullLocator) else f" {lines}"
            yield f"  {name} {kind}: {fixed}, {_kind(formatter)} {look}{where}"
        labels = [label for label in axis.get_ticklabels() if label.get_text()]
        if labels and isinstance(axis.get_major_locator(), FixedLocator):
            yield f"  {name} tick labels like {_text(labels[0])}: {[label.get_text() for label in labels]}"
    spines = {side: _color(spine.get_edgecolor()) for side, spine in ax.spines.items() if spine.get_visible()}
    yield f"  spines: {spines}, grid and ticks below: {ax.get_axisbelow()}"
    for line in ax.lines:
        yield f"  line {line.get_label()!r}: {_line(line)}"
    for collection in ax.collections:
        yield f"  {_collection(collection)}"
    for things in ([_image(i) for i in ax.images], [_patch(p) for p in ax.patches], [_text(t) for t in ax.texts]):
        yield from (f"  {thing}" for thing in (things if len(things) <= FEW else things[:3]))
        if len(things) > FEW:
            yield f"  and {len(things) - 3} more, checksum {zlib.crc32(chr(10).join(things).encode()):08x}"
    legend = ax.get_legend()
    if legend is not None:
        box = legend.get_bbox_to_anchor().transformed(ax.transAxes.inverted()).bounds
        frame = legend.get_frame_on() and _color(legend.get_frame().get_facecolor())
        yield (
            f"  legend: place {legend._loc}, anchor {_numbers(box)}, {_n(legend.borderaxespad)} away, columns "
            f"{legend._ncols}, frame {frame}"
        )
        for handle, text in zip(legend.legend_handles, legend.get_texts(), strict=True):
            look = _line(handle) if hasattr(handle, "get_xdata") else type(handle).__name__
            yield f"    {_text(text)}: {look}"


def _line(line: Any) -> str:
    return (
        f"{_array(line.get_xdata(orig=False))} against {_array(line.get_ydata(orig=False))}, "
        f"{_color(line.get_color())}, width {_n(line.get_linewidth())}, style {line.get_linestyle()}, "
        f"marker {line.get_marker()} of {_n(line.get_markersize())}, alpha {line.get_alpha()}, order {line.zorder}"
    )


def _collection(collection: Any) -> str:
    kind = type(collection).__name__
    paths = np.concatenate([path.vertices for path in collection.get_paths()] or [np.zeros((0, 2))])
    places = collection.get_offsets() if isinstance(collection, PathCollection) else np.zeros((0, 2))
    colors = {_color(color) for color in np.atleast_2d(collection.get_facecolor())[:300]}
    edges = {_color(color) for color in np.atleast_2d(collection.get_edgecolor())[:300]}
    widths, sizes = np.unique(collection.get_linewidth()), getattr(collection, "get_sizes", list)()
    return (
        f"{kind}: {_array(paths)} at {_array(places)}, sizes {_array(sizes)}, faces {sorted(colors)}, edges "
        f"{sorted(edges)}, widths {_numbers(widths)}, alpha {collection.get_alpha()}, order {collection.zorder}, "
        f"as pixels {bool(collection.get_rasterized())}"
    )


def _image(image: Any) -> str:
    pixels = np.ma.filled(np.ma.asarray(image.get_array()).astype(float), np.nan)
    scale = "" if pixels.ndim == 3 else f", {image.cmap.name} from {_n(image.norm.vmin)} to {_n(image.norm.vmax)}"
    return (
        f"image {_array(pixels)}{scale}, in {_numbers(image.get_extent())}, {image.get_interpolation()}, alpha "
        f"{image.get_alpha()}, order {image.zorder}, clipped {image.get_clip_on()}"
    )


def _patch(patch: Any) -> str:
    outline = patch.get_path().transformed(patch.get_patch_transform()).vertices
    return (
        f"{type(patch).__name__}: {_array(outline)}, face {_color(patch.get_facecolor())}, edge "
        f"{_color(patch.get_edgecolor())}, width {_n(patch.get_linewidth())}, order {patch.zorder}"
    )


def _text(text: Any) -> str:
    return (
        f"text {text.get_text()!r} at {_numbers(text.get_position())}, {_n(text.get_fontsize())} points, "
        f"{_color(text.get_color())}, {text.get_ha()} {text.get_va()}, turned {_n(text.get_rotation())}, formula "
        f"{text.get_parse_math()}, weight {text.get_fontweight()}, clipped {text.get_clip_on()}, order {text.zorder}"
        + ("" if text._linespacing in ("normal", 1.2) else f", lines {_n(text._linespacing)} apart")
    )


def _kind(thing: Any) -> str:
    """A locator or formatter: its class, and what it was told."""
    if isinstance(thing, AutoLocator):
        return "AutoLocator"
    told = {name: getattr(thing, name) for name in SET if hasattr(thing, name)}
    told = {name: value.tolist() if isinstance(value, np.ndarray) else value for name, value in told.items()}
    return f"{type(thing).__name__} {told}" if told else type(thing).__name__


def _array(values: Any) -> str:
    """A few numbers as they are; of many the shape, and sums in which each has a different weight."""
    values = np.asarray(values, float)
    if values.size <= 12:
        return f"{list(values.shape)} {_numbers(values.ravel())}"
    finite = np.nan_to_num(values.ravel(), nan=-7, posinf=1e3, neginf=-1e3)
    sums = [finite @ np.cos(np.arange(finite.size) * step) for step in (0, 0.7, 0.013)]
    return f"{list(values.shape)} {_numbers(np.divide(sums, np.sqrt(finite.size)))}"


def _numbers(values: Any) -> str:
    return "(" + ", ".join(_n(value) for value in values) + ")"


def _n(value: Any) -> str:
    """Four digits: what rounding may do differently elsewhere does not show."""
    if value is None:
        return "none"
    rounded = float(f"{float(value):.4g}")
    return f"{0.0 if abs(rounded) < 1e-7 else rounded:g}"


def _color(color: Any) -> str:
    return "none" if color is None or len(color) == 0 else to_hex(color, keep_alpha=True)
