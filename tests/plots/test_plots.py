"""Pictures, read back from their Axes."""

import string

import numpy as np
import pytest
from matplotlib import rc_context
from matplotlib.colors import same_color
from matplotlib.markers import MarkerStyle

from keras_vabc import plots
from keras_vabc.plots import glyphs


def picture(ax):
    (image,) = ax.images
    return np.asarray(image.get_array())


def test_sample_grid_tiles_row_by_row():
    images = np.arange(6, dtype="float32")[:, None, None, None] * np.ones((1, 2, 3, 1)) * 51
    shown = picture(plots.sample_grid(images, columns=4))
    assert shown.shape == (4, 12)
    np.testing.assert_allclose(shown[::2, ::3], [[0, 0.2, 0.4, 0.6], [0.8, 1, 0, 0]])


def test_sample_grid_keeps_height_width_and_colour():
    image = np.zeros((1, 2, 3, 3))
    image[0, 1, 2] = [255, 0, 510]
    shown = picture(plots.sample_grid(image, columns=1))
    assert shown.shape == (2, 3, 3)
    np.testing.assert_array_equal(shown[1, 2], [1, 0, 1])
    assert shown.sum() == 2


def test_white_is_vmax_and_black_is_0():
    ax = plots.sample_grid(np.full((1, 2, 2, 1), 0.25), columns=1, vmax=0.5)
    (image,) = ax.images
    np.testing.assert_array_equal(picture(ax), 0.5)
    assert image.get_clim() == (0, 1)
    np.testing.assert_allclose(image.cmap([0.0, 1.0])[:, :3], [[0, 0, 0], [1, 1, 1]])


def test_a_picture_is_drawn_where_it_is_asked_for():
    _, (ax, other) = plots.panels(2)
    images, points = np.zeros((1, 2, 2, 1)), np.zeros((1, 2))
    assert plots.sample_grid(images, ax=ax) is ax
    assert plots.latent_manifold(lambda z: np.zeros((len(z), 2, 2, 1)), ax=ax) is ax
    assert plots.moons_samples(points, points, points, points, ax=ax) is ax
    assert plots.learning_curves({"a": {"val_loss": [1]}}, ax=ax) is ax
    assert not other.has_data()


@pytest.mark.parametrize("shape", [(0, 2, 2, 1), (3, 2, 2), (3, 2, 2, 2)])
def test_sample_grid_refuses(shape):
    with pytest.raises(ValueError, match="images must have shape"):
        plots.sample_grid(np.zeros(shape))


def test_manifold_shows_each_latent_where_its_axes_say():
    def decode(z):
        assert z.shape == (49, 2)
        return np.stack([10 + z[:, 0], 100 + 10 * z[:, 1]], 1)[:, None, :, None]

    with rc_context({"image.origin": "lower"}):  # a user's setting must not turn it over
        ax = plots.latent_manifold(decode, extent=3, steps=7)
    (image,) = ax.images
    assert image.origin == "upper"
    assert image.get_extent() == [-3.5, 3.5, -3.5, 3.5]  # 7 tiles of width 1, centred on -3 to 3
    assert not ax.xaxis_inverted()
    assert not ax.yaxis_inverted()
    left, right, bottom, top = image.get_extent()
    shown = picture(ax) * 255
    height, width = shown.shape
    for z1, z2 in [(-3, -3), (3, -3), (-3, 3), (1, 2)]:
        row = int((top - z2) / (top - bottom) * height)
        column = 2 * int((z1 - left) / (right - left) * width / 2)
        np.testing.assert_allclose(shown[row, column : column + 2], [10 + z1, 100 + 10 * z2], 1e-5)
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("$z_1$", "$z_2$")


