"""Packaging, driven by settings.ini: every `NAME_requirements` there is the extra `NAME`."""
from configparser import ConfigParser
from pathlib import Path

from setuptools import find_packages, setup

parser = ConfigParser(delimiters=["="])
parser.read("settings.ini", encoding="utf-8")
cfg = parser["DEFAULT"]
SUFFIX = "_requirements"
extras = {key.removesuffix(SUFFIX): cfg[key].split() for key in cfg if key.endswith(SUFFIX)}
roads = [name for name in extras if name != "dev"]
extras["all"] = sorted({need for name in roads for need in extras[name]})
extras["dev"] = sorted({need for needs in extras.values() for need in needs})
minor = int(cfg["min_python"].split(".")[1])

setup(
    name=cfg["lib_name"],
    version=cfg["version"],
    description=cfg["description"],
    long_description=Path("README.md").read_text(encoding="utf-8"),
    long_description_content_type="text/markdown",
    author=cfg["author"],
    author_email=cfg["author_email"],
    url=cfg["git_url"],
    keywords=cfg["keywords"].split(),
    license="Apache-2.0",
    classifiers=[
        "Development Status :: 3 - Alpha",
        "Intended Audience :: Developers",
        "Intended Audience :: Education",
        "Intended Audience :: Science/Research",
        "Natural Language :: English",
    ] + [f"Programming Language :: Python :: 3.{m}" for m in range(minor, 14)],
    packages=find_packages(include=["embed_lab", "embed_lab.*"]),
    python_requires=f">={cfg['min_python']}",
    install_requires=cfg["requirements"].split(),
    extras_require=extras,
    entry_points={
        "console_scripts": cfg["console_scripts"].split(),
        "nbdev": [f"{cfg['lib_name']}={cfg['lib_name']}._modidx:d"],
    },
    zip_safe=False,
)
