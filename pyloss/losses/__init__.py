"""Every loss: one short class each, by family. `pyloss._functions` imports all modules, which registers their losses."""