def test_moons_samples_draws_all_four_sets():
    rng = np.random.default_rng(0)
    unlabeled, unwanted = rng.normal(size=(300, 2)), rng.normal(size=(50, 2)) + 9
    means, noisy = rng.normal(size=(70, 2)), rng.normal(size=(80, 2))
    ax = plots.moons_samples(unlabeled, unwanted, means, noisy)
    drawn = {c.get_label(): np.asarray(c.get_offsets()) for c in ax.collections}
    assert len(drawn["unlabeled, y = 1"]) == 100
    assert len(drawn["unwanted, y = 0"]) == 50
    assert drawn["unwanted, y = 0"].min() > 4
    np.testing.assert_array_equal(drawn["means"], means)
    np.testing.assert_array_equal(drawn["sampled data"], noisy)
    again = plots.moons_samples(unlabeled, unwanted, means, noisy).collections[0]
    np.testing.assert_array_equal(again.get_offsets(), drawn["unlabeled, y = 1"])
    assert ax.get_aspect() == 1
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("$x_1$", "$x_2$")
    assert {text.get_text() for text in ax.get_legend().get_texts()} == set(drawn)


def test_moons_samples_are_green_crosses_and_means_red_pluses():
    points = np.zeros((1, 2))
    ax = plots.moons_samples(points, points, points, points)
    drawn = {c.get_label(): c for c in ax.collections}
    for name, marker, color in [("sampled data", "x", "tab:green"), ("means", "+", "tab:red")]:
        style = MarkerStyle(marker)
        expected = style.get_path().transformed(style.get_transform())
        np.testing.assert_allclose(drawn[name].get_paths()[0].vertices, expected.vertices)
        assert same_color(drawn[name].get_edgecolor(), color)


def test_loss_balance_marks_the_lowest_point_of_each_curve():
    error = np.linspace(0, 4, 41)
    ax = plots.loss_balance(error, {"a": (error - 1) ** 2, "b": (error - 3) ** 2 + 5})
    curve, dot, other, other_dot = ax.lines
    np.testing.assert_allclose(curve.get_xydata(), np.stack([error, (error - 1) ** 2], 1))
    np.testing.assert_allclose(dot.get_xydata(), [[1, 0]], atol=1e-12)
    np.testing.assert_allclose(other_dot.get_xydata(), [[3, 5]])
    assert dot.get_color() == curve.get_color() != other_dot.get_color() == other.get_color()
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["a", "b"]


def test_equilibrium_curve_shows_curve_bound_and_dots():
    gamma, error = np.array([0.1, 1, 10]), np.array([5.0, 2.0, 0.5])
    ax = plots.equilibrium_curve(gamma, error, 6.0, measured=([1, 10], [2.2, 0.7]))
    curve, bound, dots = ax.lines
    np.testing.assert_array_equal(curve.get_xydata(), np.stack([gamma, error], 1))
    np.testing.assert_array_equal(bound.get_ydata(), [6, 6])
    np.testing.assert_array_equal(dots.get_xydata(), [[1, 2.2], [10, 0.7]])
    assert dots.get_linestyle() == "None"
    assert ax.get_xscale() == "log"
    assert ax.get_ylim()[1] > 6
    assert len(plots.equilibrium_curve(gamma, error, 6.0).lines) == 2


def test_score_histogram_gives_each_group_a_total_of_one():
    rng = np.random.default_rng(0)
    scores = {"few": rng.uniform(1, 2, 10), "many": rng.uniform(50, 100, 1000)}
    ax = plots.score_histogram(scores, threshold=7.0, bins=20)
    few, many = ([bar.get_height() for bar in bars] for bars in ax.containers)
    assert len(few) == len(many) == 20
    np.testing.assert_allclose([sum(few), sum(many)], 1)
    assert max(np.flatnonzero(few)) < min(np.flatnonzero(many))
    np.testing.assert_array_equal(ax.lines[0].get_xdata(), [7, 7])
    assert ax.get_xscale() == "log"
    assert plots.score_histogram(scores).lines[:] == []


def test_a_histogram_of_probabilities_holds_zeros():
    ax = plots.score_histogram({"a": np.array([0.0, 0.0, 0.99])}, bins=4, probabilities=True)
    assert [bar.get_height() for bar in ax.containers[0]] == pytest.approx([2 / 3, 0, 0, 1 / 3])
    assert (ax.get_xscale(), ax.get_yscale()) == ("linear", "log")


def test_panels_begin_a_new_row():
    figure, axes = plots.panels(5, columns=4)
    assert len(axes) == 5 and len(figure.axes) == 8
    assert [ax.axison for ax in figure.axes] == [True] * 5 + [False] * 3
    tops = [ax.get_subplotspec().rowspan.start for ax in axes]
    assert tops == [0, 0, 0, 0, 1]


