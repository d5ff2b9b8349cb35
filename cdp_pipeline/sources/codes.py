"""Every reason for which a file is refused, a line is set aside or a file is worth a look: code, meaning, cure.

What belongs here: the table of codes, which the documentation lists, and the exception that carries
one. What does not: the checks that find them (drop_zone, completeness, unpack, header, scan, suspects,
csv_reader, json_reader, raw).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from cdp_pipeline.errors import InputError


@dataclass(frozen=True)
class Code:
    """One reason, and the way out.

    stops: `file` (nothing of it is loaded), `line` (that record is set aside), `nothing` (all is loaded,
    and raw.files says what was seen).
    """

    stops: Literal["file", "line", "nothing"]
    meaning: str
    cure: str


CODES: Mapping[str, Code] = MappingProxyType(
    {
        # where it lies, and whether it is all there
        "still_arriving": Code(
            "file",
            "it changed a moment ago, or its name is that of a transfer under way",
            "nothing; the next run reads it",
        ),
        "no_final_newline": Code(
            "file",
            "its last line has no end, so it may have been cut off",
            "put an empty FILE.done beside it, or `final_newline: false` into `format` when this export never has one",
        ),
        "manifest_mismatch": Code(
            "file", "it is not what FILE.manifest.json beside it promises (rows, bytes or sha256)", "transfer it again"
        ),
        "bad_manifest": Code(
            "file", "FILE.manifest.json cannot be understood", 'write it as {"rows": 120, "bytes": 5400, "sha256": "…"}'
        ),
        "outside_exports": Code("file", "a link that leads out of the exports folder", "copy the file itself there"),
        "linked_folder": Code("file", "a linked folder; such folders are not entered", "copy the folder itself there"),
        "not_a_file": Code("file", "a pipe, socket or device, or a link to nothing", "remove it"),
        "bad_file_name": Code("file", "its name is not UTF-8 or holds characters that steer a terminal", "rename it"),
        "too_big": Code("file", "it is larger than `max_gb` of the source's `format`", "split it, or raise `max_gb`"),
        # the file as a whole
        "empty_file": Code("file", "there is nothing in it", "export again, or remove the file"),
        "html_page": Code("file", "it is a web page or XML, mostly an error or log-in page", "export again"),
        "pdf": Code("file", "it is a PDF document", "export as CSV"),
        "spreadsheet": Code("file", "it is a spreadsheet", "save as CSV (UTF-8)"),
        "not_this_format": Code(
            "file", "its first bytes are of another format", "correct `format.type` of the source, or export again"
        ),
        "unsupported_compression": Code(
            "file",
            "packed in a way that is not read (bz2, xz, lz4, 7z, rar, tar, a pack in a pack)",
            "pack as gz, zst or zip",
        ),
        "zip_members": Code("file", "the zip holds no file, or more than one", "one file a zip"),
        "encrypted_zip": Code("file", "the zip needs a password", "unpack it first"),
        "damaged_compression": Code("file", "it is cut off or damaged inside its packing", "transfer it again"),
        "too_much_inside": Code("file", "it unpacks to far more than its size allows", "check where it came from"),
        "unknown_encoding": Code("file", "`format.encoding` names no known encoding", "such as utf-8, cp1252"),
        "wrong_encoding": Code(
            "file",
            "bytes that the declared encoding does not have",
            "declare the true one, or a list such as `utf-8|cp1252`",
        ),
        "mixed_encoding": Code(
            "file", "part of it is UTF-8, part is not: two encodings in one file", "export again as UTF-8"
        ),
        "bad_dialect": Code(
            "file", "delimiter and quote must be two different plain ASCII characters", "correct `format`"
        ),
        "no_header": Code("file", "no header line was found", "correct `format.skip`, or export with header"),
        "bad_header": Code("file", "the header line itself is damaged", "export again"),
        "blank_header": Code("file", "a column has no name", "name it; `trailing_delimiter: true` if lines end in one"),
        "duplicate_header": Code("file", "two columns have the same mapped name", "rename one of them"),
        "too_many_columns": Code("file", "more columns than any export has", "check delimiter and line ends"),
        "wrong_delimiter": Code("file", "the header is cut by another delimiter", "correct `format.delimiter`"),
        "missing_columns": Code(
            "file", "columns that a required field needs are not there", "correct the mapping, or export them"
        ),
        "no_known_column": Code(
            "file", "no column of the source is in its first line: another export, or no header", "export with header"
        ),
        "empty_snapshot": Code(
            "file",
            "a snapshot without a single row would take everybody away",
            "export again; the snapshot before counts",
        ),
        "claimed_twice": Code("file", "two sources claim it equally", "make one `files` pattern more specific"),
        "json_array": Code("file", "one JSON array instead of one object a line", "export as JSON lines"),
        "damaged_parquet": Code("file", "the Parquet file is cut off or damaged", "transfer it again"),
        "mostly_damaged": Code(
            "file", "more than half of its lines are damaged", "check delimiter, quote and encoding of the source"
        ),
        "other_header": Code(
            "file",
            "a second header in it has other columns, or another order of them: exports of two shapes were joined",
            "deliver each export by itself",
        ),
        "changed_while_read": Code("file", "it changed while it was read", "nothing; the next run reads it"),
        "unreadable": Code("file", "the operating system does not let it be read", "check owner and mode"),
        # one record of a file
        "too_few_fields": Code("line", "fewer fields than the header has", "mend the line in the source system"),
        "too_many_fields": Code("line", "more fields than the header has", "a delimiter inside text needs quotes"),
        "stray_quote": Code("line", "a quote where none may be", "double the quotes inside quoted text"),
        "unterminated_quote": Code("line", "a quote opens here and is not closed", "close it; export again"),
        "inside_bad_quote": Code("line", "part of the text of a bad quote that opened above", "mend the quote above"),
        "beside_broken_line": Code(
            "line",
            "next to a line of one field only, which may be the rest or the start of this record",
            "put quotes round text that holds line ends",
        ),
        "total_line": Code("line", "a line of totals, not a record", "nothing, or export without totals"),
        "repeated_header": Code("line", "the header once more: files were joined", "nothing, or join without headers"),
        "nul_byte": Code("line", "a NUL character", "export again; the text is damaged"),
        "too_long": Code("line", "longer than a record may be (4 MB)", "check quotes and line ends"),
        "bad_json": Code("line", "not a JSON object", "export again; the line may be cut off"),
        "duplicate_key": Code("line", "the same mapped key twice in one object", "mend it in the source system"),
        "bad_text": Code("line", "an escape that is no character (half a surrogate pair)", "export again"),
        # worth a look
        "renamed_column": Code(
            "nothing",
            "a mapped column is missing, and another has nearly its name",
            "map the new name in the source's YAML",
        ),
        "doubled_column": Code(
            "nothing", "two columns without a use have the same name", "nothing; rename one before it is mapped"
        ),
        "mixed_line_ends": Code(
            "nothing",
            "lines end in different ways: files were joined, or text holds line ends",
            "export again, if wrong",
        ),
        "damaged_characters": Code(
            "nothing",
            "characters that were damaged before the export (Ã©, â€œ or a question mark in a diamond)",
            "mend the encoding in the system that wrote it",
        ),
        "no_rows": Code("nothing", "a header and no row", "nothing, if there was nothing to export"),
    }
)


class RefusedError(InputError):
    """A file of which nothing is loaded; `code` is a key of CODES."""

    def __init__(self, code: str, detail: str = "", line: int | None = None) -> None:
        self.code, self.line = code, line
        self.reason = detail or CODES[code].meaning
        where = "" if line is None else f"line {line}: "
        super().__init__(f"{where}{self.reason} [{code}]; {CODES[code].cure}")


@dataclass(frozen=True)
class Reject:
    """One record set aside: physical line (from 1), code, reason without any value, the text itself."""

    line: int
    code: str
    reason: str
    content: str
