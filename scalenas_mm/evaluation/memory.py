"""Free memory."""
import os

import torch


def available(device: torch.device) -> int:
    """Bytes of free memory; without what files are cached in."""
    if device.type == 'cuda':
        return torch.cuda.mem_get_info(device)[0]
    try:
        return os.sysconf('SC_AVPHYS_PAGES') * os.sysconf('SC_PAGE_SIZE')
    except (AttributeError, ValueError, OSError):  # not on every system
        return 2**30
