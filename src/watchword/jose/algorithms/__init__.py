"""The signing algorithms, one file per key type, one tuple that everything reads."""

from watchword.jose.algorithms import akp, ec, oct, okp, rsa  # noqa: A004  `oct` is the name of the key type
from watchword.jose.algorithms.algorithm import Algorithm, KeyMaterial

ALGORITHMS: tuple[Algorithm, ...] = (
    *ec.ALGORITHMS,
    *okp.ALGORITHMS,
    *akp.ALGORITHMS,
    *rsa.ALGORITHMS,
    *oct.ALGORITHMS,
)
BY_NAME = {algorithm.name: algorithm for algorithm in ALGORITHMS}
ASYMMETRIC: tuple[str, ...] = tuple(algorithm.name for algorithm in ALGORITHMS if not algorithm.is_symmetric)

__all__ = ["ALGORITHMS", "ASYMMETRIC", "BY_NAME", "Algorithm", "KeyMaterial"]
