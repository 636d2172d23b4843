"""Jupyter's kernel manager and client without their fixed waits, in a private folder of their own."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import time
import uuid
from pathlib import Path
from queue import Empty
from typing import Any

from jupyter_client.asynchronous.client import AsyncKernelClient
from jupyter_client.manager import AsyncKernelManager

from pmlib.reporting.kernels.launching import ADDRESS_VARIABLE, folder_of_sockets
from pmlib.reporting.kernels.process import ForkedKernel
from pmlib.reporting.kernels.provisioner import WarmProvisioner

#: A kernel that has run its notebook may still do so much at its exit.
_GRACE_S = 5.0
_ANSWER_S = 1.0


class PromptClient(AsyncKernelClient):
    """A client that is ready when the kernel says so, not when it has been silent for a while."""

    def start_channels(self, **channels: bool) -> None:  # type: ignore[override]
        """Open the channels but the heartbeat, a thread that nobody asks: the kernel's process says if it lives."""
        super().start_channels(**channels | {"hb": False})

    async def wait_for_ready(self, timeout: float | None = None) -> None:
        """Wait until a request was answered on both channels, so that no output can be missed.

        Raises
        ------
        RuntimeError
            The kernel died or did not answer in time.
        """
        give_up = time.monotonic() + (timeout or float("inf"))
        while not await self._answers(self.kernel_info()):
            if not await self.is_alive():
                raise RuntimeError("the kernel died as it started")
            if time.monotonic() > give_up:
                raise RuntimeError(f"the kernel did not answer within {timeout:g} s")

    async def _answers(self, request: str) -> bool:
        try:
            while (reply := await self.get_shell_msg(timeout=_ANSWER_S))["parent_header"].get("msg_id") != request:
                continue
            self._handle_kernel_info_reply(reply)
            while True:
                told = await self.get_iopub_msg(timeout=_ANSWER_S)
                if told["parent_header"].get("msg_id") == request and told["content"].get("execution_state") == "idle":
                    return True
        except Empty:
            return False


class PromptManager(AsyncKernelManager):
    """Starts a kernel through :class:`WarmProvisioner`, and leaves a forked one to end by itself."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.client_factory = PromptClient
        self._folder: Path | None = None

    async def start_kernel(self, **options: Any) -> None:  # type: ignore[override]
        """Start it with sockets (or where they cannot be files: ports) and a connection file nobody else can read."""
        options["env"] = dict(options.get("env") or os.environ)
        self._folder = Path(tempfile.mkdtemp(prefix="k", dir=_place_of_sockets(options["env"])))
        self.connection_file = str(self._folder / "kernel.json")
        if sys.platform != "win32":
            self.transport, self.ip = "ipc", str(self._folder / "c")
        self.kernel_id = self.kernel_id or str(uuid.uuid4())
        self.provisioner = WarmProvisioner(kernel_id=self.kernel_id, kernel_spec=self.kernel_spec, parent=self)
        await super().start_kernel(**options)

    async def shutdown_kernel(self, now: bool = False, restart: bool = False) -> None:  # type: ignore[override]
        """End the kernel; a forked one is asked to, and not waited for."""
        process = getattr(self.provisioner, "process", None)
        if now or restart or not isinstance(process, ForkedKernel):
            await super().shutdown_kernel(now=now, restart=restart)
            return
        self.shutting_down = True
        await self.request_shutdown()
        process.release(_GRACE_S)
        await self.cleanup_resources()

    async def cleanup_resources(self, restart: bool = False) -> None:  # type: ignore[override]
        """Let go of sockets and files."""
        await super().cleanup_resources(restart=restart)
        if self._folder is not None and not restart:
            shutil.rmtree(self._folder, ignore_errors=True)


def _place_of_sockets(environment: dict[str, str]) -> str:
    """Folder for a kernel's own: that of the warm process, which goes in any case, else that of temporary files."""
    address = Path(environment.get(ADDRESS_VARIABLE, ""))
    return str(address.parent) if address.is_socket() else folder_of_sockets()
