"""Files and folders: how they are written, so that nothing is lost, and read, so that nothing of a stranger's harms.

- `names`: words from outside, made fit for a terminal, a file's name, a spreadsheet.
- `budget`: what reading a file may cost.
- `reading`: ordinary files; JSON through a door that knows its shape.
- `opened`: a file of which more is read later, as it was when it was opened.
- `folder`: folders in which no link is followed, files that appear whole or not at all.
- `owned`: folders that one piece of work owns, and its stages.
- `made`: what ganatomy itself made, and what to do with it where something else was wanted.
"""

from ganatomy.files.budget import Budget, Meter, at_once, budget, free_memory, require_memory, spending
from ganatomy.files.folder import Folder, Place, make_folder, replacing
from ganatomy.files.made import instead, kind_of, run_of
from ganatomy.files.names import encodable, file_name, printable, spreadsheet_safe, visible
from ganatomy.files.opened import OpenFile
from ganatomy.files.owned import OwnedFolder, Stages, strict_json
from ganatomy.files.reading import Count, Line, Stem, Table, open_input, parse_json, parse_toml, read_input, utf8_path

__all__ = [
    "Budget",
    "Count",
    "Folder",
    "Line",
    "Meter",
    "OpenFile",
    "OwnedFolder",
    "Place",
    "Stages",
    "Stem",
    "Table",
    "at_once",
    "budget",
    "encodable",
    "file_name",
    "free_memory",
    "instead",
    "kind_of",
    "make_folder",
    "open_input",
    "parse_json",
    "parse_toml",
    "printable",
    "read_input",
    "replacing",
    "require_memory",
    "run_of",
    "spending",
    "spreadsheet_safe",
    "strict_json",
    "utf8_path",
    "visible",
]
