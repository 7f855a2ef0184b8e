"""The files in `deploy/` are what their own tools take them for, and agree with each other."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from liveactions import Limits

DEPLOY = Path(__file__).parents[2] / "deploy"
DOCKERFILE = (DEPLOY / "Dockerfile").read_text()
UNIT = (DEPLOY / "clicks.service").read_text()
COMPOSE: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
KUBERNETES: dict[str, Any] = {
    one["kind"]: one for one in yaml.safe_load_all((DEPLOY / "kubernetes.yaml").read_text())
}
GRACE = re.compile(r"--timeout-graceful-shutdown\W+(\d+)")


def check(name: str, *arguments: str, env: dict[str, str] | None = None) -> str:
    """Run a tool that must be content. Without it, the test is skipped."""
    folders = [os.environ.get("PATH", ""), "/usr/sbin", str(Path(sys.executable).parent)]
    program = shutil.which(name, path=os.pathsep.join(folders))
    if program is None:
        pytest.skip(f"{name} isn't installed")
    found = subprocess.run(
        [program, *arguments], capture_output=True, text=True, env={**os.environ, **(env or {})}
    )
    assert found.returncode == 0, found.stdout + found.stderr
    return found.stdout + found.stderr


def commands() -> list[tuple[str, str]]:
    """The instructions of the Dockerfile, with their arguments."""
    lines = re.sub(r"\\\n\s*", "", re.sub(r"^#.*\n", "", DOCKERFILE, flags=re.MULTILINE)).splitlines()
    return [(word, rest) for word, _, rest in (line.partition(" ") for line in lines) if word]


def test_the_image_is_built_in_two_stages_and_runs_as_nobody() -> None:
    steps = commands()
    assert [word for word, _ in steps].count("FROM") == 2
    last = steps[max(n for n, (word, _) in enumerate(steps) if word == "FROM") :]
    assert [rest for word, rest in last if word == "USER"] == ["10001"]
    assert not any("pip install" in rest for _, rest in last)
    health = next(rest for word, rest in last if word == "HEALTHCHECK")
    assert "/_live/health/live" in health
    command = json.loads(next(rest for word, rest in last if word == "CMD"))
    assert command[:2] == ["uvicorn", "app:live"]


def test_what_the_image_copies_is_not_ignored() -> None:
    lines = (DEPLOY / "Dockerfile.dockerignore").read_text().splitlines()
    allowed = {line[1:] for line in lines if line.startswith("!")}
    for word, rest in commands():
        if word == "COPY" and "--from" not in rest:
            for source in rest.split()[:-1]:
                assert source in allowed and (DEPLOY.parent / source).exists()


def test_the_dockerfile_by_hadolint() -> None:
    check("hadolint", str(DEPLOY / "Dockerfile"))


def test_the_compose_file() -> None:
    services = COMPOSE["services"]
    assert services.keys() == {"app1", "app2", "caddy", "redis"}
    for name in ("app1", "app2"):
        assert services[name]["read_only"] and services[name]["cap_drop"] == ["ALL"]
        assert "ports" not in services[name]  # FORWARDED_ALLOW_IPS trusts whoever reaches it
    assert "noeviction" in services["redis"]["command"] and "ports" not in services["redis"]
    named = {volume.partition(":")[0] for one in services.values() for volume in one.get("volumes", ())}
    assert {name for name in named if not name.startswith(".")} == COMPOSE["volumes"].keys()


def test_the_compose_file_by_docker() -> None:
    docker, path = shutil.which("docker"), str(DEPLOY / "compose.yaml")
    if docker and subprocess.run([docker, "compose", "version"], capture_output=True).returncode:
        pytest.skip("docker has no compose plugin")
    check("docker", "compose", "-f", path, "config", "-q", env={"LIVEACTIONS_KEY": "k" * 32})


def test_the_caddyfile_by_caddy(tmp_path: Path) -> None:
    env = {"XDG_DATA_HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path)}
    check("caddy", "validate", "--config", str(DEPLOY / "Caddyfile"), "--adapter", "caddyfile", env=env)


def test_the_configuration_by_nginx(tmp_path: Path) -> None:
    text = (DEPLOY / "nginx.conf").read_text()
    for number, name in enumerate(("app1", "app2")):
        text = text.replace(f"{name}:8000", f"127.0.0.1:{8001 + number}")  # names are looked up at once
    folders = "".join(
        f"    {name}_temp_path {tmp_path / name};\n"
        for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    text = text.replace("http {\n", f"http {{\n{folders}    access_log off;\n", 1)
    path = tmp_path / "nginx.conf"
    path.write_text(f"pid {tmp_path / 'pid'};\nerror_log {tmp_path / 'log'};\n{text}")
    check("nginx", "-t", "-c", str(path), "-e", str(tmp_path / "log"))


def test_nginx_passes_on_what_live_pages_need() -> None:
    text = (DEPLOY / "nginx.conf").read_text()
    for line in (
        "proxy_set_header Upgrade $http_upgrade;",
        "proxy_set_header Host $http_host;",
        "proxy_set_header X-Forwarded-Proto $scheme;",
        "proxy_buffering off;",
        "proxy_http_version 1.1;",
    ):
        assert line in text
    assert not re.search(r"^\s*(ip_hash|sticky|hash)\b", text, re.MULTILINE)


def test_the_unit_by_systemd(tmp_path: Path) -> None:
    unit = tmp_path / "clicks.service"
    unit.write_text(re.sub(r"(?m)^ExecStart=\S+", f"ExecStart={sys.executable} -m uvicorn", UNIT))
    assert not check("systemd-analyze", "verify", str(unit))


@pytest.mark.parametrize("kind", KUBERNETES)
def test_the_manifest_by_the_schemas_of_kubernetes(kind: str) -> None:
    kubernetes_validate.validate(KUBERNETES[kind], kubernetes_validate.latest_version(), strict=True)


def test_probes_ask_what_they_are_for() -> None:
    spec = KUBERNETES["Deployment"]["spec"]["template"]["spec"]
    (container,) = spec["containers"]
    assert container["livenessProbe"]["httpGet"]["path"] == "/_live/health/live"
    assert container["readinessProbe"]["httpGet"]["path"] == "/_live/health/ready"
    assert spec["securityContext"]["runAsNonRoot"]
    labels = KUBERNETES["Deployment"]["spec"]["template"]["metadata"]["labels"]
    assert KUBERNETES["Service"]["spec"]["selector"] == labels
    assert KUBERNETES["PodDisruptionBudget"]["spec"]["selector"]["matchLabels"] == labels


def test_everybody_waits_longer_than_draining_takes() -> None:
    drain = Limits().drain
    for text in (DOCKERFILE, UNIT):
        found = GRACE.search(text)
        assert found is not None and int(found[1]) == 10
    needed = drain + 10
    stop = re.search(r"^TimeoutStopSec=(\d+)$", UNIT, re.MULTILINE)
    assert stop is not None and int(stop[1]) > needed
    for name in ("app1", "app2"):
        assert int(COMPOSE["services"][name]["stop_grace_period"].rstrip("s")) > needed
    spec = KUBERNETES["Deployment"]["spec"]["template"]["spec"]
    pause = int(spec["containers"][0]["lifecycle"]["preStop"]["exec"]["command"][1])
    assert spec["terminationGracePeriodSeconds"] > needed + pause
