"""The image and the manifests, by their conditions: no container engine runs on the machines that build Watchword.

What an engine would do (namespaces, a user that is nobody, a read-only root, one folder, process 1, secrets as files, a
peer that is not loopback) is done with the kernel's own means; the image itself was never built here.
"""

import json
import re
import subprocess
import sys
from itertools import takewhile
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.production.init_command import written
from tests.production.namespaces import ROOT, why_not

CONTAINERFILE = (ROOT / "Containerfile").read_text()
KUBERNETES = ("--issuer", "auth.example.com", "--target", "kubernetes", "--image", "registry.example.com/watchword:1.0")


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What became of `migrate` and `serve` under the conditions of a container."""
    if (reason := why_not("nsenter", kinds=("--net", "--mount", "--pid", "--fork"))) is not None:
        pytest.skip(reason)
    directory = tmp_path_factory.mktemp("container")
    command = ["unshare", "--net", "--mount", "--", sys.executable, "-m", "tests.production.container_day"]
    done = subprocess.run([*command, str(directory)], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-6000:]
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.mark.slow
@pytest.mark.postgres
class TestConditions:
    def test_a_user_that_nobody_knows_migrates_and_serves_as_process_1(self, day: dict[str, Any]) -> None:
        assert day["migrated"] == 0
        assert day["pid"] == 1
        assert day["uid"] == day["expected uid"]

    def test_it_needs_to_write_nowhere_but_to_its_data(self, day: dict[str, Any]) -> None:
        assert day["writable"] == []
        assert day["data"] is True

    def test_from_another_machine_it_answers_its_own_name_alone_but_probes_under_any(self, day: dict[str, Any]) -> None:
        assert day["hosts"]["auth.example.com"] == [200, 200]
        others = {host: answers for host, answers in day["hosts"].items() if host != "auth.example.com"}
        assert set(map(tuple, others.values())) == {(421, 200)}

    def test_the_healthcheck_of_the_image_tells_life_from_death(self, day: dict[str, Any]) -> None:
        assert day["healthcheck"] == 0
        assert day["healthcheck after"] != 0

    def test_process_1_takes_in_orphans_and_ends_with_all_that_is_below_it(self, day: dict[str, Any]) -> None:
        assert day["reaped"] is True
        assert day["stopped"] == 0
        assert day["left"] == []

    def test_no_secret_is_in_its_log(self, day: dict[str, Any]) -> None:
        assert day["log tells a secret"] is False


def instructions() -> list[tuple[str, str]]:
    lines = [line for line in CONTAINERFILE.splitlines() if line and not line.startswith("#")]
    return [(name, rest) for name, _, rest in (line.partition(" ") for line in lines)]


def test_the_image_runs_as_nobody_and_says_how_it_is_stopped() -> None:
    last = instructions()[[name for name, _ in instructions()].index("FROM", 1) :]
    assert dict(last)["USER"] == "10001:10001"
    assert dict(last)["STOPSIGNAL"] == "SIGTERM"
    assert json.loads(dict(last)["VOLUME"]) == ["/data"]
    assert json.loads(dict(last)["ENTRYPOINT"]) == ["watchword"]
    assert "HEALTHCHECK" in dict(last)
    after_user = [name for name, _ in last][[name for name, _ in last].index("USER") :]
    assert "RUN" not in after_user


def test_what_the_image_is_made_of_is_there_and_locked() -> None:
    for name, rest in instructions():
        if name == "COPY" and not rest.startswith("--from"):
            for source in rest.split()[:-1]:
                assert (ROOT / source).exists(), source
        if name == "RUN" and "pip install" in rest:
            assert "--require-hashes" in rest or "--no-index" in rest, rest
    allowed = {line[1:] for line in (ROOT / ".containerignore").read_text().splitlines() if line.startswith("!")}
    copied = {
        source
        for name, rest in instructions()
        if name == "COPY" and "--from" not in rest
        for source in rest.split()[:-1]
    }
    assert allowed == copied
    assert (ROOT / ".dockerignore").read_text() == (ROOT / ".containerignore").read_text()


@pytest.fixture
def objects(tmp_path: Path) -> dict[str, dict[str, Any]]:
    """Every object of the manifests by its kind."""
    made = written(tmp_path / "made", *KUBERNETES)
    read = [
        document
        for path in made.directory.rglob("*.yaml")
        for document in yaml.safe_load_all(path.read_text())
        if path.name != "kustomization.yaml"
    ]
    assert len({one["kind"] for one in read}) == len(read)
    return {one["kind"]: one for one in read}


def test_every_resource_of_the_kustomization_is_there(tmp_path: Path) -> None:
    made = written(tmp_path / "made", *KUBERNETES)
    for path in made.directory.rglob("kustomization.yaml"):
        kustomization = yaml.safe_load(path.read_text())
        named = [*kustomization["resources"]]
        for generator in ("configMapGenerator", "secretGenerator"):
            named += [file for one in kustomization.get(generator, []) for file in one["files"]]
        assert [name for name in named if not (path.parent / name).exists()] == []
    overlay = yaml.safe_load(made.text("kustomization.yaml"))
    assert overlay["images"] == [{"name": "watchword", "newName": "registry.example.com/watchword", "newTag": "1.0"}]


@pytest.mark.parametrize("kind", ["Deployment", "Job"])
def test_pods_have_no_privilege_and_a_read_only_root(objects: dict[str, dict[str, Any]], kind: str) -> None:
    """Kubernetes' Pod Security Standards, the restricted one."""
    pod = objects[kind]["spec"]["template"]["spec"]
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert pod["automountServiceAccountToken"] is False
    (container,) = pod["containers"]
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]},
    }  # fmt: skip
    assert {"cpu", "memory"} <= container["resources"]["requests"].keys()
    volumes = {volume["name"]: volume for volume in pod["volumes"]}
    assert {mount["name"] for mount in container["volumeMounts"]} == volumes.keys()
    assert volumes["secrets"]["secret"]["defaultMode"] == 0o440
    assert pod["securityContext"]["fsGroup"] == pod["securityContext"]["runAsUser"]


