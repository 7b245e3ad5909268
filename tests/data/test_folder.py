import numpy as np
import pytest
from PIL import Image

from minicnn.data import DataError, load, load_folder, read_folder


def draw(path, size=(6, 4), color=(10, 20, 30)):
    """An image of one color, (width, height); a number is a shade of gray."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("L" if isinstance(color, int) else "RGB", size, color).save(path)


@pytest.fixture
def pets(tmp_path):
    for i in range(5):
        draw(tmp_path / "dog" / f"{i}.png", color=(i, 100, 100))
        draw(tmp_path / "cat" / f"{i}.jpg", color=(200, 200, 200))
    return tmp_path


def test_classes_are_the_sorted_folders_and_paths_are_kept(pets):
    data = read_folder(pets)
    assert data.classes == ("cat", "dog")
    assert data.images.shape == (10, 3, 4, 6)
    assert data.labels.tolist() == [0] * 5 + [1] * 5
    assert data.paths[7] == pets / "dog" / "2.png"
    assert data.images[7, :, 0, 0].tolist() == [2, 100, 100]


def test_hidden_files_and_other_kinds_of_file_are_ignored(pets):
    for name in (".DS_Store", "._0.png", "notes.txt", ".cache/x.png"):
        path = pets / "cat" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("not an image")
    (pets / ".git").mkdir()
    (pets / "README.md").write_text("about the images")
    data = read_folder(pets)
    assert len(data) == 10 and data.classes == ("cat", "dog")


def test_images_lie_at_any_depth_and_in_any_case(pets):
    draw(pets / "cat" / "black" / "tom.PNG")
    assert len(read_folder(pets)) == 11


def test_gray_images_have_one_channel(tmp_path):
    draw(tmp_path / "a" / "0.png", color=7)
    draw(tmp_path / "b" / "0.png", color=9)
    assert read_folder(tmp_path).images[:, :, 0, 0].tolist() == [[7], [9]]


def test_gray_images_among_colored_ones_become_rgb(tmp_path):
    draw(tmp_path / "a" / "0.png", color=7)
    draw(tmp_path / "a" / "1.png", color=(1, 2, 3))
    draw(tmp_path / "b" / "0.png", color=9)
    assert read_folder(tmp_path).images[:, :, 3, 5].tolist() == [[7, 7, 7], [1, 2, 3], [9, 9, 9]]


def test_channels_convert_all_images(tmp_path):
    draw(tmp_path / "a" / "0.png", color=7)
    draw(tmp_path / "a" / "1.png", color=(100, 200, 50))
    assert read_folder(tmp_path, channels="gray").images[:, :, 0, 0].tolist() == [[7], [153]]
    assert read_folder(tmp_path, channels="RGB").images.shape == (2, 3, 4, 6)
    with pytest.raises(ValueError, match="channels must be 'gray', 'RGB' or None, got 'HSV'"):
        read_folder(tmp_path, channels="HSV")


def test_images_of_different_sizes_name_the_odd_one(pets):
    draw(pets / "dog" / "9.png", size=(5, 4))
    with pytest.raises(DataError, match=r"dog/9\.png: 5×4 color, but .*cat/0\.jpg is 6×4 color; give size="):
        read_folder(pets)


def test_size_brings_images_to_one_size(pets):
    draw(pets / "dog" / "9.png", size=(50, 4))
    assert read_folder(pets, size=8).images.shape == (11, 3, 8, 8)
    assert read_folder(pets, size=(8, 5)).images.shape == (11, 3, 8, 5)


def test_size_keeps_proportions_and_the_middle(tmp_path):
    wide = np.zeros((10, 30), np.uint8)
    wide[:, 10:20] = 255
    (tmp_path / "a").mkdir()
    Image.fromarray(wide).save(tmp_path / "a" / "0.png")
    assert (read_folder(tmp_path, size=10).images == 255).all()


@pytest.mark.parametrize("content", [b"", b"garbage"])
def test_an_unreadable_image_is_named(pets, content):
    (pets / "dog" / "3.png").write_bytes(content)
    with pytest.raises(DataError, match=r"dog/3\.png: expected an image"):
        read_folder(pets)


def test_a_truncated_image_is_named(pets):
    path = pets / "cat" / "3.jpg"
    path.write_bytes(path.read_bytes()[:-60])
    with pytest.raises(DataError, match=r"cat/3\.jpg: expected an image, but it cannot be read"):
        read_folder(pets)


def test_an_empty_class_folder_is_named(pets):
    (pets / "cow").mkdir()
    with pytest.raises(DataError, match=r"cow: expected images \(.*\.jpg.*\) in this class folder, but there are none"):
        read_folder(pets)


def test_images_outside_class_folders_do_not_make_classes(tmp_path):
    draw(tmp_path / "0.png")
    with pytest.raises(DataError, match="expected a folder for each class"):
        read_folder(tmp_path)


def test_a_missing_folder_is_named(tmp_path):
    with pytest.raises(DataError, match="gone: expected a folder of class folders, but it does not exist"):
        read_folder(tmp_path / "gone")


def test_without_subfolders_the_images_are_split_by_a_seed(pets):
    train, test = load_folder(pets, fraction=0.6, seed=1)
    assert np.bincount(train.labels).tolist() == [3, 3] and np.bincount(test.labels).tolist() == [2, 2]
    assert sorted([*train.paths, *test.paths]) == sorted(read_folder(pets).paths)
    assert load_folder(pets, fraction=0.6, seed=1)[0].paths == train.paths
    assert load_folder(pets, fraction=0.6, seed=2)[0].paths != train.paths
    assert [part.paths for part in load_folder(pets)] == [part.paths for part in read_folder(pets).split(0.8, seed=0)]


@pytest.mark.parametrize("name", ["test", "valid", "val"])
def test_subfolders_train_and_test_are_the_two_sets(tmp_path, name):
    for part, n in (("train", 3), (name, 2)):
        for i in range(n):
            draw(tmp_path / part / "cat" / f"{i}.png")
            draw(tmp_path / part / "dog" / f"{i}.png")
    train, test = load(tmp_path)
    assert (len(train), len(test)) == (6, 4) and train.classes == test.classes == ("cat", "dog")


def test_labels_agree_where_the_test_set_lacks_a_class(tmp_path):
    for place in ("train/cat", "train/cow", "train/dog", "test/dog"):
        draw(tmp_path / place / "0.png")
    assert load_folder(tmp_path)[1].labels.tolist() == [2]


def test_a_class_of_the_test_set_alone_is_named(tmp_path):
    for place in ("train/cat", "test/cat", "test/unicorn"):
        draw(tmp_path / place / "0.png")
    with pytest.raises(DataError, match=r"test/unicorn: expected only folders of the classes \['cat'\]"):
        load_folder(tmp_path)


def test_train_without_test_is_named(tmp_path):
    draw(tmp_path / "train" / "cat" / "0.png")
    with pytest.raises(DataError, match="expected class folders in test/ next to train/"):
        load_folder(tmp_path)


def test_a_class_may_be_called_train(tmp_path):
    for i in range(5):
        draw(tmp_path / "train" / f"{i}.png")
        draw(tmp_path / "truck" / f"{i}.png")
    assert load_folder(tmp_path)[0].classes == ("train", "truck")


def test_a_gray_test_set_follows_a_colored_training_set(tmp_path):
    draw(tmp_path / "train" / "cat" / "0.png", color=(1, 2, 3))
    draw(tmp_path / "test" / "cat" / "0.png", color=7)
    assert load_folder(tmp_path)[1].images.shape == (1, 3, 4, 6)
    assert [part.images.shape for part in load_folder(tmp_path, channels="gray")] == [(1, 1, 4, 6)] * 2


def test_gray_parts_stay_gray(tmp_path):
    for place in ("train", "test"):
        draw(tmp_path / place / "cat" / "0.png", color=7)
    assert [part.images.shape for part in load_folder(tmp_path)] == [(1, 1, 4, 6)] * 2
    assert [part.images.shape for part in load_folder(tmp_path, channels="RGB")] == [(1, 3, 4, 6)] * 2
    assert [part.images.shape for part in load_folder(tmp_path, size=(3, 2))] == [(1, 1, 3, 2)] * 2


def test_training_and_test_images_that_differ_are_named(tmp_path):
    draw(tmp_path / "train" / "cat" / "0.png", color=7)
    draw(tmp_path / "test" / "cat" / "0.png", color=(1, 2, 3))
    with pytest.raises(DataError, match=r"test: its images are 6×4 color, but those in .*train are 6×4 gray"):
        load_folder(tmp_path)
