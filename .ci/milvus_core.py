"""Hold `MilvusStore` to the contract with the real C++ core of Milvus, as milvus-lite 2.5.1 brings it.

    python -m venv core && core/bin/pip install 'setuptools<81' pymilvus==2.5.18 milvus-lite==2.5.1 hypothesis scipy scikit-learn narwhals tqdm
    PYTHONPATH=. core/bin/python .ci/milvus_core.py

Two things that this build cannot do, and the server and milvus-lite 3 can, are worked around here: it has no `not`, and it reports an
error where a query finds no rows.
"""
import importlib.metadata
import logging

from embed_lab.store.base import StoreError, check_store
from embed_lab.store.milvus_store import _ALL, MilvusStore, _expression, _literal


class CoreStore(MilvusStore):
    """A `MilvusStore` on milvus-lite 2.5.1."""

    tier = "engine"

    def _ask(self, call, *arguments, **options):
        try:
            return super()._ask(call, *arguments, **options)
        except StoreError as error:
            if "Unsupported data type: 0" in str(error):
                return []
            raise

    def _negated(self, expression):
        keys = [row["pk"] for row in self._rows(expression, ["pk"])]
        return f"pk not in [{', '.join(map(_literal, keys))}]" if keys else _ALL

    def _where(self, tree):
        return "" if tree is None else _expression(tree, self._negated)


if __name__ == "__main__":
    logging.disable(logging.CRITICAL)           # the client logs each of these errors
    versions = {name: importlib.metadata.version(name) for name in ("pymilvus", "milvus-lite")}
    assert versions["milvus-lite"].startswith("2.5."), versions
    check_store(lambda path, **options: CoreStore("rows", path=path, **options), rows=2_000, examples=40)
    print("CoreStore keeps the contract of a store with", versions, flush=True)
