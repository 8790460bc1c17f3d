"""The Hessian along the spheres on which a system lives, and their normals."""

import numpy as np

from jamharness.api import Array, Constraints, Float64


def tangent_hessian(
    problem: Constraints, w: Array, H: Float64, normal: float, gradient: Array | None = None
) -> Float64:
    """The Hessian along the manifold of w: Q (H − μ I) Q with Q the projector on its tangent space.

    On the sphere |w| = R the second derivative of L along a geodesic is sᵀHs − (w·∇L/R²) |s|² (Absil, Mahony and
    Sepulchre, Optimization Algorithms on Matrix Manifolds, §5.5), and so part by part where several parts of w live on
    spheres of their own. Where w is free it is H itself.

    Arguments:
        problem: whose manifold it is.
        w: (N,).
        H: (N, N), in the space around.
        normal: the eigenvalue given to the normal directions, so that steps stay tangent.
        gradient: ∇L (N,), where it is known.
    """
    if not problem.spheres:
        return H
    gradient = problem.loss_and_gradient(w)[1] if gradient is None else gradient
    shifted, units = np.array(H), normals(problem, w)
    for part, _ in problem.spheres:
        diagonal = np.arange(part.start, part.stop)
        shifted[diagonal, diagonal] -= float(gradient[part] @ w[part]) / float(w[part] @ w[part])
    across = shifted @ units
    projected = shifted - across @ units.T - units @ across.T + units @ (units.T @ across) @ units.T
    return np.asarray(projected + normal * (units @ units.T))


def normals(problem: Constraints, w: Array) -> Float64:
    """The unit vectors (N, k) normal to the manifold of w, one for each sphere."""
    units = np.zeros((len(w), len(problem.spheres)))
    for column, (part, _) in enumerate(problem.spheres):
        units[part, column] = w[part] / np.linalg.norm(w[part])
    return units
