"""Mistakes in what guards bytes: damage that is read, named or stored, a full disk, and answers that are in flight."""

from mutant import Mutant

PIPELINE, STORE, CLI, TESTS = "src/gettok/pipeline", "src/gettok/store", "src/gettok/cli", "tests/gettok"
_OUTPUTS = f"{TESTS}/pipeline/test_outputs.py"
_CHANGED_TABLES = f"{TESTS}/pipeline/test_changed_tables.py"
_ANSWERING = "tests/stages/test_answering.py"
_REFILL = "tests/stages/test_refill.py"
_STORE_DAMAGE = f"{TESTS}/cli/test_store_damage.py"
_ENGINE_PARTS = f"{TESTS}/engine/test_engine_parts.py"
_STORE_DROP = f"{TESTS}/cli/test_store_drop.py"
_DISK = f"{TESTS}/store/test_disk_space.py"
_LOCAL = f"{TESTS}/download/test_download_local.py"

MUTANTS = (
    # --- what is read of other stages ----------------------------------------------------------------------------
    Mutant(
        f"{PIPELINE}/outputs.py",
        "recorded.get(file.relative_to(folder).as_posix()) != md5",
        "recorded.get(file.relative_to(folder).as_posix()) not in (None, md5)",
        _OUTPUTS,
        "a file that DVC did not put into a folder is read",
    ),
    Mutant(
        f"{PIPELINE}/outputs.py",
        "    if not _listing_is_intact(record.md5):\n        _refuse_changed(folder, Path.cwd())\n        return []\n",
        "    if not _listing_is_intact(record.md5):\n        return []\n",
        f"{_OUTPUTS} {_REFILL}",
        "without DVC's list of a folder's files, none of them is compared",
    ),
    Mutant(
        f"{PIPELINE}/outputs.py",
        "            except Stop as error:\n                yield error",
        "            except Stop as error:\n                yield error\n                return",
        _OUTPUTS,
        "of several damaged outputs, verify names the first",
    ),
    Mutant(
        f"{PIPELINE}/video_lookup.py",
        'USERS.find(output("users.parquet")',
        'USERS.find(output("none").with_name("users.parquet")',
        _CHANGED_TABLES,
        "an author's profile is shown from changed bytes",
    ),
    Mutant(
        f"{PIPELINE}/video_lookup.py",
        "source.table.find(output(path), pl",
        'source.table.find(output("none").parent / path, pl',
        _CHANGED_TABLES,
        "a video's rows are shown from changed bytes",
    ),
    Mutant(
        f"{CLI}/refresh.py",
        'COMMENTS.read(output("comments")',
        'COMMENTS.read(DATA / "comments"',
        f"{_CHANGED_TABLES} tests/test_layout.py",
        "comments are due by changed bytes",
    ),
    Mutant(
        f"{PIPELINE}/results.py",
        '.is_in(["gap", "incomplete"])',
        '.is_in(["gap"])',
        f"{TESTS}/pipeline/test_results.py",
        "a day that was read too early counts as covered",
    ),
    Mutant(
        f"{PIPELINE}/inputs.py",
        'f"{day}.parquet", columns).drop_nulls("sha256")',
        'f"{day}.parquet", columns)',
        f"{TESTS}/pipeline/test_inputs.py",
        "a video without a frame is described by one that does not exist",
    ),
    Mutant(
        f"{PIPELINE}/shards.py",
        "digest_of([self.of_stage.made_of, self.made_of])",
        "digest_of(self.made_of)",
        f"{TESTS}/pipeline/test_shards.py",
        "days that other code has built are linked",
    ),
    Mutant(
        f"{PIPELINE}/shards.py",
        'if file_digest(file) != noted["sha256"]:',
        "if not file.is_file():",
        f"{TESTS}/pipeline/test_shards.py",
        "a damaged day is linked",
    ),
    Mutant(
        f"{PIPELINE}/answering.py",
        "if not retry_next_run or not self._has_any(day.entries, retry_next_run):",
        "if True:",
        f"{TESTS}/pipeline/test_shards.py",
        "what the next run would ask again is never asked",
    ),
    Mutant(
        f"{PIPELINE}/refillable.py",
        "        if missing.get(held.step):\n            _compare(held, in_cache=in_cache)\n",
        "        if missing.get(held.step) and in_cache:\n            _compare(held, in_cache=in_cache)\n",
        f"{TESTS}/pipeline/test_refillable.py",
        "plan and status advise about money by changed bytes",
    ),
    # --- answers in flight, and runs -----------------------------------------------------------------------------
    Mutant(
        f"{PIPELINE}/answering.py",
        "        except Exception as error:  # noqa",
        "        except NoSpace as error:  # noqa",
        _ANSWERING,
        "an answer that cannot be stored costs those that are in flight",
    ),
    Mutant(
        f"{PIPELINE}/answering.py",
        "trouble = trouble or failure",
        "trouble = failure or trouble",
        _ANSWERING,
        "a run ends with its last error, which the first may have caused",
    ),
    Mutant(
        f"{PIPELINE}/answering.py",
        "if trouble := trouble or feed.trouble:",
        "if trouble := trouble:",
        "tests/stages/test_full_disk.py::test_f37_when_room_runs_out_what_was_asked_is_kept_and_the_rest_not_asked",
        "a table is built of the answers that there was room for",
    ),
    Mutant(
        f"{PIPELINE}/runner.py",
        "        signals.check()  # it may",
        "        # it may",
        f"{TESTS}/pipeline/test_runner.py",
        "DVC goes on to the next stage after Ctrl-C",
    ),
    Mutant(
        f"{PIPELINE}/runner.py",
        "        for stage in STAGES:\n            locks",
        "        for stage in STAGES[:-1]:\n            locks",
        _STORE_DROP,
        "answers are deleted under a running report",
    ),
    Mutant(
        f"{PIPELINE}/interrupts.py",
        "        signal.signal(number, signal.SIG_IGN)\n    raise Interrupted",
        "        signal.signal(number, _interrupt)\n    raise Interrupted",
        f"{TESTS}/pipeline/test_interrupts.py",
        "a second Ctrl-C leaves half a study behind",
    ),
    Mutant(
        "src/gettok/engine/local.py",
        "is_ending = stop.is_set() or bug is not None",
        "is_ending = stop.is_set()",
        f"{TESTS}/engine/test_local_engine.py",
        "a bug goes on asking, and each answer is paid for",
    ),
    Mutant(
        "src/gettok/engine/local.py",
        "                        bug = bug or error",
        "                        raise error",
        f"{TESTS}/engine/test_local_engine.py",
        "a bug throws away the answers in flight",
    ),
    Mutant(
        "src/gettok/engine/ray.py",
        "self._pool.has_free(idle=self._again[-1].deaths > 0)",
        "self._pool.has_free()",
        _ENGINE_PARTS,
        "a video is blamed for a worker that another one killed",
    ),
    Mutant(
        "src/gettok/engine/ray.py",
        "if deaths >= _MAX_DEATHS:",
        "if deaths > _MAX_DEATHS:",
        _ENGINE_PARTS,
        "a video that kills its workers is asked once more",
    ),
    Mutant(
        "src/gettok/engine/ray.py",
        "return not in_flight or in_flight + task.bytes_sent <= self._options.bytes_in_flight",
        "return True",
        _ENGINE_PARTS,
        "all videos are sent at once",
    ),
    Mutant(
        "src/gettok/engine/look_ahead.py",
        "(-_length(item.content), next(self._numbers), item)",
        "(_length(item.content), next(self._numbers), item)",
        _ENGINE_PARTS,
        "the longest video is left to the end",
    ),
    Mutant(
        "src/gettok/engine/ray_worker.py",
        "    refuse_other_meaning(plain(step.settings), sent.settings)\n",
        "",
        _ENGINE_PARTS,
        "an answer of another model is stored under the key of ours",
    ),
    # --- bytes of media, frames and blobs ------------------------------------------------------------------------
    Mutant(
        "src/gettok/step.py",
        "        data = self.path.read_bytes()\n        self._refuse_other(hashlib.sha256(data).hexdigest())\n",
        "        data = self.path.read_bytes()\n",
        f"{TESTS}/store/test_drop.py",
        "a blob is read from changed bytes",
    ),
    Mutant(
        "src/gettok/media/file.py",
        "{file.name: file_digest(file) for file in path.iterdir()}",
        "{file.name: file_digest(file) for file in path.iterdir() if file.suffix in PHOTO_SUFFIXES}",
        f"{TESTS}/media/test_media_file.py",
        "the sound of a slideshow is not compared",
    ),
    Mutant(
        "src/gettok/media/images.py",
        "        for row in rows:\n            if hashlib",
        "        for row in rows[:1]:\n            if hashlib",
        f"{TESTS}/describe/test_describe.py",
        "only the first frame is compared before a model gets it",
    ),
    Mutant(
        "src/gettok/frames/step.py",
        "        content.check()\n",
        "",
        f"{TESTS}/frames/test_frames.py::test_f40_no_frame_is_taken_from_a_file_that_changed",
        "frames are taken from a changed file, and kept under the digest of the true one",
    ),
    Mutant(
        "src/gettok/download/backends/local.py",
        "        if link.files not in (None, _digest(copies)):\n            raise _changed(link, files)\n",
        "",
        f"{_LOCAL}::test_f40_files_that_changed_since_their_key_are_not_stored",
        "a file that changed is kept under the digest of the true one",
    ),
    Mutant(
        "src/gettok/download/backends/local.py",
        "of_copies = (read_slide(copies[slide.path.name]) if slide.is_there else slide for slide in slides)",
        "of_copies = (slide for slide in slides)",
        f"{_LOCAL}::test_a_slideshow_is_a_folder_of_photos_ordered_by_the_numbers_in_their_names",
        "a person's own photos are moved into the store",
    ),
    # --- what verify, drop and refill say and do -----------------------------------------------------------------
    Mutant(
        f"{CLI}/store_damage.py",
        '_FROM_FRAMES = ("ocr", "describe", "annotate")',
        '_FROM_FRAMES = ("describe", "annotate")',
        _STORE_DAMAGE,
        "texts read from a damaged frame are not named",
    ),
    Mutant(
        f"{CLI}/store_damage.py",
        '_FROM_MEDIA = ("extract_frames", "transcribe", *_FROM_FRAMES)',
        '_FROM_MEDIA = ("extract_frames", *_FROM_FRAMES)',
        _STORE_DAMAGE,
        "what was heard in a damaged film is not named",
    ),
    Mutant(
        f"{CLI}/store_damage.py",
        "        yield from _damaged_captions()\n",
        "",
        _REFILL,
        "captions that changed are never found",
    ),
    Mutant(
        f"{CLI}/store_drop.py",
        '{"captions": "download", "ocr": "describe"}',
        '{"captions": "download"}',
        _STORE_DROP,
        "the stage that reads texts on the screen again is not named",
    ),
    Mutant(
        f"{CLI}/store_refill.py",
        "captions.path in changed:",
        "captions.path in changed[1:]:",
        _REFILL,
        "changed captions are stored under the key of the true ones",
    ),
    Mutant(
        f"{CLI}/store_refill.py",
        'if [blob.digest for blob in jpegs.values()] != [row["sha256"] for row in frames if row["sha256"]]:',
        "if len(jpegs) != len(frames):",
        _REFILL,
        "changed frames are stored under the key of the true ones",
    ),
    # --- a full disk ---------------------------------------------------------------------------------------------
    Mutant(
        f"{STORE}/disk_space.py",
        "frozenset((errno.ENOSPC, errno.EDQUOT))",
        "frozenset((errno.ENOSPC,))",
        _DISK,
        "a spent quota of the disk ends in a traceback",
    ),
    Mutant(
        f"{STORE}/disk_space.py",
        "return min(by_disk.values(), key=free_bytes)",
        "return max(by_disk.values(), key=free_bytes)",
        _DISK,
        "the message about a full disk names another one",
    ),
    Mutant(
        f"{STORE}/atomic_write.py",
        "    except BaseException:\n        unfinished.unlink(missing_ok=True)\n        raise\n",
        "    except OSError:\n        unfinished.unlink(missing_ok=True)\n        raise\n",
        f"{_DISK} {TESTS}/store/test_atomic_write.py {TESTS}/release/test_spreadsheet_disk.py",
        "half a file stays on a full disk",
    ),
    Mutant(
        "src/gettok/tables/spreadsheet.py",
        "    with atomic_file(path) as file:\n",
        '    with path.open("wb") as file:\n',
        f"{TESTS}/release/test_spreadsheet_disk.py",
        "half a spreadsheet replaces the whole one",
    ),
    Mutant(
        "src/gettok/research_api/ledger.py",
        "        self._file.refuse_without_room()\n",
        "",
        f"{TESTS}/research_api/test_api_ledger.py",
        "quota is spent on a page that the disk has no room for",
    ),
    Mutant(
        "src/gettok/research_api/ledger.py",
        '        if what.outcome != "ok":\n            self._write_outcomes()\n',
        '        if what.outcome == "quota_spent":\n            self._write_outcomes()\n',
        f"{TESTS}/research_api/test_api_ledger.py",
        "a failure is lost if the run is killed",
    ),
)