def test_pods_come_and_go_without_a_request_lost(objects: dict[str, dict[str, Any]]) -> None:
    deployment = objects["Deployment"]["spec"]
    pod = deployment["template"]["spec"]
    (container,) = pod["containers"]
    assert container["livenessProbe"]["httpGet"]["path"] == "/healthz"
    assert container["readinessProbe"]["httpGet"]["path"] == "/readyz"
    (port,) = container["ports"]
    assert objects["Service"]["spec"]["ports"][0]["targetPort"] == port["name"]
    labels = deployment["template"]["metadata"]["labels"]
    for selector in (
        deployment["selector"]["matchLabels"],
        objects["Service"]["spec"]["selector"],
        objects["PodDisruptionBudget"]["spec"]["selector"]["matchLabels"],
        pod["topologySpreadConstraints"][0]["labelSelector"]["matchLabels"],
    ):
        assert selector.items() <= labels.items()
        assert not selector.items() <= objects["Job"]["spec"]["template"]["metadata"]["labels"].items()
    assert objects["PodDisruptionBudget"]["spec"]["maxUnavailable"] < deployment["replicas"]
    pause = int(container["lifecycle"]["preStop"]["exec"]["command"][1])
    assert pod["terminationGracePeriodSeconds"] > pause + 10  # which the supervisor takes at most


def test_compose_mounts_what_is_written_and_trusts_one_address(tmp_path: Path) -> None:
    made = written(tmp_path / "made", "--issuer", "auth.example.com", "--target", "compose")
    project = yaml.safe_load(made.text("compose.yaml"))
    for service in ("watchword", "migrate"):
        assert project["services"][service]["read_only"] is True
        assert project["services"][service]["cap_drop"] == ["ALL"]
        assert set(project["services"][service]["secrets"]) <= project["secrets"].keys()
    for secret in project["secrets"].values():
        assert (made.directory / secret["file"]).is_file()
    for service in project["services"].values():
        for volume in service.get("volumes", []):
            source = volume.partition(":")[0]
            assert (made.directory / source).is_file() if source.startswith("./") else source in project["volumes"]
    address = project["services"]["caddy"]["networks"]["default"]["ipv4_address"]
    assert f'trusted_proxies = ["{address}"]' in made.text("watchword.toml")
    assert "ports" not in project["services"]["watchword"]


def test_the_examples_in_deploy_are_what_init_writes(tmp_path: Path) -> None:
    """`deploy/` shows without running anything; it cannot differ."""
    for target in ("compose", "kubernetes"):
        words = ("--issuer", "auth.example.com", "--target", target, "--image", "registry.example.com/watchword:1.0")
        made = written(tmp_path / target, *words)
        shown = {entry["path"] for entry in made.said["files"] if not entry["path"].startswith("secrets/")}
        folder = ROOT / "deploy" / target
        there = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
        assert there == shown
        for name in shown:
            assert (folder / name).read_text() == made.text(name), f"{target}/{name}: run `watchword init` anew"


def test_the_first_comment_of_the_containerfile_says_how_it_is_built() -> None:
    head = "\n".join(takewhile(lambda line: line.startswith("#"), CONTAINERFILE.splitlines()))
    assert re.search(r"podman build -t watchword \.", head)
