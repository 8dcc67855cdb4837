"""Every loss: one short class each, by family. Importing this package imports every module in it, which registers their losses."""

import importlib
import pkgutil

for _module in pkgutil.iter_modules(__path__, f"{__name__}."):
    importlib.import_module(_module.name)
