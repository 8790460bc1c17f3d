"""The Hessian along the spheres on which a system lives, and their normals."""

import numpy as np

from jamharness.api import Array, Constraints, Float64


def tangent_hessian(problem: Constraints, w: Array, H: Array, normal: float, gradient: Array | None = None) -> Array:
    """The Hessian along the manifold of w: Q (H − μ I) Q with Q the projector on its tangent space.

    On the sphere |w| = R the second derivative of L along a geodesic is sᵀHs − (w·∇L/R²) |s|² (Absil, Mahony and
    Sepulchre, Optimization Algorithms on Matrix Manifolds, §5.5), and so part by part where several parts of w live on
    spheres of their own. Where w is free it is H itself.

    Arguments:
        problem: whose manifold it is.
        w: (N,).
        H: (N, N), in the space around, of either dtype.
        normal: the eigenvalue given to the normal directions, so that steps stay tangent.
        gradient: ∇L (N,), where it is known.
    """
    if not problem.spheres:
        return H
    gradient = problem.loss_and_gradient(w)[1] if gradient is None else gradient
    along, units = np.array(H), normals(problem, w).astype(H.dtype)
    for part, _ in problem.spheres:
        diagonal = np.arange(part.start, part.stop)
        along[diagonal, diagonal] -= float(gradient[part] @ w[part]) / float(w[part] @ w[part])
    # Q H Q + normal (1 − Q) = H − A Uᵀ − U Aᵀ with the normals U and A = H U − U (UᵀH U + normal) / 2.
    across = along @ units
    across -= 0.5 * units @ (units.T @ across + normal * np.eye(units.shape[1], dtype=H.dtype))
    along -= np.hstack([across, units]) @ np.hstack([units, across]).T
    return along


def normals(problem: Constraints, w: Array) -> Float64:
    """The unit vectors (N, k) normal to the manifold of w, one for each sphere."""
    units = np.zeros((len(w), len(problem.spheres)))
    for column, (part, _) in enumerate(problem.spheres):
        units[part, column] = w[part] / np.linalg.norm(w[part])
    return units
