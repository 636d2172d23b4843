"""The engine that papermill finds by its entry point ``pmlib-warm``."""

from __future__ import annotations

from typing import Any


class WarmEngine:
    """Runs a notebook in a kernel that is forked where it can be, and without Jupyter's fixed waits.

    It has the methods of papermill's engines and not their base class: papermill loads this module while it is itself
    being imported.
    """

    @classmethod
    def execute_notebook(cls, nb: Any, kernel_name: str, **options: Any) -> Any:
        """Execute a notebook; ``start`` among the options goes to the kernel (cwd, env, stdout, stderr, memory_mb)."""
        from pmlib.reporting.kernels.running import execute

        return execute(nb, kernel_name, **options)

    @classmethod
    def nb_kernel_name(cls, nb: Any, name: str | None = None) -> str:
        """Kernel to use: the one named, else the notebook's own."""
        from papermill.utils import nb_kernel_name

        return str(nb_kernel_name(nb, name))

    @classmethod
    def nb_language(cls, nb: Any, language: str | None = None) -> str:
        """Language to use: the one named, else the notebook's own."""
        from papermill.utils import nb_language

        return str(nb_language(nb, language))
