#!/usr/bin/env bash
# c2pa-python 0.38.1 has an exception for manifests that are at another address, C2paError.RemoteManifest, and does not
# raise it: with fetching off, a file that has only the address of its manifest raises the plain C2paError, as damage of
# any kind does. Only its text, which begins with "Remote:", tells the two apart. And ADTS passes for MP3 by its
# first bytes, so a format that cannot have a manifest is "no manifest found" and not "not supported".
# Needs `uv` (UV names another one) and the Python registry; no other request is made.
set -euo pipefail
uv=${UV:-uv}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
"$uv" venv --quiet --python 3.11 venv
"$uv" pip install --quiet --python venv/bin/python c2pa-python==0.38.1 pillow==13.0.0 cryptography

venv/bin/python - <<'PY'
import datetime as dt
import io
import sys

import c2pa
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from PIL import Image


def certificate(name, key, issuer, issuer_key):
    is_root = name == issuer
    named = lambda text: x509.Name([  # noqa: E731
        x509.NameAttribute(x509.NameOID.ORGANIZATION_NAME, "Probe"),
        x509.NameAttribute(x509.NameOID.COMMON_NAME, text),
    ])
    usage = dict.fromkeys(
        ("content_commitment", "key_encipherment", "data_encipherment", "key_agreement", "encipher_only", "decipher_only"),
        False,
    )
    usage |= {"digital_signature": not is_root, "key_cert_sign": is_root, "crl_sign": is_root}
    builder = x509.CertificateBuilder(
        named(issuer), named(name), key.public_key(), x509.random_serial_number(),
        dt.datetime(2020, 1, 1, tzinfo=dt.timezone.utc), dt.datetime(2049, 1, 1, tzinfo=dt.timezone.utc),
    )
    for extension, critical in (
        (x509.BasicConstraints(ca=is_root, path_length=None), True),
        (x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False),
        (x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), False),
        (x509.KeyUsage(**usage), True),
        *(() if is_root else ((x509.ExtendedKeyUsage([x509.ExtendedKeyUsageOID.EMAIL_PROTECTION]), False),)),
    ):
        builder = builder.add_extension(extension, critical=critical)
    return builder.sign(issuer_key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


root_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
chain = certificate("Signer", key, "Root", root_key) + certificate("Root", root_key, "Root", root_key)
private = key.private_bytes(
    serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
)
signer = c2pa.Signer.from_info(c2pa.C2paSignerInfo(c2pa.C2paSigningAlg.ES256, chain, private, None))

photo, signed = io.BytesIO(), io.BytesIO()
Image.new("RGB", (64, 64), "red").save(photo, "JPEG")
manifest = {"claim_generator_info": [{"name": "probe", "version": "1"}], "assertions": []}
builder = c2pa.Builder(manifest, c2pa.Context(c2pa.Settings.from_dict({"verify": {"verify_after_sign": False}})))
builder.set_intent(c2pa.C2paBuilderIntent.CREATE, c2pa.C2paDigitalSourceType.DIGITAL_CAPTURE)
builder.set_remote_url("http://127.0.0.1:9/manifest")
builder.set_no_embed()
builder.sign(signer, "image/jpeg", photo, signed)

offline = {"verify": {"remote_manifest_fetch": False}, "core": {"allowed_network_hosts": []}}


def error_of(data):
    try:
        c2pa.Reader(None, io.BytesIO(data), context=c2pa.Context(c2pa.Settings.from_dict(offline)))
    except c2pa.C2paError as error:
        return error
    return None


elsewhere, adts = error_of(signed.getvalue()), error_of(b"\xff\xf1\x50\x80" + bytes(400))
print("c2pa-python", c2pa.__version__)
print("manifest elsewhere:", type(elsewhere).__name__, "-", elsewhere)
print("ADTS:", type(adts).__name__, "-", adts)
as_described = (
    type(elsewhere) is c2pa.C2paError
    and issubclass(c2pa.C2paError.RemoteManifest, c2pa.C2paError)
    and str(elsewhere).startswith("Remote:")
    and isinstance(adts, c2pa.C2paError.ManifestNotFound)
)
print("as described" if as_described else "CHANGED")
sys.exit(not as_described)
PY
