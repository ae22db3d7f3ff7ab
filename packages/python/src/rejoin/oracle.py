"""The program `oracle` that was installed with this package."""

import os
import subprocess
import sys
import sysconfig
from dataclasses import dataclass
from pathlib import Path


def find() -> Path:
    """The path of the program. Raises `FileNotFoundError` where an installation has lost it."""
    name = "oracle" + (sysconfig.get_config_var("EXE") or "")
    parents = Path(__file__).parents
    folders = [
        # Where this interpreter's environment has programs.
        Path(sysconfig.get_path("scripts")),
        # `pip install --user`.
        Path(sysconfig.get_path("scripts", scheme=sysconfig.get_preferred_scheme("user"))),
        # `pip install --prefix P` and `--target T`: P/lib/pythonX.Y/site-packages/rejoin, T/rejoin.
        *(parents[at] / bin for at in (4, 1) if at < len(parents) for bin in ("bin", "Scripts")),
    ]
    for folder in folders:
        if (folder / name).is_file():
            return folder / name
    looked = ", ".join(map(str, folders))
    raise FileNotFoundError(f"the program {name} is in none of {looked}: install rejoin-oracle again")


@dataclass(frozen=True)
class Verdict:
    """What the oracle said of a trace."""

    code: int
    """Its exit code: 0 conforms, 1 a claim is false, 2 nothing could be concluded, 3 no possible trace, 66 unreadable."""
    text: str
    """The verdict and its arguments, for people."""

    @property
    def conforms(self) -> bool:
        """Whether claims were made, and all of them hold."""
        return self.code == 0


def check(trace: str | os.PathLike[str]) -> Verdict:
    """Judges a trace, or all traces below a folder."""
    command = [find(), "check", "--color", "never", "--", trace]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    return Verdict(done.returncode, done.stdout.decode("utf-8", "replace"))


def run(arguments: list[str]) -> int:
    """Runs the program in place of this one, with these arguments."""
    command = [str(find()), *arguments]
    if sys.platform == "win32":
        # There `exec` returns to the caller before the program ends.
        return subprocess.run(command).returncode
    os.execv(command[0], command)
