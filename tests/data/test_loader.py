import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minicnn.data import Compose, Cutout, Dataset, Loader, RandomCrop, RandomFlip, Transform
from minicnn.data.streams import Stream, generator


def numbered(n):
    """n images of 2 × 2 pixels. The index of an image is the value of its pixels, and its class."""
    images = np.broadcast_to(np.arange(n, dtype=np.uint8).reshape(n, 1, 1, 1), (n, 1, 2, 2))
    return Dataset(images, np.arange(n), [str(i) for i in range(n)])


def noise(n=20, size=8):
    rng = np.random.default_rng(0)
    return Dataset(rng.integers(0, 256, (n, 3, size, size), dtype=np.uint8), rng.integers(0, 2, n), ["a", "b"])


def same(batches, others):
    return all(
        np.array_equal(x, other) and np.array_equal(labels, other_labels)
        for (x, labels), (other, other_labels) in zip(batches, others, strict=True)
    )


sizes = st.integers(1, 60), st.integers(1, 25), st.integers(0, 2**40), st.integers(0, 1000)


@given(*sizes, st.booleans())
def test_an_epoch_visits_every_image_exactly_once(n, batch_size, seed, epoch, shuffle):
    loader = Loader(numbered(n), batch_size, seed=seed, shuffle=shuffle)
    batches = list(loader.epoch(epoch))
    assert len(batches) == len(loader) == -(-n // batch_size)
    assert all(len(x) == batch_size for x, _ in batches[:-1])
    visited = np.concatenate([labels for _, labels in batches])
    assert sorted(visited.tolist()) == list(range(n))
    assert shuffle or visited.tolist() == list(range(n))


@given(*sizes)
def test_each_image_keeps_its_label(n, batch_size, seed, epoch):
    for x, labels in Loader(numbered(n), batch_size, seed=seed).epoch(epoch):
        assert np.allclose(x[:, 0, 1, 1] * 255, labels)


@given(st.integers(0, 5), st.integers(0, 5), st.integers(0, 100))
def test_resuming_at_any_batch_is_bit_identical(epoch, start, seed):
    augment = Compose([RandomCrop(2), RandomFlip(), Cutout(3)])
    data = noise()
    whole = list(Loader(data, 4, seed=seed, augment=augment).epoch(epoch))
    resumed = list(Loader(data, 4, seed=seed, augment=augment).epoch(epoch, start=start))
    assert same(resumed, whole[start:])


@given(*sizes, st.integers(1, 9), st.data())
def test_shares_make_up_the_batch_and_have_no_image_twice(n, batch_size, seed, epoch, of, data):
    loader = Loader(numbered(n), batch_size, seed=seed)
    start = data.draw(st.integers(0, len(loader)))
    batches, shares = loader.epoch(epoch, start), loader.shares(epoch, start, range(of), of)
    for (_, whole), (count, parts) in zip(batches, shares, strict=True):
        assert count == len(whole) and np.concatenate([labels for _, labels in parts]).tolist() == whole.tolist()
        lengths = [len(labels) for _, labels in parts]
        assert max(lengths) - min(lengths) <= 1


def test_order_and_augmentation_change_from_epoch_to_epoch():
    loader = Loader(numbered(50), 50)
    assert loader.order(0).tolist() != loader.order(1).tolist()
    augmented = Loader(noise(), 20, shuffle=False, augment=RandomCrop(2))
    (first, _), (second, _) = next(augmented.epoch(0)), next(augmented.epoch(1))
    assert not np.array_equal(first, second)


def test_the_seed_decides_the_order():
    orders = [Loader(numbered(50), 50, seed=seed).order(0).tolist() for seed in (1, 1, 2)]
    assert orders[0] == orders[1] != orders[2]
    assert orders[0] == generator(1, Stream.ORDER, 0).permutation(50).tolist()


def test_iterating_the_loader_gives_one_epoch_after_another():
    loader = Loader(noise(), 8)
    assert same(list(loader), list(loader.epoch(0)))
    assert same(list(loader), list(loader.epoch(1)))


def test_drop_last_leaves_out_a_batch_that_is_not_full():
    loader = Loader(numbered(10), 4, drop_last=True)
    assert len(loader) == 2
    assert [len(x) for x, _ in loader.epoch(0)] == [4, 4]
    for n, kept, full in ((8, 2, 2), (9, 3, 2), (11, 3, 2)):
        assert (len(Loader(numbered(n), 4)), len(Loader(numbered(n), 4, drop_last=True))) == (kept, full)


def test_batches_are_float32_and_int64():
    for transform in (None, Transform.fit(noise().images)):
        x, labels = next(Loader(noise(), 4, transform=transform).epoch(0))
        assert x.dtype == np.float32 and x.flags.c_contiguous and labels.dtype == np.int64


def test_without_a_transform_pixels_become_0_to_1():
    x, _ = next(Loader(noise(), 20, shuffle=False).epoch(0))
    assert np.allclose(x, noise().images / 255.0)


def test_the_transform_sees_the_augmented_images():
    data = noise()
    augment, transform = RandomFlip(), Transform.fit(data.images)
    loader = Loader(data, 5, shuffle=False, seed=7, augment=augment, transform=transform)
    for number, (x, _) in enumerate(loader.epoch(3)):
        images = data.images[5 * number : 5 * number + 5]
        assert np.array_equal(x, transform(augment(images, generator(7, Stream.AUGMENT, 3, number))))


def test_the_data_set_is_never_changed():
    data = noise()
    before = data.images.copy()
    augment = Compose([RandomCrop(1), RandomFlip(), Cutout(4)])
    for x, labels in Loader(data, 7, augment=augment):
        x[:], labels[:] = 0, 0
    assert np.array_equal(data.images, before) and data.labels.max() == 1


@pytest.mark.parametrize(
    "n, options, message",
    [
        (3, {"batch_size": 0}, "batch_size must be at least 1, got 0"),
        (3, {"batch_size": 2, "seed": -1}, "seed must be at least 0, got -1"),
        (3, {"batch_size": 4, "drop_last": True}, "3 images make no batch of 4 with drop_last"),
        (0, {"batch_size": 4}, "0 images make no batch of 4"),
    ],
)
def test_a_loader_without_batches_is_refused(n, options, message):
    with pytest.raises(ValueError, match=message):
        Loader(numbered(5)[:n], **options)


@pytest.mark.parametrize("epoch, start", [(-1, 0), (0, -1), (0, 3)])
def test_an_impossible_place_to_start_is_refused_at_once(epoch, start):
    loader = Loader(numbered(4), 2)
    with pytest.raises(ValueError, match=rf"start in 0…2, got {epoch} and {start}"):
        loader.epoch(epoch, start)
    assert list(loader.epoch(0, 2)) == []


def test_streams_are_independent_of_each_other():
    draws = {
        tuple(generator(seed, stream, epoch, batch).integers(0, 2**32, 4))
        for seed in range(3)
        for stream in Stream
        for epoch in range(3)
        for batch in range(3)
    }
    assert len(draws) == 3 * len(Stream) * 3 * 3


def test_a_negative_seed_is_refused():
    with pytest.raises(ValueError, match="of at least 0, got"):
        generator(-1, Stream.ORDER)


@pytest.mark.parametrize(("stream", "code"), [("ORDER", 1), ("AUGMENT", 2), ("SPLIT", 3), ("DROPOUT", 4)])
def test_a_saved_run_finds_its_streams_under_the_same_codes(stream, code):
    drawn = generator(5, Stream[stream], 6, 7).random(3)
    assert np.array_equal(drawn, np.random.default_rng([5, code, 6, 7]).random(3))
    assert np.array_equal(generator(5, Stream[stream]).random(3), np.random.default_rng([5, code, 0, 0]).random(3))


def test_a_loader_shuffles_by_seed_0_and_keeps_the_last_batch_if_nothing_else_is_said():
    loader, named = Loader(numbered(50), 20), Loader(numbered(50), 20, shuffle=True, seed=0, drop_last=False)
    assert np.array_equal(loader.order(2), named.order(2)) and len(loader) == len(named) == 3
    assert not np.array_equal(loader.order(2), np.arange(50))
