"""Every pass over a data set that processes can share, compared with the same pass in one process."""

import numpy as np
from task import network, stripes

import minicnn as cnn
import viz
from viz.tsne.neighbors import nearest_neighbors

group, data, model = cnn.distributed.mpi(), stripes(50), network()
model.transform = cnn.data.Transform.fit(data.images)


def same(shared, alone):
    for name, value in alone.items():
        if value is data:
            assert shared[name] is data
            continue
        assert np.array_equal(shared[name], value, equal_nan=np.asarray(value).dtype.kind == "f"), name


for size in (7, 20):  # eight batches; three, so that one of four processes has none
    same(
        vars(cnn.evaluate(model, data, batch_size=size, group=group)),
        vars(cnn.evaluate(model, data, batch_size=size)),
    )
    for average in (False, True):
        options = {"batch_size": size, "average": average}
        shared = viz.extract_features(model, data, "pool", group=group, **options)
        same({"features": shared}, {"features": viz.extract_features(model, data, "pool", **options)})
    for layer in ("relu", "fc"):
        shared = viz.exciting_patches(model, data, layer, top=4, batch_size=size, group=group)
        same(vars(shared), vars(viz.exciting_patches(model, data, layer, top=4, batch_size=size)))
    shared = viz.activation_statistics(model, data, batch_size=size, group=group)
    for layer, alone in viz.activation_statistics(model, data, batch_size=size).items():
        same(vars(shared[layer]), vars(alone))

for offset in (0, 1e4):  # far from the origin, neighbors are found by differences
    points = np.random.default_rng(0).standard_normal((300, 8)).astype(np.float32) + np.float32(offset)
    for queries in (None, points[:200] + np.float32(0.1)):
        shared, alone = (nearest_neighbors(points, 5, queries, group=g) for g in (group, None))
        same({"indices": shared[0], "distances": shared[1]}, {"indices": alone[0], "distances": alone[1]})
for metric in ("euclidean", "cosine"):
    shared, alone = (viz.nearest_neighbors(points, points[:70], metric=metric, group=g) for g in (group, None))
    same({"indices": shared[0], "distances": shared[1]}, {"indices": alone[0], "distances": alone[1]})
tsne = {"max_iter": 20, "early_exaggeration_iter": 10, "random_state": 0}
same({"map": viz.TSNE(**tsne).fit_transform(points, group=group)}, {"map": viz.TSNE(**tsne).fit_transform(points)})
print("the same")
