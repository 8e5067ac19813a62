"""What the suites are made of, fetched and built once: beside what tests/clients keeps.

Each part has a stamp with the hash of what it was made from; see harness/tools.py.
"""

import os
import pathlib
import shutil
import subprocess
import sys
import tarfile
import tomllib

from harness import tools
from harness.tools import REPOSITORY, Stamp, ToolError, attempt

HERE = pathlib.Path(__file__).resolve().parent.parent


class Cache(tools.Cache):
    def sdist(self, requirement, digest):
        """The unpacked source distribution of a Python package: `name==version`, its SHA-256."""
        directory = self.root / f"sdist-{requirement.partition('=')[0]}"
        with Stamp(directory, [], requirement + digest) as stamp:
            if not stamp.fresh:
                pins = directory / "requirements.txt"
                pins.write_text(f"{requirement} --hash=sha256:{digest}\n")
                pip = [str(self.python), "-m", "pip", "download", "-q", "--no-deps"]
                source = ["--no-binary", ":all:", "--require-hashes"]
                attempt([*pip, *source, "-d", str(directory), "-r", str(pins)])
                unpack(next(directory.glob("*.tar.gz")), directory / "source")
        return directory / "source"

    def crate(self, name, version, digest):
        """The unpacked package of a crate, outside of any workspace; `digest` as in Cargo.lock."""
        directory = self.root / f"crate-{name}"
        with Stamp(directory, [], f"{version} {digest}") as stamp:
            if not stamp.fresh:
                fetch_crate(directory / "fetch", name, version, digest)
                fetched = f"registry/src/*/{name}-{version}"
                (source,) = cargo_home().glob(fetched)
                shutil.copytree(source, directory / "source")
                with open(directory / "source" / "Cargo.toml", "a") as manifest:
                    manifest.write("\n[workspace]\n")
        return directory / "source"

    def cargo_environment(self, name):
        """The toolchain of this repository instead of the crate's own, and a place to build in."""
        toolchain = tomllib.loads((REPOSITORY / "rust-toolchain.toml").read_text())["toolchain"]
        target = self.root / f"crate-{name}-target"
        return {
            **os.environ,
            "RUSTUP_TOOLCHAIN": toolchain["channel"],
            "CARGO_TARGET_DIR": str(target),
            "RUSTFLAGS": "--allow=warnings",
        }

    def go(self, name):
        """The program of go/NAME, built with the versions and hashes of its go.mod and go.sum."""
        source = HERE / "go" / name
        directory = self.root / f"go-{name}"
        with Stamp(directory, sorted(source.iterdir())) as stamp:
            if not stamp.fresh:
                build = ["go", "build", "-C", str(source), "-mod=readonly", "-o", str(directory)]
                attempt(build, {"GOTOOLCHAIN": "local", "GOFLAGS": "-buildvcs=false"})
        return directory / name

    def go_tests(self, name, module, package):
        """The tests of a package of a module that go/NAME uses, as a program."""
        source = HERE / "go" / name
        directory = self.root / f"go-{name}-tests"
        with Stamp(directory, [source / "go.sum"], module + package) as stamp:
            if not stamp.fresh:
                find = ["go", "list", "-C", str(source), "-m", "-f", "{{.Dir}}", module]
                copy = directory / "source"
                # Modules are kept read-only, and their tests run in their own directory.
                shutil.copytree(output_of(find).strip(), copy, copy_function=shutil.copyfile)
                build = ["go", "test", "-C", str(copy), "-c", "-o", str(directory / "tests")]
                attempt([*build, f"./{package}"], {"GOTOOLCHAIN": "local", "GOWORK": "off"})
        return directory / "tests"

    def node(self, name, prepare=None):
        """The directory of node/NAME with the packages that its lock file pins."""
        source = HERE / "node" / name
        directory = self.root / f"node-{name}"
        files = [source / "package.json", source / "package-lock.json"]
        with Stamp(directory, files) as stamp:
            if not stamp.fresh:
                for path in files:
                    shutil.copy(path, directory)
                npm = ["npm", "ci", "--prefix", str(directory), "--no-audit", "--no-fund"]
                attempt([*npm, "--ignore-scripts"])
                if prepare:
                    prepare(directory)
        for path in source.glob("*.mjs"):
            shutil.copy(path, directory)
        return directory

    def conformance_jars(self):
        """Streams, Connect and the compiled programs of java/src, as a class path."""
        pom = HERE / "java" / "pom.xml"
        jars = self.root / "conformance-jars"
        with Stamp(jars, [pom]) as stamp:
            if not stamp.fresh:
                goal = ["dependency:copy-dependencies", "-DincludeScope=runtime"]
                attempt(["mvn", "-B", "-q", "-f", str(pom), *goal, f"-DoutputDirectory={jars}"])
        classes = self.root / "conformance-classes"
        sources = sorted((HERE / "java" / "src").glob("*.java"))
        with Stamp(classes, [pom, *sources]) as stamp:
            if not stamp.fresh:
                compiler = ["javac", "-Xlint:all,-path,-classfile", "-Werror", "-proc:none"]
                target = ["-cp", f"{jars}/*", "-d", str(classes)]
                attempt([*compiler, *target, *map(str, sources)])
        return f"{classes}:{jars}/*"

    def conformance_java(self, main, log_level="warn"):
        """The start of a command line that runs `main` of those jars."""
        log = f"-Dorg.slf4j.simpleLogger.defaultLogLevel={log_level}"
        flags = ["-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", log]
        return ["java", *flags, "-cp", self.conformance_jars(), main]


def unpack(archive, directory):
    """The one directory of the archive becomes `directory`."""
    with tarfile.open(archive) as file:
        file.extractall(directory.parent / "unpacked", filter="data")
    (unpacked,) = (directory.parent / "unpacked").iterdir()
    unpacked.rename(directory)


def fetch_crate(directory, name, version, digest):
    """By cargo itself, from a package that depends on it; the lock file tells the hash."""
    (directory / "src").mkdir(parents=True)
    (directory / "src" / "lib.rs").write_text("")
    (directory / "Cargo.toml").write_text(
        f'[package]\nname = "fetch"\nversion = "0.0.0"\nedition = "2024"\n'
        f'[dependencies]\n{name} = "={version}"\n[workspace]\n'
    )
    attempt(["cargo", "fetch", "-q", "--manifest-path", str(directory / "Cargo.toml")])
    locked = tomllib.loads((directory / "Cargo.lock").read_text())["package"]
    (found,) = [entry["checksum"] for entry in locked if entry["name"] == name]
    if found != digest:
        raise ToolError(f"{name} {version} has the hash {found} instead of {digest}")


def cargo_home():
    return pathlib.Path(os.environ.get("CARGO_HOME", pathlib.Path.home() / ".cargo"))


def output_of(command):
    """What a command that only prints prints."""
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, stderr=sys.stderr)
    return done.stdout.decode()
