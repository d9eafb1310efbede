"""Package metadata; everything a machine needs is named here."""

from pathlib import Path

from setuptools import find_packages, setup

NAMESPACE = {}
exec(Path("keras_vabc/version.py").read_text(encoding="utf-8"), NAMESPACE)
REVIEW = ["fastapi>=0.115", "uvicorn>=0.30"]
DOCS = ["sphinx>=8", "myst-parser>=4", "furo>=2024.8"]

setup(
    name="keras_vabc",
    version=NAMESPACE["__version__"],
    description="Generate data like your unlabeled set and none like your unwanted one.",
    long_description=Path("README.md").read_text(encoding="utf-8"),
    long_description_content_type="text/markdown",
    license="Apache-2.0",
    python_requires=">=3.11",
    packages=find_packages(include=["keras_vabc", "keras_vabc.*"]),
    package_data={"keras_vabc": ["pages/*.html", "review/templates/*", "review/static/*"]},
    install_requires=[
        "tensorflow>=2.19",
        "keras>=3.12",  # in earlier ones a tampered file could get past the safe mode
        "numpy>=1.26",
        "tensorflow-datasets>=4.9.9",
        "importlib_resources",  # imported by tensorflow-datasets, which does not declare it
        "matplotlib>=3.8",
        "pillow>=10",
        "pyarrow>=14",
        "pydantic>=2.7",
        "scikit-learn>=1.6",
        "scipy>=1.11",
        "typer>=0.15",
        "rich>=13",
        "jinja2>=3.1",
    ],
    extras_require={
        "docs": DOCS,
        "gpu": ["tensorflow[and-cuda]>=2.19"],
        "onnx": ["tf2onnx>=1.17", "onnxruntime>=1.20"],
        "litert": ["ai-edge-litert>=1.2"],
        "review": REVIEW,
        "test": [
            *DOCS,
            *REVIEW,
            "httpx2>=2.0",  # of the test client of FastAPI
            "playwright>=1.45",
            "tf2onnx>=1.17",
            "onnxruntime>=1.20",
            "ai-edge-litert>=1.2",
            "hypothesis>=6.100",
            "pandas>=2.2",
            "pytest>=8",
            "pytest-xdist>=3.6",
            "ruff>=0.12",
            "nbclient>=0.10",
            "ipykernel>=6.29",
        ],
    },
    entry_points={"console_scripts": ["keras-vabc = keras_vabc.cli.main:main"]},
    classifiers=[
        "Development Status :: 3 - Alpha",
        "Intended Audience :: Developers",
        "Intended Audience :: Science/Research",
        "Programming Language :: Python :: 3.11",
        "Programming Language :: Python :: 3.12",
        "Programming Language :: Python :: 3.13",
        "Topic :: Scientific/Engineering :: Artificial Intelligence",
    ],
)
