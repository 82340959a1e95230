"""What each file loads: nothing optional unless it is for it, and a clear sentence where that is missing."""

import subprocess
import sys

import pytest

OPTIONAL = ("starlette", "fastapi", "flask", "werkzeug", "django", "rest_framework", "grpc")


def run(program: str) -> str:
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return done.stdout.strip()


@pytest.mark.parametrize("module", ["asgi", "aws_lambda"])
def test_these_need_nothing_beside_the_base_install(module: str) -> None:
    loaded = run(f"import sys, watchword.{module}\nprint(*sys.modules)").split()
    assert f"watchword.{module}" in loaded
    assert {name.partition(".")[0] for name in loaded} & set(OPTIONAL) == set()


@pytest.mark.parametrize(
    ("module", "missing", "extra"),
    [
        ("starlette", "starlette", "starlette"),
        ("flask", "flask", "flask"),
        ("django", "django", "django"),
        ("django.rest", "rest_framework", "djangorestframework"),
        ("grpc", "grpc", "grpc"),
    ],
)
def test_a_framework_that_is_not_installed_is_named_with_the_install_line(
    module: str, missing: str, extra: str
) -> None:
    told = run(
        f"import sys\nsys.modules[{missing!r}] = None\n"
        f"try:\n    import watchword.{module}\nexcept ImportError as error:\n    print(error)"
    )
    assert told.endswith(f'pip install "watchword[{extra}]"')