def test_column_histogram_weighs_and_leaves_outliers_out():
    values = np.concatenate([np.repeat([0.0, 10.0], 500), [1e9]])
    weights = np.concatenate([np.repeat([3.0, 1.0], 500), [0.0]])
    ax = plots.column_histogram({"rows": (values, weights), "samples": (values, None)}, bins=2)
    outlines = [patch.get_xy()[:, 1] for patch in ax.patches]
    assert [outline[1] for outline in outlines] == pytest.approx([0.75, 500 / 1001])
    assert ax.get_xlim()[1] < 20
    constant = plots.column_histogram({"rows": (np.full(5, 7.0), None)})
    assert constant.patches[0].get_xy()[:, 1].max() == 1


def test_learning_curves_start_at_epoch_one():
    ax = plots.learning_curves({"a": {"val_loss": [3, 2]}, "b": {"val_loss": [5]}})
    np.testing.assert_array_equal(ax.lines[0].get_xydata(), [[1, 3], [2, 2]])
    assert [line.get_label() for line in ax.lines] == ["a", "b"]


def test_png_bytes_is_a_png():
    figure, axes = plots.panels(3)
    assert len(axes) == 3
    assert plots.png_bytes(figure).startswith(b"\x89PNG\r\n")


def test_error_boxes_show_every_run_in_percent():
    ax = plots.error_boxes({"a": [0.01, 0.03], "b": [0.5]}, "error, %")
    dots = [np.asarray(c.get_offsets()) for c in ax.collections]
    np.testing.assert_allclose(dots[0], [[1, 1], [1, 3]])
    np.testing.assert_allclose(dots[1], [[2, 50]])
    assert [label.get_text() for label in ax.get_xticklabels()] == ["a", "b"]


def test_vector_field_keeps_places_and_directions():
    grid, field = np.array([[0.0, 1], [2, 3]]), np.array([[1.0, 0], [0, -2]])
    ax = plots.vector_field(grid, field, {"unlabeled": np.ones((4, 2))})
    points, arrows = ax.collections
    np.testing.assert_array_equal(points.get_offsets(), np.ones((4, 2)))
    np.testing.assert_array_equal(arrows.get_offsets(), grid)
    np.testing.assert_array_equal(np.stack([arrows.U, arrows.V], axis=1), field)
    np.testing.assert_allclose(arrows.get_array(), [1, 2])


def test_reconstruction_pairs_alternate_and_are_thresholded():
    originals = np.full((6, 1, 1, 1), 51.0)
    reconstructed = np.array([0, 95, 96, 200, 10, 255.0]).reshape(6, 1, 1, 1)
    shown = picture(plots.reconstruction_pairs(originals, reconstructed, pairs=3))
    np.testing.assert_allclose(shown, [[0.2, 0, 0.2, 0, 0.2, 1], [0.2, 1, 0.2, 0, 0.2, 1]])


def test_posterior_ellipses_span_two_deviations_each_way():
    z_mean = np.array([[0.0, 1], [2, -1], [1, 1]])
    z_log_var = np.log([[1.0, 0.25], [4, 1], [1, 1]])
    ax = plots.posterior_ellipses(z_mean, z_log_var, np.array([8, 3, 8]), negative_class=8)
    others, negatives = ax.collections
    np.testing.assert_array_equal(others.get_offsets(), z_mean[1:2])
    np.testing.assert_array_equal(negatives.get_offsets(), z_mean[[0, 2]])
    np.testing.assert_allclose(others.get_widths(), [8])
    np.testing.assert_allclose(negatives.get_widths(), [4, 4])
    np.testing.assert_allclose(negatives.get_heights(), [2, 4])
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["3", "8, negative"]


def test_concepts_are_drawn_around_their_points():
    rng = np.random.default_rng(0)
    positive, hidden = rng.normal(size=(30, 2)), rng.normal([9, 0], size=(5, 2))
    ax = plots.negative_unlabeled_setting(positive, hidden, rng.normal([9, 0], size=(4, 2)))
    unlabeled, unwanted = (c.get_offsets() for c in ax.collections)
    assert (len(unlabeled), len(unwanted)) == (35, 4)
    positive_line, negative_line = ax.lines
    assert negative_line.get_xdata().min() > 5 > positive_line.get_xdata().max()
    assert positive_line.get_ydata().max() > positive[:, 1].max()


