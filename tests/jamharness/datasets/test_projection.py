import numpy as np
import pytest
from sklearn.decomposition import PCA
from threadpoolctl import threadpool_limits

from jamharness.datasets.projection import fit, project


@pytest.fixture
def pixels() -> np.ndarray:
    """300 pictures of 30 pixels with variances far apart, the last two pixels constant."""
    draw = np.random.default_rng(3)
    levels = 128 + draw.normal(size=(300, 30)) * np.linspace(40, 2, 30)
    levels[:, 28:] = (0, 255)
    return levels.clip(0, 255).astype(np.uint8)


def test_components_equal_scikit_learns(pixels):
    """Mean, variances, axes and whitened coordinates equal sklearn.decomposition.PCA's, up to signs."""
    referee = PCA(n_components=8, whiten=True, svd_solver="full").fit(pixels / 255.0)
    components = fit([pixels])
    np.testing.assert_allclose(components.mean, referee.mean_, rtol=1e-13)
    np.testing.assert_allclose(components.variances[:8], referee.explained_variance_, rtol=1e-11)
    signs = np.sign((components.axes[:, :8] * referee.components_.T).sum(axis=0))
    np.testing.assert_allclose(components.axes[:, :8] * signs, referee.components_.T, atol=1e-10)
    expected = referee.transform(pixels / 255.0)
    np.testing.assert_allclose(project(components, pixels, 8, "whitened") * signs, expected, atol=1e-9)


def test_whitened_components_have_unit_covariance(pixels):
    """On the set that was fitted, the covariance of whitened components is the identity and their mean is zero."""
    x = project(fit([pixels]), pixels, 12, "whitened")
    np.testing.assert_allclose(np.cov(x.T), np.eye(12), atol=1e-10)
    np.testing.assert_allclose(x.mean(axis=0), 0.0, atol=1e-12)


def test_plain_components_keep_their_eigenvalues(pixels):
    """Not divided, each component has its eigenvalue as variance, and all have the variance of the pictures."""
    components = fit([pixels])
    x = project(components, pixels, 28, "plain")
    np.testing.assert_allclose(np.cov(x.T), np.diag(components.variances), atol=1e-12)
    np.testing.assert_allclose(components.variances.sum(), (pixels / 255.0).var(axis=0, ddof=1).sum(), rtol=1e-12)


def test_constant_pixels_give_no_components(pixels):
    """The rank counts the pixels that vary, and fewer pictures than pixels leave one component less than pictures."""
    assert len(fit([pixels]).variances) == 28
    assert len(fit([pixels[:11]]).variances) == 10


def test_the_largest_loading_of_a_component_is_positive(pixels):
    """The sign of a component is a convention, not an accident of the solver."""
    axes = fit([pixels]).axes
    assert (axes.max(axis=0) > -axes.min(axis=0)).all()


def test_order_blocks_and_sets_do_not_change_a_bit(pixels):
    """Pictures in another order, or in two sets, give the same bits: the covariance is exact."""
    many = np.concatenate([pixels] * 20)
    shuffled = np.random.default_rng(0).permutation(many)
    one, other, parts = fit([many]), fit([shuffled]), fit([shuffled[:7], shuffled[7:]])
    for components in (other, parts):
        assert np.array_equal(one.axes, components.axes)
        assert np.array_equal(one.variances, components.variances)
        assert np.array_equal(one.mean, components.mean)


def test_the_number_of_threads_does_not_change_a_bit():
    """Components and coordinates are the same with one thread and with two."""
    pixels = np.random.default_rng(0).integers(0, 256, (900, 400), dtype=np.uint8)
    coordinates = []
    for threads in (1, 2):
        with threadpool_limits(threads, user_api="blas"):
            coordinates.append(project(fit([pixels]), pixels, 50, "whitened"))
    assert np.array_equal(*coordinates)


@pytest.mark.parametrize("count", [0, 1])
def test_too_few_pictures_have_no_components(count):
    """None or one picture has no variance, and that is no error here."""
    assert len(fit([np.ones((count, 5), dtype=np.uint8)]).variances) == 0
