"""Signs files with Content Credentials of one's own: a certificate made here, which no one trusts."""

import datetime as dt
import io
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import c2pa
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

IPTC = "http://cv.iptc.org/newscodes/digitalsourcetype/"
AI, CAMERA = f"{IPTC}trainedAlgorithmicMedia", f"{IPTC}digitalCapture"
_NEVER = dt.datetime(2049, 1, 1, tzinfo=dt.UTC)
_LONG_AGO = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)


@dataclass(frozen=True)
class Identity:
    """A signer, and the root certificate above it in PEM."""

    signer: c2pa.Signer
    root: str


@cache
def identity() -> Identity:
    """The one that signs; the same in every call."""
    return new_identity()


def new_identity() -> Identity:
    """With certificates that fulfil what C2PA asks of them."""
    root_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    root = _certificate("Root", root_key, "Root", root_key)
    chain = _pem(_certificate("Signer", key, "Root", root_key)) + _pem(root)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    info = c2pa.C2paSignerInfo(c2pa.C2paSigningAlg.ES256, chain, private, None)
    return Identity(c2pa.Signer.from_info(info), _pem(root).decode())


def signed(
    data: bytes,
    kind: str,
    source: str | None = AI,
    *,
    address: str = "",
    ingredients: Sequence[tuple[bytes, str]] = (),
) -> bytes:
    """The file with a manifest in it that names this source; with an address, the file has that alone.

    `kind` is a MIME type. Ingredients are signed files, with their types.
    """
    action = {"action": "c2pa.created", **({"digitalSourceType": source} if source else {})}
    if not source:
        action = {"action": "c2pa.opened"} if ingredients else {"action": "c2pa.edited"}
    manifest = {
        "claim_generator_info": [{"name": "test", "version": "1"}],
        "assertions": [{"label": "c2pa.actions", "data": {"actions": [action]}}],
    }
    settings = {"verify": {"verify_after_sign": False}, "builder": {"thumbnail": {"enabled": False}}}
    builder = c2pa.Builder(manifest, c2pa.Context(c2pa.Settings.from_dict(settings)))
    for content, its_kind in ingredients:
        builder.add_ingredient({"relationship": "componentOf"}, its_kind, io.BytesIO(content))
    if address:
        builder.set_remote_url(address)
        builder.set_no_embed()
    file = io.BytesIO()
    builder.sign(identity().signer, kind, io.BytesIO(data), file)
    return file.getvalue()


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def _certificate(
    name: str, key: ec.EllipticCurvePrivateKey, issuer: str, issuer_key: ec.EllipticCurvePrivateKey
) -> x509.Certificate:
    is_root = name == issuer
    builder = (
        x509.CertificateBuilder(_name(issuer), _name(name), key.public_key(), x509.random_serial_number())
        .not_valid_before(_LONG_AGO)
        .not_valid_after(_NEVER)
        .add_extension(x509.BasicConstraints(ca=is_root, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), critical=False
        )
        .add_extension(_usage(is_root=is_root), critical=True)
    )
    if not is_root:
        mail = x509.ExtendedKeyUsage([x509.ExtendedKeyUsageOID.EMAIL_PROTECTION])
        builder = builder.add_extension(mail, critical=False)
    return builder.sign(issuer_key, hashes.SHA256())


def _name(name: str) -> x509.Name:
    parts = {x509.NameOID.ORGANIZATION_NAME: "Tests", x509.NameOID.COMMON_NAME: name}
    return x509.Name([x509.NameAttribute(kind, value) for kind, value in parts.items()])


def _usage(*, is_root: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not is_root,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=is_root,
        crl_sign=is_root,
        encipher_only=False,
        decipher_only=False,
    )