def test_trainings_are_drawn_from_the_shortest_on():
    ax = plots.against_seconds({"a": [(90, 2.0), (10, 5.0), (30, 3.0)], "b": [(7, 1.0)]}, "FID*")
    drawn = {line.get_label(): line.get_xydata().tolist() for line in ax.lines}
    assert drawn == {"a": [[10, 5], [30, 3], [90, 2]], "b": [[7, 1]]}
    assert (ax.get_xscale(), ax.get_ylabel(), ax.get_ylim()[0]) == ("log", "FID*", 0)


def test_distances_are_joined_at_their_means():
    ax = plots.distances_by_gamma([4, 1, 4], {"upper": [1.0, 3.0, 2.0]})
    (line,) = ax.lines
    np.testing.assert_allclose(line.get_xydata(), [[1, 3], [4, 1.5]])
    assert ax.get_xscale() == "log"


def test_ranks_are_drawn_best_first_with_bars_as_long_as_the_critical_difference():
    ax = plots.critical_difference({"worse": 2.5, "best": 1.2}, 0.8)
    (dots, _, (bars,)) = ax.containers[0]
    np.testing.assert_allclose(dots.get_xydata(), [[1.2, 0], [2.5, 1]])
    ends = np.array([segment[:, 0] for segment in bars.get_segments()])
    np.testing.assert_allclose(ends, [[0.8, 1.6], [2.1, 2.9]])
    assert [label.get_text() for label in ax.get_yticklabels()] == ["best", "worse"]
    low, high = ax.get_ylim()
    assert low > high  # the first one on top


def named_panels(*names):
    figure, axes = plots.panels(len(names))
    for ax, name in zip(axes, names, strict=True):
        plots.column_histogram({name: (np.arange(9.0), None)}, ax=ax).legend()
        ax.set_title(name)
        ax.set_xticks([0, 1], [name, "b"])
    return figure, axes


@pytest.mark.filterwarnings("error")
def test_a_name_that_no_font_writes_is_a_number_in_the_picture(monkeypatch):
    monkeypatch.setattr(glyphs, "FURTHER", ())  # whatever else this machine has
    figure, axes = named_panels("größe", "\u6e29\u5ea6", "\uc2b5\ub3c4 a")
    told = glyphs.numbered(figure)
    assert sorted(told.values()) == ["\u6e29\u5ea6", "\uc2b5\ub3c4 a"]
    assert sorted(told) == ["[1]", "[2]"]
    plots.png_bytes(figure)  # nothing is warned of
    assert axes[0].get_title() == "größe"
    for ax in axes[1:]:
        texts = [ax.get_title(), ax.get_xticklabels()[0], ax.get_legend().get_texts()[0]]
        assert len({getattr(t, "get_text", lambda t=t: t)() for t in texts}) == 1
    assert told[axes[1].get_title()] == "\u6e29\u5ea6"
    assert axes[1].get_xticklabels()[1].get_text() == "b"


def test_a_font_of_the_machine_writes_what_matplotlib_s_lacks(monkeypatch):
    kanji = frozenset("\u6e29")
    fonts = {glyphs.OWN: frozenset(string.printable), "Noto Sans CJK SC": kanji}
    monkeypatch.setattr(glyphs, "_characters", lambda family: fonts.get(family, frozenset()))
    figure, (ax,) = plots.panels(1)
    ax.set_title("a\u6e29")
    ax.set_axis_off()
    assert glyphs.numbered(figure) == {}
    assert ax.title.get_fontfamily() == [glyphs.OWN, "Noto Sans CJK SC"]


def test_a_figure_of_plain_texts_stays_as_it_is():
    figure, axes = named_panels("a", "é\nb")
    before = [own.get_fontfamily() for own in (axes[0].title, axes[1].title)]
    assert glyphs.numbered(figure) == {}
    assert [own.get_fontfamily() for own in (axes[0].title, axes[1].title)] == before
