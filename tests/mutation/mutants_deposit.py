"""Mistakes in what is sent to archives, where it cannot be called back."""

from mutant import Mutant

_DEPOSITS = "tests/gettok/deposit/test_deposits.py"
_METADATA = "tests/gettok/deposit/test_archive_metadata.py"
_BUNDLES = "tests/gettok/deposit/test_deposit_bundles.py"
_RESUMES = "tests/gettok/deposit/test_deposit_resumes.py"

MUTANTS = (
    Mutant(
        "src/gettok/deposit/description.py",
        "    if form not in DEPOSITED:\n",
        "    if False:\n",
        f"{_DEPOSITS}::test_a_form_that_is_not_for_everybody_is_never_sent",
        "captions and names are deposited where the terms allow the form",
    ),
    Mutant(
        "src/gettok/deposit/description.py",
        "    if form not in allowed:\n",
        "    if False:\n",
        f"{_DEPOSITS}::test_terms_that_forbid_the_form_refuse_it",
        "a form that the terms forbid is deposited",
    ),
    Mutant(
        "src/gettok/deposit/sending.py",
        "if order.publish and (is_half or not draft.is_published):",
        "if is_half or not draft.is_published:",
        f"{_DEPOSITS}::test_yes_fills_a_draft_byte_for_byte_and_publishes_nothing",
        "a draft is published though this was not asked for",
    ),
    Mutant(
        "src/gettok/cli/release_deposit.py",
        "is_sent = yes and not dry_run",
        "is_sent = yes",
        f"{_DEPOSITS}::test_without_yes_the_bundle_is_written_and_nothing_is_sent",
        "a dry run sends",
    ),
    Mutant(
        "src/gettok/deposit/connection.py",
        "self._secret.redact(answer.text)",
        "answer.text",
        f"{_DEPOSITS}::test_a_token_that_the_server_repeats_is_not_printed",
        "a server that repeats the token has it printed",
    ),
    Mutant(
        "src/gettok/deposit/zenodo.py",
        "json=metadata, settle=lambda: self._settled(marker))",
        "json=metadata)",
        f"{_DEPOSITS}::test_lost_answers_make_no_second_draft_and_no_second_file",
        "a lost deposit answer makes a second draft on Zenodo",
    ),
    Mutant(
        "src/gettok/deposit/dataverse.py",
        '"tabIngest": "false"',
        '"tabIngest": "true"',
        f"{_DEPOSITS}::test_yes_fills_a_draft_byte_for_byte_and_publishes_nothing",
        "a Dataverse server turns a deposited table into one of its own",
    ),
    Mutant(
        "src/gettok/deposit/dataverse.py",
        'return {"datasetVersion": {**version, "termsOfUse": terms}}',
        'return {"datasetVersion": version}',
        f"{_METADATA}::test_a_licence_that_the_server_lacks_is_stated_in_words",
        "a deposit gets CC0, which its authors did not give",
    ),
    Mutant(
        "src/gettok/deposit/sending.py",
        "        if file.is_stored(stored.get(file.name)):\n",
        "        if file.name in stored:\n",
        f"{_DEPOSITS}::test_what_the_archive_has_with_other_bytes_is_sent_again",
        "a deposit keeps the bytes of an earlier release",
    ),
    Mutant(
        "src/gettok/deposit/sending.py",
        "if previous and not archive.has_versions and not order.publish:",
        "if False:",
        f"{_RESUMES}::test_where_there_are_no_versions_a_public_deposit_is_changed_only_on_purpose",
        "a public deposit on OSF is replaced though nothing was to be published",
    ),
    Mutant(
        "src/gettok/cli/release_deposit.py",
        "sum(sha256(name) in gone for name in ids)",
        "sum(name in gone for name in ids)",
        f"{_BUNDLES}::test_ids_of_videos_that_are_gone_by_now_are_not_sent",
        "ids that a person asked to be erased are deposited",
    ),
    Mutant(
        "src/gettok/deposit/hugging_face.py",
        "{file_digest(files / _README)}  {_README}",
        "{before}  {_README}",
        f"{_BUNDLES}::test_datasets_loads_the_tables_from_the_hub",
        "a release that is fetched from the Hub does not pass its own check",
    ),
)
