"""Whether an export is the one that was certified."""

from keras_vabc.evaluation.certificate.statement import read_certificate
from keras_vabc.recipes.exported import Exported

CERTIFIED = "sha256"  # of `Certificate.certified`: hashes of the model and, of a table, the columns
FORGED = "This tells another file; it cannot tell a forged certificate."


def verify(certificate, export):
    """Compares an export with the one that a certificate names.

    Args:
        certificate: Path of a `certificate.json`.
        export: Path of a SavedModel that `keras-vabc export` made, or of a copy of it.

    Returns:
        `Certificate`.

    Raises:
        RuntimeError: If it is another one, or was changed.
        ValueError: If the certificate is damaged, or of no export; or `export` is no SavedModel.
        OSError: If something is not there, or cannot be read.
    """
    read = read_certificate(certificate)
    own = (read.certified or {}).get(CERTIFIED)
    if not own:
        raise ValueError(
            "certificate must be one of an export, by keras-vabc certify. Received: "
            f"{certificate}, of {read.attempt.what!r}."
        )
    exported = Exported(export)
    found = exported.sha256
    other = [name for name in own if found.get(name) != own[name]]
    if other:
        name = other[0]
        raise RuntimeError(
            f"{export} is not the export that {certificate} certifies: sha256 of its {name} is "
            f"{found.get(name, 'none')}, not {own[name]}."
        )
    return read
