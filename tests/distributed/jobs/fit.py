"""Train in every way, and save the results; three processes can only sum in any order: fit.py FOLDER."""

import sys
from pathlib import Path

from task import network, stripes

import minicnn as cnn

folder, data = Path(sys.argv[1]), stripes()
groups = {"any-order": cnn.distributed.mpi(any_order=True)}
size = groups["any-order"].size
if size.bit_count() == 1:
    groups |= {"shares": cnn.distributed.mpi(), "sync": cnn.distributed.mpi(sync_batch_norm=True)}

for name, group in groups.items():
    for plain in (False, True):
        model = network(drop=0, norm=name == "sync") if plain else network()
        options = {} if plain else {"augment": cnn.data.RandomCrop(1), "clip_norm": 1.0}
        batch = 26 if name == "sync" else 29  # the last batch of 29 has 2 images: most shares are empty
        history = cnn.fit(model, data, data[:50], epochs=2, batch_size=batch, group=group, **options)
        if group.main:
            cnn.save(model, folder / f"{name}{'-plain' * plain}-{size}.safetensors")
            print(name, plain, *(record.train_loss for record in history.epochs), history.epochs[-1].valid_loss)
