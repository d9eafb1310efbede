"""A model finds the columns of tables by the names of those that it was fit on."""

import keras
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

import keras_vabc as kv

RNG = np.random.default_rng(8)
OTHER_ORDER = ["c", "a", "b"]


def frame(count):
    return pd.DataFrame({name: RNG.normal(3 * k, 1, count) for k, name in enumerate("abc")})


@pytest.fixture
def model():
    parts = kv.mlp_autoencoder((3,), 2, (4,), output_activation="linear", seed=3)
    model = kv.VABC(*parts, seed=3)
    model.compile()
    return model


def fits(model, u, w):
    labelled = pd.concat([u, w])
    yield kv.balanced_dataset(u, w[OTHER_ORDER], batch_size=20), {}
    yield kv.unlabeled_dataset(pa.table(u), batch_size=20), {}
    y = np.repeat([1.0, 0.0], [len(u), len(w)])
    yield labelled, {"y": y, "validation_data": (labelled[OTHER_ORDER], y)}


@pytest.mark.parametrize("way", range(3))
def test_columns_are_found_by_name_after_a_fit_on_tables(model, way):
    data, more = list(fits(model, frame(40), frame(20)))[way]
    history = model.fit(data, **more, verbose=0).history
    x = frame(15)
    expected = model.score(x.to_numpy())
    np.testing.assert_array_equal(model.score(x[OTHER_ORDER]), expected)
    np.testing.assert_array_equal(model.score(pa.table(x[OTHER_ORDER]).to_reader()), expected)
    np.testing.assert_array_equal(model.score(x.assign(more="w").convert_dtypes()), expected)
    means = model.encode(x[OTHER_ORDER])[0]
    np.testing.assert_array_equal(means, model.encode(x.to_numpy())[0])
    if "validation_data" in more:
        for own in (data, data[OTHER_ORDER]):
            loss = model.evaluate(own, more["y"], verbose=0, return_dict=True)["loss"]
            assert loss == pytest.approx(history["val_loss"][0])


def test_names_are_part_of_the_file(model, tmp_path):
    model.fit(kv.balanced_dataset(frame(40), frame(20), batch_size=20), verbose=0)
    model.save(tmp_path / "named.keras")
    x = frame(9)
    for loaded in (
        kv.load_model(tmp_path / "named.keras"),
        keras.models.load_model(tmp_path / "named.keras"),
    ):
        np.testing.assert_array_equal(loaded.score(x[OTHER_ORDER]), model.score(x))


def test_a_model_of_arrays_says_what_to_do_with_a_table(model, tmp_path):
    model.fit(kv.balanced_dataset(frame(40).to_numpy(), frame(20).to_numpy(), 20), verbose=0)
    model.save(tmp_path / "nameless.keras")
    for own in (model, kv.load_model(tmp_path / "nameless.keras")):
        with pytest.raises(
            ValueError, match=r"^x must be an array, its columns in the order.*kv\.train"
        ):
            own.score(frame(5))
    structured = frame(5).to_records(index=False).view(np.ndarray)
    with pytest.raises(ValueError, match="^x must be an array, its columns in the order"):
        model.encode(structured)


def test_a_table_must_have_the_columns_of_the_fit(model):
    model.fit(kv.unlabeled_dataset(frame(40), batch_size=20), verbose=0)
    with pytest.raises(ValueError, match=r"^x must have the columns of training.*none of 'b'"):
        model.score(frame(5).drop(columns="b"))
    with pytest.raises(ValueError, match=r"^x must be a table of numbers.*'b' of others"):
        model.score(frame(5).assign(b="word"))
    with pytest.raises(ValueError, match=r"^x must be finite.*row 1"):
        model.score(frame(5).assign(b=[1, None, 1, 1, 1]))


def test_the_sampler_takes_the_tables_of_the_model(model):
    model.fit(kv.unlabeled_dataset(frame(60), batch_size=20), verbose=0)
    x = frame(60)
    states = [
        kv.LatentSampler(model, components=2, seed=1).fit(own).get_state()
        for own in (x.to_numpy(), x[OTHER_ORDER])
    ]
    np.testing.assert_array_equal(states[0]["means"], states[1]["means"])
