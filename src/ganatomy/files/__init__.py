"""Files and folders: how they are written, so that nothing is lost, and read, so that nothing of a stranger's harms.

- `names`: words from outside, made fit for a terminal, a file's name, a spreadsheet.
- `budget`: what reading a file may cost.
- `reading`: ordinary files; JSON through a door that knows its shape.
- `opened`: a file of which more is read later, as it was when it was opened.
- `owned`: files that appear whole or not at all, folders that one piece of work owns, and its stages.
"""

from ganatomy.files.budget import Budget, Meter, at_once, budget, free_memory, require_memory, spending
from ganatomy.files.names import encodable, file_name, printable, spreadsheet_safe, visible
from ganatomy.files.opened import OpenFile
from ganatomy.files.owned import OwnedFolder, Stages, replacing, strict_json
from ganatomy.files.reading import Count, Line, Stem, Table, open_input, parse_json, parse_toml, read_input

__all__ = [
    "Budget",
    "Count",
    "Line",
    "Meter",
    "OpenFile",
    "OwnedFolder",
    "Stages",
    "Stem",
    "Table",
    "at_once",
    "budget",
    "encodable",
    "file_name",
    "free_memory",
    "open_input",
    "parse_json",
    "parse_toml",
    "printable",
    "read_input",
    "replacing",
    "require_memory",
    "spending",
    "spreadsheet_safe",
    "strict_json",
    "visible",
]
